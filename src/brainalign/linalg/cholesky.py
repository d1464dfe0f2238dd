"""Cholesky factors of ``S + alpha K`` for many alphas in the memory of S alone; K is the identity, or smoothness over lags.

S stands in the upper triangle and the factor goes to the lower one, tile by tile, nearly all of it as large matrix
products; so the next alpha finds S where it was. LAPACK would need a second matrix, and on few cores runs at half the
machine's matrix rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from brainalign.linalg.penalty import Smoothness

TILE = {"cpu": 240, "cuda": 1024}
"""Rows of a tile: the fastest of those tried on a CPU, from 480 to 16,000 rows."""


class NotPositiveDefinite(ArithmeticError):
    """``S + alpha K`` has no Cholesky factor in this precision."""


class Cholesky:
    """Factors of ``S + alpha K``, one alpha after the other.

    Args:
        upper: (q, q) with S in its upper triangle, which is kept but for the tiles on the diagonal.
        penalty: K; None = the identity.

    Example:
        >>> import torch
        >>> s = torch.tensor([[4.0, 2.0], [2.0, 3.0]], dtype=torch.float64)
        >>> w = Cholesky(s).factor(1.0).solve(torch.tensor([[7.0], [6.0]], dtype=torch.float64))
        >>> [round(v, 12) for v in w.ravel().tolist()]
        [1.0, 1.0]
    """

    def __init__(self, upper: Tensor, penalty: Smoothness | None = None) -> None:
        import torch

        self._a, self._penalty = upper, penalty
        tile, q = TILE[upper.device.type], len(upper)
        self._tiles = [slice(j, min(j + tile, q)) for j in range(0, q, tile)]
        corners = [torch.triu(upper[t, t]) for t in self._tiles]
        self._diagonal = [c + torch.triu(c, 1).T for c in corners]

    def factor(self, alpha: float) -> Cholesky:
        """Factor ``S + alpha K``; replaces the factor of the alpha before.

        Args:
            alpha: Penalty.

        Raises:
            NotPositiveDefinite: There is no factor; or K has no inverse, and a pivot is rounding.
        """
        import torch

        a, penalty = self._a, self._penalty
        for tile, corner in zip(self._tiles, self._diagonal, strict=True):
            j, e = tile.start, tile.stop
            here = corner.clone()
            below = a[tile, e:].T.clone(memory_format=torch.contiguous_format)
            if penalty is None:
                here.diagonal().add_(alpha)
            else:
                penalty.add(here, below, tile, alpha)
            if j:
                here.addmm_(a[tile, :j], a[tile, :j].T, alpha=-1)
                below.addmm_(a[e:, :j], a[tile, :j].T, alpha=-1)
            factor, fault = torch.linalg.cholesky_ex(here)
            if int(fault) or (penalty is not None and float(factor.diagonal().min()) ** 2 < penalty.least(alpha)):
                raise NotPositiveDefinite(f"alpha={alpha:g}")
            a[tile, tile] = factor
            if e < len(a):
                a[e:, tile] = torch.linalg.solve_triangular(factor.T, below, upper=True, left=False)
        return self

    def solve(self, rhs: Tensor) -> Tensor:
        """``(S + alpha K)^-1 rhs``.

        Args:
            rhs: (q, c).

        Returns:
            (q, c).
        """
        import torch

        a, w = self._a, rhs.clone()
        for tile in self._tiles:
            if tile.start:
                w[tile].addmm_(a[tile, : tile.start], w[: tile.start], alpha=-1)
            w[tile] = torch.linalg.solve_triangular(a[tile, tile], w[tile], upper=False)
        for tile in reversed(self._tiles):
            if tile.stop < len(a):
                w[tile].addmm_(a[tile.stop :, tile].T, w[tile.stop :], alpha=-1)
            w[tile] = torch.linalg.solve_triangular(a[tile, tile].T, w[tile], upper=True)
        return w
