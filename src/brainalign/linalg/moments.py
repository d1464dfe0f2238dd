"""Moments: all that ridge regression on lagged features needs to know of the data, without the lagged matrix.

The lagged matrix X of a presentation has the row ``[h(t - l_0), ..., h(t - l_m)]``. Its Gram matrix is nearly block
Toeplitz. With a weight w(t) on every row (how many presentations of the stimulus have a valid response there)

    G[a, b]     = sum_t w(t) h(t - a) h(t - b)'
    G[a+1, b+1] = G[a, b] + sum_t (w(t + 1) - w(t)) h(t - a) h(t - b)'

and the correction has terms only where the weight changes: at the edges of presentations and of gaps. So the first
block row (one d x T x d product a lag) and the few edge rows give G exactly, at about 1 / n_lags of the cost of X'X.
Repeats of a stimulus cost nothing: they add to the weight and to the summed response.

A column of ones rides along with the features (zero outside the presentation, as they are), so that *any*
standardisation
of the features, learnt on whatever rows, can be applied to the moments afterwards: nothing is computed twice for a new
training set.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Segment:
    """One stimulus as a regression problem: its features, and the responses of all its presentations summed.

    Attributes:
        values: (T, d) features.
        weight: (T,) number of presentations with a valid response at each frame (0 = not used).
        response: (T, c) sum of those responses.
        power: (c,) sum of their squares.
    """

    values: NDArray[np.floating]
    weight: NDArray[np.float64]
    response: NDArray[np.float64]
    power: NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Weighted sums over rows; they add and subtract as sets of rows do.

    Attributes:
        gram: (m, d+1, m, d+1) products of the lagged features and their column of ones.
        cross: (m, d+1, c) products with the responses.
        xsum: (m, d+1) sums of the lagged columns.
        hsum: (d,) and hsq: (d,) sum and sum of squares of the unlagged features, for standardisation.
        ysum: (c,) and yy: (c,) sum and sum of squares of the responses.
        n: Number of rows, repeats counted.
    """

    gram: Tensor
    cross: Tensor
    xsum: Tensor
    hsum: Tensor
    hsq: Tensor
    ysum: Tensor
    yy: Tensor
    n: float

    def __add__(self, other: Moments) -> Moments:
        return Moments(*(a + b for a, b in zip(_parts(self), _parts(other), strict=True)))

    def __sub__(self, other: Moments) -> Moments:
        return Moments(*(a - b for a, b in zip(_parts(self), _parts(other), strict=True)))

    def scale(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the unlagged features over these rows; a constant feature gets sd 1.

        Returns:
            (d,) mean and (d,) population standard deviation.
        """
        import torch

        mean = self.hsum / self.n
        variance = (self.hsq / self.n - mean**2).clamp(min=0)
        constant = variance <= 1e-12 * (self.hsq / self.n).clamp(min=1e-300)
        return mean, torch.where(constant, torch.ones_like(mean), variance.sqrt())


def _parts(m: Moments) -> tuple:  # type: ignore[type-arg]
    return m.gram, m.cross, m.xsum, m.hsum, m.hsq, m.ysum, m.yy, m.n


def total(parts: Iterable[Moments]) -> Moments:
    """The moments of all rows of several disjoint sets together."""
    return reduce(Moments.__add__, parts)


def moments(segments: Sequence[Segment], lags: NDArray[np.int64]) -> Moments:
    """Moments of the lagged features of several stimuli, exactly, at all edges.

    Args:
        segments: The stimuli; features (T_i, d), responses (T_i, c).
        lags: (m,) consecutive integers.

    Returns:
        The sums over all rows, in float64.
    """
    import torch

    m, d = len(lags), segments[0].values.shape[1]
    pad = int(max(abs(int(lags[0])), abs(int(lags[-1])))) + 1
    h, w, y = _joined(segments, pad)
    rows = len(w)

    def shifted(lag: int, take: slice | NDArray[np.int64] = slice(None)) -> NDArray[np.float64]:
        # the padding between stimuli is wider than any lag: a roll never carries one stimulus into another
        return np.roll(h, lag, axis=0)[take] if isinstance(take, slice) else h[(take - lag) % rows]

    gram = torch.zeros(m, d + 1, m, d + 1, dtype=torch.float64)
    cross = torch.zeros(m, d + 1, y.shape[1], dtype=torch.float64)
    xsum = torch.zeros(m, d + 1, dtype=torch.float64)
    weighted, response = torch.from_numpy(shifted(int(lags[0])) * w[:, None]), torch.from_numpy(y)
    for k, lag in enumerate(lags):
        lagged = torch.from_numpy(shifted(int(lag)))
        gram[0, :, k, :] = weighted.T @ lagged
        cross[k] = lagged.T @ response
        xsum[k] = torch.from_numpy(w) @ lagged
    if m > 1:
        edges = np.flatnonzero(np.diff(w, append=0.0))  # t with w(t + 1) != w(t)
        step = np.diff(w, append=0.0)[edges]
        edge = torch.from_numpy(np.stack([shifted(int(lag), edges) for lag in lags[:-1]], axis=1))
        flat = edge.reshape(len(edges), (m - 1) * (d + 1))
        change = ((flat * torch.from_numpy(step)[:, None]).T @ flat).reshape(m - 1, d + 1, m - 1, d + 1)
        for a in range(1, m):
            gram[a, :, a:, :] = gram[a - 1, :, a - 1 : -1, :] + change[a - 1, :, a - 1 :, :]
            gram[a:, :, a - 1, :] = gram[a - 1, :, a:, :].permute(1, 2, 0)
    bare = h[:, :d]
    return Moments(
        gram=gram,
        cross=cross,
        xsum=xsum,
        hsum=torch.from_numpy(w @ bare),
        hsq=torch.from_numpy(w @ bare**2),
        ysum=torch.from_numpy(y.sum(axis=0)),
        yy=torch.from_numpy(np.sum([s.power for s in segments], axis=0, dtype=np.float64)),
        n=float(w.sum()),
    )


def _joined(
    segments: Sequence[Segment], pad: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """All stimuli under one another with ``pad`` zero rows around each: features with ones, weights, responses."""
    d, c = segments[0].values.shape[1], segments[0].response.shape[1]
    rows = sum(len(s.weight) + pad for s in segments) + pad
    h, w, y = np.zeros((rows, d + 1)), np.zeros(rows), np.zeros((rows, c))
    at = pad
    for s in segments:
        here = slice(at, at + len(s.weight))
        h[here, :d], h[here, d] = s.values, 1.0
        w[here], y[here] = s.weight, s.response
        at += len(s.weight) + pad
    return h, w, y


@dataclass(frozen=True)
class Normal:
    """Centred normal equations of standardised lagged features.

    Attributes:
        gram: (p, p) with p = m d, lag-major. cross: (p, c). xsum: (p,) before centring.
    """

    gram: Tensor
    cross: Tensor
    xsum: Tensor


def normal_equations(data: Moments, mean: Tensor, sd: Tensor, intercept_alpha: float = 0.0) -> Normal:
    """Centred moments of the lagged ``(h - mean) / sd``, from those of the lagged ``[h, 1]``.

    Because the ones are zero outside the presentation, so is the standardised feature: the padding is the training
        mean.
    With a penalty a0 on the intercept b, eliminating ``b = (sum y - w' sum x) / (n + a0)`` leaves the same system with
    ``n + a0`` in place of ``n`` in the centring.

    Args:
        data: Moments of the training rows, features as they came.
        mean: (d,) to subtract.
        sd: (d,) to divide by.
        intercept_alpha: Penalty a0 of the intercept.
    """
    import torch

    m, d = data.xsum.shape[0], data.xsum.shape[1] - 1
    p = m * d
    weight = data.n + intercept_alpha
    one = data.gram[:, d, :, d]  # (m, m)
    mixed = data.gram[:, :d, :, d]  # (m, d, m)
    xsum = (data.xsum[:, :d] - mean * data.xsum[:, d:]) / sd
    # G - mixed mean' - mean (mixed - one mean)', for every pair of lags, then scaled and centred: in place, p x p is
    # large
    gram = data.gram[:, :d, :, :d].contiguous()
    gram -= mixed[..., None] * mean
    gram -= mean[None, :, None, None] * (mixed.permute(2, 0, 1)[:, None] - one[:, None, :, None] * mean)
    flat, scale = gram.view(p, p), sd.repeat(m)
    flat /= torch.outer(scale, scale)
    flat -= torch.outer(xsum.reshape(p), xsum.reshape(p) / weight)
    cross = (data.cross[:, :d] - mean[None, :, None] * data.cross[:, d:]) / sd[None, :, None]
    cross = cross.reshape(p, -1) - torch.outer(xsum.reshape(p), data.ysum / weight)
    return Normal(flat, cross, xsum.reshape(p))
