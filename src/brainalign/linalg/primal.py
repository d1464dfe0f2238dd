"""The primal system: one row and column a lagged feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brainalign.linalg.gram import magnitude_of, transform, upper_gram
from brainalign.linalg.moments import Moments
from brainalign.linalg.penalty import Penalty, Smoothness
from brainalign.linalg.solution import Solution, solution_of
from brainalign.linalg.stack import Electrodes, Stack
from brainalign.linalg.variation import CANCELLED

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ROWS = 8192
"""Rows whose lagged features are multiplied at a time."""


class Primal:
    """``(X'X + alpha K) w = X'y`` with X the lagged ``(h - mean) / sd``, X and y centred on these rows.

    With a penalty a0 on the intercept b, eliminating ``b = (sum y - w' sum x) / (n + a0)`` leaves the same system with
    ``n + a0`` in place of ``n`` in the centring.

    Args:
        train: Moments of the training rows.
        mean: (d,) of the standardisation.
        sd: (d,) of the standardisation.
        intercept_alpha: The penalty a0.
        basis: (d, q) components of the standardised features that stand in their place; None = the features.
        penalty: ``ridge``, K = I, or ``tikhonov``, see :class:`brainalign.linalg.penalty.Smoothness`.

    Attributes:
        offset: (p,) sums of the columns of X before centring: ``offset' w`` is what the intercept makes up for.
        magnitude: Sum of squares of the columns of X before centring: what rounding of the system is measured by.
        weight: ``n + a0``.
        change: (d+1, q) from ``[h, 1]`` to ``(h - mean) / sd``, or to its components.
        width: Their number q: d where there is no basis.
    """

    def __init__(
        self,
        train: Moments,
        mean: Tensor,
        sd: Tensor,
        intercept_alpha: float = 0.0,
        basis: Tensor | None = None,
        penalty: Penalty = "ridge",
    ) -> None:
        self.train, self._mean, self._sd, self._basis, self._penalty = train, mean, sd, basis, penalty
        self.weight = train.n + intercept_alpha
        self.change = transform(mean - train.centre, sd, basis)
        self.width = self.change.shape[1]
        self.offset = (train.xsum @ self.change).reshape(-1)
        self.magnitude = magnitude_of(train, self.change)

    def rhs(self, electrodes: Electrodes = slice(None)) -> Tensor:
        """(p, c) X'y of some electrodes, float64."""
        cross = self.change.T @ self.train.cross_of(electrodes)  # (m, d, c)
        ysum = self.train.ysum[electrodes]
        return cross.reshape(len(self.offset), -1).addr_(self.offset, ysum, alpha=-1 / self.weight)

    def upper(self, dtype: torch.dtype) -> tuple[Tensor, float]:
        """(p, p) upper triangle of X'X, and a bound of its largest eigenvalue."""
        return upper_gram(self.train, self.change, self.weight, dtype)

    def smoothness(self, upper: Tensor, largest: float) -> Smoothness | None:
        """The matrix that alpha multiplies; None = the identity.

        Args:
            upper: What ``upper`` gave, and
            largest: its bound.
        """
        if self._penalty == "ridge":
            return None
        m = len(self.train.lags)
        variation = upper.diagonal().view(m, self.width).sum(dim=0)
        square = (self.change[:-1] ** 2).T @ self.train.hsq
        return Smoothness.of(m, variation <= CANCELLED * m * square, largest)

    def intercept(self, w: Tensor, electrodes: Electrodes) -> Tensor:
        """(c,) intercepts of the weights w (p, c) of some electrodes."""
        return self.intercept_of(self.offset @ w.double(), electrodes)

    def intercept_of(self, moved: Tensor, electrodes: Electrodes) -> Tensor:
        """Intercepts of weights w of some electrodes, given ``offset' w``, (c,) or (alphas, c)."""
        intercept: Tensor = (self.train.ysum[electrodes] - moved) / self.weight
        return intercept

    def solution(self, w: Tensor, electrodes: Electrodes = slice(None)) -> Solution:
        """The weights w (p, c) of some electrodes on features as they came."""
        m, wide = len(self.train.lags), w.double()
        by_lag = wide.view(m, self.width, -1)
        return solution_of(by_lag, self.intercept(wide, electrodes), self._mean, self._sd, self._basis)

    def prepare(self, rows: Stack, dtype: torch.dtype) -> Tensor:
        """Standardised rows of a stack, (R, d), from which ``apply`` predicts."""
        return (rows.values.double() @ self.change).to(dtype)

    def blocks(self, rows: Stack) -> list[slice]:
        """Rows of a stack, as many as are predicted at a time."""
        lo, hi = rows.inner
        return [slice(at, min(at + ROWS, hi)) for at in range(lo, hi, ROWS)]

    def apply(self, prepared: Tensor, block: slice, w: Tensor) -> Tensor:
        """Predictions without intercept of a block of rows: ``X w`` as a sum over lags.

        Args:
            prepared: What ``prepare`` gave for the stack.
            block: Some of its rows.
            w: (p, c).

        Returns:
            (rows, c).
        """
        d = self.width
        out = w.new_zeros(block.stop - block.start, w.shape[1])
        for k, lag in enumerate(self.train.lags.tolist()):
            out.addmm_(prepared[block.start - lag : block.stop - lag], w[k * d : (k + 1) * d])
        return out
