"""Agreement of two predictions of one response: Pearson r, also with what both may owe to something else taken out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.linalg.svd import svd

SPAN, ROUNDING = 1e-10, 1e-12
"""Up to which share of a prediction's variance nothing of it is left, and of its mean square it is constant: predictions
are float32."""


def agreement(
    a: NDArray[np.floating[Any]], b: NDArray[np.floating[Any]], controls: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Pearson r of each column of a with that of b; the partial one where there are controls.

        r = corr(a - Z Z^+ a, b - Z Z^+ b),  Z = [1, controls]

    Directions of Z that the others span already are dropped, so that controls may depend on one another.

    Args:
        a: (T, c) one model's prediction.
        b: (T, c) the other's.
        controls: (T, k) what is partialled out of both by least squares, or None.

    Returns:
        (c,); NaN where either prediction is constant or missing, or the controls leave nothing of it.

    Example:
        >>> a = np.array([[0.0], [1.0], [2.0], [1.0]])
        >>> agreement(a, 3 - a).round(6).tolist()
        [-1.0]
        >>> agreement(a, a, controls=a).tolist()
        [nan]
    """
    if len(a) < 2:
        return np.full(a.shape[1], np.nan)
    known = np.ones(a.shape[1], dtype=bool)
    basis = None if controls is None else _basis(controls - controls.mean(axis=0))
    parts = []
    for values in (a.astype(np.float64), b.astype(np.float64)):
        part = values - values.mean(axis=0)
        least = np.maximum(SPAN * (part**2).sum(axis=0), ROUNDING * (values**2).sum(axis=0))
        if basis is not None:
            part -= basis @ (basis.T @ part)
        known &= (part**2).sum(axis=0) > least
        parts.append(part)
    x, y = parts
    scale = np.where(known, (x**2).sum(axis=0) * (y**2).sum(axis=0), 1.0)
    return np.where(known, (x * y).sum(axis=0) / np.sqrt(scale), np.nan)


def _basis(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, rank) orthonormal columns that span those of (T, k)."""
    u, s, _ = svd(z)
    basis: NDArray[np.float64] = u[:, s > s.max(initial=0.0) * max(z.shape) * np.finfo(np.float64).eps]
    return basis
