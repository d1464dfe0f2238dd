"""Canonical correlations of two whitened sets of variables, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.linalg.svd import svd
from brainalign.linalg.variation import CENTRED, varies


@dataclass(frozen=True)
class Whitener:
    """Standardise, keep the leading principal components, and give each unit variance.

        z = (x - mean) / sd,   z = U diag(s) V',   w = z V_q diag(1 / sqrt(s_q^2 / n + ridge * mean_j(s_j^2 / n)))

    Attributes:
        mean, sd: (p,) of the training rows; a constant variable has sd 1.
        basis: (p, q) ``V_q`` with its scaling.
        variance: Share of the standardised variance that the q components hold.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    basis: NDArray[np.float64]
    variance: float

    @classmethod
    def fit(cls, rows: NDArray[np.floating], variance: float, ridge: float = 0.0, most: int | None = None) -> Whitener:
        """Learn from training rows.

        Args:
            rows: (n, p).
            variance: Share of variance to keep, in (0, 1]. Directions with no variance beyond rounding are never kept.
            ridge: Added to each component's variance, in units of their mean.
            most: Components at most.

        Raises:
            BrainalignError: Fewer than two rows, or nothing varies.
        """
        x = np.asarray(rows, dtype=np.float64)
        if len(x) < 2:
            raise BrainalignError(f"CCA has {len(x)} training row(s); at least 2 are needed.")
        mean, sd = x.mean(axis=0), x.std(axis=0)
        alive = varies(sd**2, (x**2).mean(axis=0), rounding=CENTRED)
        sd = np.where(alive, sd, 1.0)
        z = (x - mean) / sd * alive
        _, s, vt = svd(z)
        power = s**2 / len(x)
        if power.sum() <= 0:
            raise BrainalignError("CCA was given features none of which varies over its training rows.")
        real = power > (len(x) * np.finfo(float).eps) ** 2 * power[0] + 1e-12 * power[0]
        share = np.cumsum(power) / power.sum()
        q = min(int(np.searchsorted(share, variance - 1e-12)) + 1, int(real.sum()), most or len(power))
        scale = np.sqrt(power[:q] + ridge * power[:q].mean())
        return cls(mean, sd, vt[:q].T / scale, float(share[q - 1]))

    def transform(self, rows: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, p) rows to (n, q) whitened components."""
        return (np.asarray(rows, dtype=np.float64) - self.mean) / self.sd @ self.basis


@dataclass(frozen=True)
class CCA:
    """Two whiteners and the rotations that align them.

    The cross-covariance of the whitened variables is ``K = P diag(rho) Q'``. P and Q are complete rotations: their
    first columns give the canonical variates, the others what is left of each space.

    Attributes:
        x, y: The whiteners.
        p, q: (qx, qx) and (qy, qy) rotations.
        rho: (min(qx, qy),) in-sample canonical correlations, descending.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> s = rng.normal(size=(500, 1))
        >>> fit = CCA.fit(np.hstack([s, rng.normal(size=(500, 2))]), np.hstack([rng.normal(size=(500, 2)), s]))
        >>> fit.rho.round(2)[0], bool(fit.rho[1] < 0.3)
        (np.float64(1.0), True)
    """

    x: Whitener
    y: Whitener
    p: NDArray[np.float64]
    q: NDArray[np.float64]
    rho: NDArray[np.float64]

    @classmethod
    def fit(
        cls,
        x: NDArray[np.floating],
        y: NDArray[np.floating],
        variance: float = 1.0,
        ridge: float = 0.0,
        most: int | None = None,
    ) -> CCA:
        """Fit on paired training rows.

        Args:
            x: (n, px).
            y: (n, py).
            variance: Share of each side's standardised variance to keep.
            ridge: Regularisation in units of the mean component variance.
            most: Components of each side at most.

        Raises:
            BrainalignError: Unequal numbers of rows.
        """
        if len(x) != len(y):
            raise BrainalignError(
                f"CCA was given {len(x)} rows on one side and {len(y)} on the other; rows must be paired."
            )
        left, right = (Whitener.fit(side, variance, ridge, most) for side in (x, y))
        k = left.transform(x).T @ right.transform(y) / len(x)
        p, rho, qt = svd(k, full_matrices=True)
        return cls(left, right, p, qt.T, np.minimum(rho, 1.0))

    def variates(
        self, x: NDArray[np.floating], y: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both sides' variates, (n, qx) and (n, qy), canonical ones first."""
        return self.x.transform(x) @ self.p, self.y.transform(y) @ self.q

    def correlations(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float64]:
        """Correlation of each pair of canonical variates on these rows (held out or not).

        Args:
            x: (n, px).
            y: (n, py).

        Returns:
            (min(qx, qy),); NaN where a variate does not vary.
        """
        u, v = self.variates(x, y)
        return column_correlations(u[:, : len(self.rho)], v[:, : len(self.rho)])


def column_correlations(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson correlation of each column of ``u`` with the same column of ``v``.

    Args:
        u: (n, k).
        v: (n, k).

    Returns:
        (k,).
    """
    return np.asarray(np.einsum("ij,ij->j", unit_columns(u), unit_columns(v)))


def unit_columns(w: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns less their means, of length 1; NaN where a column does not vary. Products of two of them are correlations.

    Args:
        w: (n, k).

    Returns:
        (n, k).
    """
    centred = w - w.mean(axis=0)
    square = (centred**2).sum(axis=0)
    alive = varies(square, (w**2).sum(axis=0), rounding=CENTRED)
    return np.asarray(centred / np.where(alive, np.sqrt(square), np.nan))
