"""Cholesky factors of ``S + alpha K`` for many alphas in the memory of S alone; K is the identity, or smoothness over lags.

S stands in the upper triangle and is copied for each alpha to the lower one, where the factor replaces it; so the next alpha finds S
where it was. In one thread LAPACK makes the factor there; with several, and on a GPU, where torch's would need a second matrix, it is made
tile by tile, nearly all of it as large matrix products.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from brainalign.linalg.triangular import by_lapack, factor_, solve_

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
        tile: Rows of a tile; None = ``TILE``, and no tiles where LAPACK makes the factor.

    Example:
        >>> import torch
        >>> s = torch.tensor([[4.0, 2.0], [2.0, 3.0]], dtype=torch.float64)
        >>> w = Cholesky(s).factor(1.0).solve(torch.tensor([[7.0], [6.0]], dtype=torch.float64))
        >>> [round(v, 12) for v in w.ravel().tolist()]
        [1.0, 1.0]
    """

    def __init__(self, upper: Tensor, penalty: Smoothness | None = None, tile: int | None = None) -> None:
        import torch

        self._a, self._penalty = upper, penalty
        self._tiled = tile is not None or not by_lapack(upper)
        step, q = tile or TILE[upper.device.type], len(upper)
        self._tiles = [slice(j, min(j + step, q)) for j in range(0, q, step)]
        corners = [torch.triu(upper[t, t]) for t in self._tiles]
        self._diagonal = [c + torch.triu(c, 1).T for c in corners]

    def factor(self, alpha: float) -> Cholesky:
        """Factor ``S + alpha K``; replaces the factor of the alpha before.

        Args:
            alpha: Penalty.

        Raises:
            NotPositiveDefinite: There is no factor; or K has no inverse, and a pivot is rounding.
        """
        a, penalty = self._a, self._penalty
        for tile, corner in zip(self._tiles, self._diagonal, strict=True):
            here, below = a[tile, tile], a[tile.stop :, tile]
            here.copy_(corner)
            below.copy_(a[tile, tile.stop :].T)
            if penalty is None:
                here.diagonal().add_(alpha)
            else:
                penalty.add(here, below, tile, alpha)
        found = self._by_tiles() if self._tiled else factor_(a)
        if not found or (penalty is not None and float(a.diagonal().min()) ** 2 < penalty.least(alpha)):
            raise NotPositiveDefinite(f"alpha={alpha:g}")
        return self

    def _by_tiles(self) -> bool:
        """Replace the lower triangle by its factor; whether there is one."""
        import torch

        a = self._a
        for tile in self._tiles:
            j, e = tile.start, tile.stop
            here, below = a[tile, tile], a[e:, tile]
            if j:
                here.addmm_(a[tile, :j], a[tile, :j].T, alpha=-1)
                below.addmm_(a[e:, :j], a[tile, :j].T, alpha=-1)
            factor, fault = torch.linalg.cholesky_ex(here)
            if int(fault):
                return False
            here.copy_(factor)
            if e < len(a):
                below.copy_(torch.linalg.solve_triangular(factor.T, below, upper=True, left=False))
        return True

    def solve(self, rhs: Tensor) -> Tensor:
        """``(S + alpha K)^-1 rhs``.

        Args:
            rhs: (q, c).

        Returns:
            (q, c).
        """
        import torch

        w = rhs.clone(memory_format=torch.contiguous_format)
        if not self._tiled:
            return solve_(self._a, solve_(self._a, w), transposed=True)
        a = self._a
        for tile in self._tiles:
            if tile.start:
                w[tile].addmm_(a[tile, : tile.start], w[: tile.start], alpha=-1)
            w[tile] = torch.linalg.solve_triangular(a[tile, tile], w[tile], upper=False)
        for tile in reversed(self._tiles):
            if tile.stop < len(a):
                w[tile].addmm_(a[tile.stop :, tile].T, w[tile.stop :], alpha=-1)
            w[tile] = torch.linalg.solve_triangular(a[tile, tile].T, w[tile], upper=True)
        return w
