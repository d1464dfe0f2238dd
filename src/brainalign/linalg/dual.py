"""The dual ridge system: one row and column a training row, for features that outnumber the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brainalign.linalg.gram import magnitude_of, transform
from brainalign.linalg.moments import Moments
from brainalign.linalg.solution import Solution, solution_of
from brainalign.linalg.stack import Electrodes, Stack

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Dual:
    """``(F K F' + alpha I) a = F y``, ``w = X' F' a``: the same weights as ``Primal`` from a kernel of the rows.

    K(t, s) = sum_k z(t - l_k)' z(s - l_k) of the standardised features z comes from the kernel of the unlagged ones by
    sums along its diagonals. F = (I - tau u u') W^(1/2) weights and centres: W the rows' weights, u = sqrt(w) / |sqrt(w)|,
    ``tau = 1 - sqrt(a0 / (n + a0))`` with the penalty a0 of the intercept, so that F'F = W - w w' / (n + a0).

    Args:
        train: Moments of the training rows.
        mean: (d,) of the standardisation.
        sd: (d,) of the standardisation.
        intercept_alpha: The penalty a0.
        basis: (d, columns) components of the standardised features that stand in their place; None = the features.

    Attributes:
        offset: (q,) sums of the columns of ``K F'``, as ``Primal.offset`` those of X; q distinct training rows.
        magnitude: Sum of squares of the lagged features before centring: what rounding of the system is measured by.
    """

    def __init__(
        self, train: Moments, mean: Tensor, sd: Tensor, intercept_alpha: float = 0.0, basis: Tensor | None = None
    ) -> None:
        import torch

        self.train, self._mean, self._sd, self._basis = train, mean, sd, basis
        self._weight = train.n + intercept_alpha
        self._tau = 1 - (intercept_alpha / self._weight) ** 0.5
        self._change = transform(mean - train.centre, sd, basis)
        self.magnitude = magnitude_of(train, self._change)
        self._z = [rows.values.double() @ self._change for rows in train.stacks]
        self._used = [torch.nonzero(rows.weight)[:, 0] for rows in train.stacks]
        self._root = torch.cat([s.weight[u] for s, u in zip(train.stacks, self._used, strict=True)]).sqrt()[:, None]
        kernel = torch.cat([self._kernel(z)[u] for z, u in zip(self._z, self._used, strict=True)])
        self._half = self._project((kernel * self._root[:, 0]).T).T  # K F'
        self.offset = self._root[:, 0] ** 2 @ self._half

    def rhs(self, electrodes: Electrodes = slice(None)) -> Tensor:
        """(q, c) F y of some electrodes, float64."""
        import torch

        parts = zip(self.train.stacks, self._used, strict=True)
        summed = torch.cat([s.response[:, electrodes][u].double() for s, u in parts])
        return self._project(summed / self._root)

    def upper(self, dtype: torch.dtype) -> tuple[Tensor, float]:
        """(q, q) F K F', and a bound of its largest eigenvalue."""
        import torch

        whole = self._project(self._root * self._half)
        return whole.to(dtype), float(torch.linalg.norm(whole))

    def intercept(self, w: Tensor, electrodes: Electrodes) -> Tensor:
        """(c,) intercepts of the dual weights w (q, c) of some electrodes."""
        return self.intercept_of(self.offset @ w.double(), electrodes)

    def intercept_of(self, moved: Tensor, electrodes: Electrodes) -> Tensor:
        """Intercepts of weights w of some electrodes, given ``offset' w``, (c,) or (alphas, c)."""
        intercept: Tensor = (self.train.ysum[electrodes] - moved) / self._weight
        return intercept

    def solution(self, w: Tensor, electrodes: Electrodes = slice(None)) -> Solution:
        """The dual weights w (q, c) of some electrodes as weights on features as they came."""
        return solution_of(self._weights(w), self.intercept(w, electrodes), self._mean, self._sd, self._basis)

    def prepare(self, rows: Stack, dtype: torch.dtype) -> Tensor:
        """(R, q) ``K F'`` of a stack's rows against the training rows, from which ``apply`` predicts."""
        kernel = self._kernel(rows.values.double() @ self._change)
        half = self._project((kernel * self._root[:, 0]).T)
        return half.T.to(dtype)

    def blocks(self, rows: Stack) -> list[slice]:
        """Rows of a stack that are predicted at a time: all."""
        return [slice(*rows.inner)]

    def apply(self, prepared: Tensor, block: slice, w: Tensor) -> Tensor:
        """Predictions without intercept of a block of rows, (rows, c), from dual weights w (q, c)."""
        predicted: Tensor = prepared[block] @ w
        return predicted

    def _project(self, values: Tensor) -> Tensor:
        """``(I - tau u u') values`` over the training rows."""
        unit = self._root / self._root.norm()
        projected: Tensor = values - self._tau * unit * (unit.T @ values)
        return projected

    def _kernel(self, z: Tensor) -> Tensor:
        """(R, q) lagged kernel of the rows z (R, d) with the training rows."""
        import torch

        parts = []
        for rows, used, other in zip(self.train.stacks, self._used, self._z, strict=True):
            bare = z @ other.T
            lo, hi = rows.inner
            kernel = bare.new_zeros(len(z), hi - lo)
            for lag in self.train.lags.tolist():
                to = slice(max(lag, 0), len(z) + min(lag, 0))
                kernel[to] += bare[to.start - lag : to.stop - lag, lo - lag : hi - lag]
            parts.append(kernel[:, used - lo])
        return torch.cat(parts, dim=1)

    def _weights(self, w: Tensor) -> Tensor:
        """(m, columns, c) ``X' F' w``."""
        import torch

        spread = self._root * self._project(w.double())
        parts = torch.split(spread, [len(used) for used in self._used])
        found = torch.zeros(
            len(self.train.lags), self._change.shape[1], w.shape[1], dtype=spread.dtype, device=w.device
        )
        for z, used, part in zip(self._z, self._used, parts, strict=True):
            for k, lag in enumerate(self.train.lags.tolist()):
                found[k].addmm_(z[used - lag].T, part)
        return found
