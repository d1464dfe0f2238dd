"""Held-out R2 of ridge solutions, from Gram blocks or from predictions, whichever counts fewer operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.linalg.gram import mirror, upper_gram
from brainalign.linalg.moments import Moments
from brainalign.linalg.stack import Electrodes
from brainalign.linalg.triangular import by_lapack, multiply_
from brainalign.linalg.variation import varies

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from brainalign.linalg.dual import Dual
    from brainalign.linalg.primal import Primal


ROWS = 120
"""Rows of a Gram matrix that are multiplied at a time, at least: enough for a product at full speed."""


@dataclass
class Products:
    """What a prediction p (without intercept) has in common with held-out responses y, each (c,) in float64.

    Attributes:
        py: sum p y.
        pp: sum p^2.
        p: sum p.
    """

    py: Tensor
    pp: Tensor
    p: Tensor

    def __add__(self, other: Products) -> Products:
        return Products(self.py + other.py, self.pp + other.pp, self.p + other.p)


class HalfGram:
    """A Gram matrix of which no more than half is multiplied.

        w'Gw = sum_t w_t' (G_tt w_t + 2 G_t,later w_later)      over tiles t of rows
             = 2 w'Uw - sum_i G_ii w_i^2                        U the upper triangle

    Args:
        upper: What ``upper_gram`` gave, and
        width: that of its blocks.
    """

    def __init__(self, upper: Tensor, width: int) -> None:
        step = width * -(-ROWS // width)
        self._upper = upper
        self._tiles = [slice(at, min(at + step, len(upper))) for at in range(0, len(upper), step)]
        for tile in self._tiles:
            mirror(upper[tile, tile], width)

    def squares(self, w: Tensor) -> Tensor:
        """(c,) the diagonal of w'Gw in float64, w (p, c)."""
        import torch

        if by_lapack(self._upper):
            half = multiply_(self._upper, w.clone(), upper=True).addcmul_(
                w, self._upper.diagonal()[:, None], value=-0.5
            )
            return 2 * (w * half).sum(0, dtype=torch.float64)
        found = w.new_zeros(w.shape[1], dtype=torch.float64)
        for tile in self._tiles:
            here, later = w[tile], w[tile.stop :]
            product = self._upper[tile, tile] @ here
            product.addmm_(self._upper[tile, tile.stop :], later, alpha=2)
            found += (here * product).sum(0, dtype=torch.float64)
        return found


class HeldOut:
    """Rows to score on.

        SSE = y'y - 2 (y'p + b sum y) + p'p + 2 b sum p + n b^2,   SST about the training mean

    with p = Xw, either multiplied out or as ``w'X'y`` and ``w'X'X w``. The sums are taken in float64, where their
    cancellation costs about ``eps * y'y / SSE``: that forbids Gram blocks only where SSE / y'y < 1e-10, an R2 above
    1 - 1e-10, which no recording reaches. The products of a float32 solution are taken in float32: 1e-6 of R2.

    Args:
        moments: Of the held-out rows.
    """

    def __init__(self, moments: Moments) -> None:
        self.moments = moments

    def to(self, device: torch.device) -> HeldOut:
        """The same on a device."""
        there = self.moments.to(device)
        return self if there is self.moments else HeldOut(there)

    def gram(self, system: Primal, dtype: torch.dtype) -> tuple[HalfGram, Tensor]:
        """X'X (p, p) and X'1 (p,) of these rows, standardised as the system's."""
        upper, _ = upper_gram(self.moments, system.change, None, dtype)
        return HalfGram(upper, system.width), (self.moments.xsum @ system.change).reshape(-1)

    def cross(self, system: Primal, electrodes: Electrodes) -> Tensor:
        """(p, c) X'y of these rows and some electrodes, standardised as the system's."""
        cross: Tensor = system.change.T @ self.moments.cross_of(electrodes)
        return cross.reshape(len(system.offset), -1)

    def by_gram(self, w: Tensor, cross: Tensor, gram: tuple[HalfGram, Tensor]) -> Products:
        """From the Gram matrix of the held-out rows.

        Args:
            w: (p, c) weights.
            cross: ``cross(system, electrodes)``.
            gram: ``gram(system, w.dtype)``.
        """
        half, sums = gram
        wide = w.double()
        return Products((wide * cross).sum(0), half.squares(w), sums @ wide)

    def by_rows(self, system: Primal | Dual, w: Tensor, electrodes: slice, prepared: list[Tensor]) -> Products:
        """From the predictions themselves.

        Args:
            system: What w solves.
            w: (q, c) its solution.
            electrodes: Which these are.
            prepared: ``prepare(system, dtype)`` of these rows.
        """
        import torch

        zero = w.new_zeros(w.shape[1], dtype=torch.float64)
        found = Products(zero, zero, zero)
        for number, ready in enumerate(prepared):
            for block in system.blocks(self.moments.stacks[number]):
                response = self.moments.stacks[number].response[block, electrodes]
                found += self.compare(number, block, system.apply(ready, block, w), response)
        return found

    def prepare(self, system: Primal | Dual, dtype: torch.dtype) -> list[Tensor]:
        """What ``system.apply`` needs of each stack of these rows."""
        return [system.prepare(rows, dtype) for rows in self.moments.stacks]

    def compare(self, stack: int, block: slice, predicted: Tensor, response: Tensor) -> Products:
        """Products of a block of predictions with the responses there.

        Args:
            stack: Number of the stack.
            block: Its rows.
            predicted: (rows, c) without intercept.
            response: (rows, c) summed responses of the same electrodes there.
        """
        import torch

        weight = self.moments.stacks[stack].weight[block, None]
        weighted = predicted if bool((weight == 1).all()) else predicted * weight.to(predicted.dtype)
        products = (v.sum(0, dtype=torch.float64) for v in (predicted * response, weighted * predicted, weighted))
        return Products(*products)

    def r2(self, found: Products, intercept: Tensor, train: Moments, electrodes: slice) -> Tensor:
        """R2 of each electrode.

        Args:
            found: The products.
            intercept: (c,).
            train: The training rows, all electrodes.
            electrodes: Which these are.

        Returns:
            (c,) R2; NaN where a response does not vary beside the training rows' (:func:`brainalign.linalg.variation.varies`).
        """
        import torch

        test, b = self.moments, intercept
        yy, ysum = test.yy[electrodes], test.ysum[electrodes]
        mean = train.ysum[electrodes] / train.n
        sse = yy - 2 * (found.py + b * ysum) + found.pp + 2 * b * found.p + test.n * b**2
        sst = yy - 2 * mean * ysum + test.n * mean**2
        square = yy / test.n
        usable = varies(square - (ysum / test.n) ** 2, square, train.yy[electrodes] / train.n - mean**2)
        return torch.where(usable, 1 - sse / sst, torch.full_like(sst, float("nan")))
