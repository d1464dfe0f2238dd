"""Moments: all that ridge regression on lagged features needs to know of the data, without the lagged matrix.

The lagged matrix X of a stimulus has the row ``[h(t - l_0), ..., h(t - l_m)]``. Its Gram matrix is nearly block
Toeplitz. With a weight w(t) on every row (how many presentations of the stimulus have a valid response there)

    G[0, k]     = sum_t w(t) h(t - l_0) h(t - l_k)'
    G[a+1, b+1] = G[a, b] + sum_t (w(t + 1) - w(t)) h(t - l_a) h(t - l_b)'

and the correction has terms only where the weight changes: at the edges of presentations and of gaps. So the *lag
products* G[0, k] (one d x T x d product a lag) and the few edge rows give G exactly, at about 1 / n_lags of the cost of
X'X and of its memory; ``linalg.gram`` writes G out from them whenever it is needed. Repeats of a stimulus cost nothing:
they add to the weight and to the summed response.

A column of ones rides along with the features (zero outside the stimulus, as they are), so that *any* standardisation
of the features, learnt on whatever rows, can be applied to the moments afterwards: nothing is computed twice for a new
training set. Moments of a training set are the sum of its parts' and never a difference: what is held out has no part
in them, not even by rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainalign.linalg import arithmetic
from brainalign.linalg.convolution import by_transform, lag_products
from brainalign.linalg.stack import Segment, Stack, stack
from brainalign.linalg.variation import CANCELLED

if TYPE_CHECKING:
    import torch
    from torch import Tensor


FAR = 100.0
"""Deviations that a feature's mean is away from 0 where the mean is taken off first."""

SUMS = ("products", "cross", "xsum", "hsum", "hsq", "ysum", "yy")


@dataclass(frozen=True)
class Moments:
    """Weighted sums over rows, in float64; those of disjoint sets of rows add up.

    Attributes:
        products: (m, d+1, d+1) products of the features (and their ones) at the first lag with those at each lag.
        cross: (m, d+1, c) products of the lagged features with the responses; None for more than ``HELD`` electrodes, whose
            products are computed where they are used (:meth:`cross_of`).
        xsum: (m, d+1) sums of the lagged columns.
        hsum: (d,) and hsq: (d,) sum and sum of squares of the unlagged features, for standardisation.
        ysum: (c,) and yy: (c,) sum and sum of squares of the responses.
        n: Number of rows, repeats counted.
        centre: (d,) what was taken off each feature before anything was summed, see :func:`far_centre`; standardisation gives it back.
        lags: (m,) consecutive integers.
        stacks: The rows themselves: for the edges, for predictions, and for the dual.
    """

    products: Tensor
    cross: Tensor | None
    xsum: Tensor
    hsum: Tensor
    hsq: Tensor
    ysum: Tensor
    yy: Tensor
    n: float
    centre: Tensor
    lags: NDArray[np.int64]
    stacks: tuple[Stack, ...]

    @property
    def d(self) -> int:
        """Number of features."""
        return len(self.hsum)

    @property
    def rows(self) -> int:
        """Distinct rows with weight: repeats of a stimulus count once."""
        return sum(int((s.weight > 0).sum()) for s in self.stacks)

    @property
    def second(self) -> Tensor:
        """(d, d) weighted products of the features, less their centre, with themselves, without lags."""
        first, *others = (rows.second for rows in self.stacks)
        return sum(others, first)

    def cross_of(self, electrodes: slice | NDArray[np.int64]) -> Tensor:
        """(m, d+1, e) products of the lagged features with some electrodes' responses.

        Args:
            electrodes: Which.
        """
        if self.cross is not None:
            return self.cross[:, :, electrodes]
        return _cross([(rows, rows.response[:, electrodes]) for rows in self.stacks], self.lags)

    def electrodes(self, which: NDArray[np.int64]) -> Moments:
        """The same rows with some of the electrodes.

        Args:
            which: Their places.
        """
        import torch

        if len(which) == len(self.ysum):
            return self
        at = torch.as_tensor(which, device=self.ysum.device)
        stacks = tuple(replace(s, response=s.response[:, which], power=s.power[at]) for s in self.stacks)
        cross = None if self.cross is None else self.cross[:, :, at]
        return replace(self, cross=cross, ysum=self.ysum[at], yy=self.yy[at], stacks=stacks)

    def to(self, device: torch.device) -> Moments:
        """The same on a device; itself where it is there already."""
        if self.products.device == device:
            return self
        moved = {name: value.to(device) for name in SUMS if (value := getattr(self, name)) is not None}
        stacks = tuple(s.to(device) for s in self.stacks)
        return replace(self, **moved, centre=self.centre.to(device), stacks=stacks)

    def scale(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the unlagged features over these rows; a constant feature gets sd 1.

        Returns:
            (d,) mean and (d,) population standard deviation.
        """
        import torch

        mean, square = self.hsum / self.n, self.hsq / self.n
        variance = (square - mean**2).clamp(min=0)
        whole = mean + self.centre
        digits = torch.finfo(self.stacks[0].values.dtype).eps
        constant = (variance <= CANCELLED * square) | (variance <= (8 * digits * whole) ** 2)
        return whole, torch.where(constant, torch.ones_like(mean), variance.sqrt())


def total(parts: Iterable[Moments]) -> Moments:
    """The moments of all rows of several disjoint sets together."""
    first, *others = parts
    if not others:
        return first
    sums: dict[str, Any] = {}
    for name in SUMS:
        value = getattr(first, name)
        sums[name] = None if value is None else value.clone()
        for other in others if value is not None else ():
            sums[name] += getattr(other, name)
    stacks = tuple(s for part in (first, *others) for s in part.stacks)
    n = first.n + sum(o.n for o in others)
    return Moments(**sums, n=n, centre=first.centre, lags=first.lags, stacks=stacks)


def far_centre(features: Iterable[NDArray[np.floating]]) -> NDArray[np.float64] | None:
    """What to take off each feature before its products are summed: its mean where that is ``FAR`` deviations or more, else nothing.

    A product of two such features (timestamps) is all mean: in float64 the digits of the rest are lost at a mean of 1e7 deviations.
    Training rows of a nearer feature are summed as they are, so that rows that are held out move them not even by rounding.

    Args:
        features: (T_i, d) each.

    Returns:
        (d,), or None where no feature is far.

    Example:
        >>> far_centre([np.array([[1e9, 0.0], [1e9 + 2, 1.0]])]).tolist()
        [1000000001.0, 0.0]
    """
    parts = list(features)
    n = sum(map(len, parts))
    mean = np.sum([v.sum(axis=0, dtype=np.float64) for v in parts], axis=0) / max(n, 1)
    variance = np.sum([((v.astype(np.float64) - mean) ** 2).sum(axis=0) for v in parts], axis=0) / max(n, 1)
    far = (np.abs(mean) >= FAR * np.sqrt(variance)) & (mean != 0)
    return np.where(far, mean, 0.0) if far.any() else None


def moments(
    segments: Sequence[Segment],
    lags: NDArray[np.int64],
    device: torch.device | str = "cpu",
    centre: NDArray[np.float64] | None = None,
) -> Moments:
    """Moments of the lagged features of several stimuli, exactly, at all edges, in one pass.

    Args:
        segments: The stimuli; features (T_i, d), responses (T_i, c).
        lags: (m,) consecutive integers.
        device: Where they are computed and kept.
        centre: (d,) what is taken off each feature first; the same in all moments that are added up or held against one another.

    Returns:
        The sums over all rows, in float64.
    """
    import torch

    rows = stack(segments, lags, device, centre)
    lo, hi = rows.inner
    h, w = rows.values.double(), rows.weight[lo:hi]
    m, width, c = len(lags), h.shape[1], rows.response.shape[1]
    products, xsum = (h.new_empty(m, width, k) for k in (width, 1))
    weighted = (h[lo - int(lags[0]) : hi - int(lags[0])] * w[:, None]).T
    transformed = by_transform(m, width, width + 1)
    if transformed:
        both = lag_products(h[lo - int(lags[-1]) : hi - int(lags[0])], torch.cat([weighted.T, w[:, None]], dim=1), lags)
        products.copy_(both[:, :, :-1].transpose(1, 2))
        xsum.copy_(both[:, :, -1:])
    for k, lag in enumerate([] if transformed else lags.tolist()):
        lagged = h[lo - lag : hi - lag]
        torch.mm(weighted, lagged, out=products[k])
        torch.mm(lagged.T, w[:, None], out=xsum[k])
    bare, at_once = h[lo:hi, :-1], arithmetic.AT_ONCE
    blocks = [slice(at, at + at_once) for at in range(0, c, at_once)]
    return Moments(
        products=products,
        cross=_cross([(rows, rows.response[:, :])], lags) if c <= arithmetic.HELD else None,
        xsum=xsum[..., 0],
        hsum=w @ bare,
        hsq=w @ bare**2,
        ysum=torch.cat([rows.response[lo:hi, block].double().sum(dim=0) for block in blocks]),
        yy=rows.power,
        n=float(w.sum()),
        centre=h.new_zeros(width - 1) if centre is None else h.new_tensor(centre),
        lags=lags,
        stacks=(rows,),
    )


def _cross(parts: Sequence[tuple[Stack, Tensor]], lags: NDArray[np.int64]) -> Tensor:
    """(m, d+1, c) products of the lagged features of some stacks with responses (R, c) of their rows."""
    first, y = parts[0]
    out = first.weight.new_zeros(len(lags), first.values.shape[1], y.shape[1])
    for rows, y in parts:
        lo, hi = rows.inner
        h, actual = rows.values.double(), y[lo:hi].double()
        if by_transform(len(lags), h.shape[1], y.shape[1]):
            out += lag_products(h[lo - int(lags[-1]) : hi - int(lags[0])], actual, lags)
            continue
        for k, lag in enumerate(lags.tolist()):
            out[k].addmm_(h[lo - lag : hi - lag].T, actual)
    return out
