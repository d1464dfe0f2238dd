"""Representational dissimilarity: distances between rows, plain and cross-validated."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from brainalign.errors import BrainalignError
from brainalign.similarity._rows import CONSTANT, Array, centred

Metric = Literal["euclidean", "correlation", "cosine"]


def rdm(rows: ArrayLike, metric: Metric = "correlation") -> Array:
    """Distances between all pairs of rows.

    Args:
        rows: (n, p).
        metric: ``euclidean``; ``correlation``, 1 - Pearson r of two rows (their mean over dimensions taken off); or ``cosine``.

    Returns:
        (n (n - 1) / 2,) in scipy's condensed order; ``euclidean`` in units of the rows' root mean square.

    Raises:
        BrainalignError: Too few rows, all alike, not finite, or a row without variance over its dimensions (``correlation``).

    Example:
        >>> rdm([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]], "cosine").round(3).tolist()
        [1.0, 0.0, 1.0]
    """
    from scipy.spatial.distance import pdist

    scaled = centred(rows, "rows", 3)
    if metric == "euclidean":
        return np.asarray(pdist(scaled))
    if metric not in ("correlation", "cosine"):
        raise BrainalignError(f"metric={metric!r} is unknown; it must be euclidean, correlation or cosine.")
    x = np.asarray(rows, dtype=np.float64).reshape(len(scaled), -1)
    x = x / np.abs(x).max()
    if metric == "correlation":
        x = x - x.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(x, axis=1)
    flat = norms <= CONSTANT * norms.max()
    if flat.any():
        raise BrainalignError(
            f"rows has {int(flat.sum())} row(s) {'that are the same in all dimensions' if metric == 'correlation' else 'of zeros'}, "
            f"which have no {metric} with others; leave them out or use metric='euclidean'."
        )
    return np.asarray(pdist(x, "cosine"))


def crossnobis(repeats: ArrayLike, noise: ArrayLike | None = None) -> Array:
    """Cross-validated squared distances: unbiased, so 0 on average where two conditions do not differ.

        d_ij = 1 / (R (R - 1) p) sum_{m != k} (x_i^m - x_j^m)' S^-1 (x_i^k - x_j^k)

    With a noise covariance S these are cross-validated Mahalanobis (crossnobis) distances (Walther et al. 2016; Diedrichsen &
    Kriegeskorte 2017). S must come from other data, such as the residuals of another block: one from the repeats' own residuals makes
    the distances of equal conditions positive.

    Args:
        repeats: (R, n, p): R >= 2 independent measurements of n conditions.
        noise: (p, p) covariance S; None = identity, cross-validated squared Euclidean distances.

    Returns:
        (n (n - 1) / 2,) in scipy's condensed order; may be negative.

    Raises:
        BrainalignError: Fewer than two repeats or three conditions, values that are not finite, or a covariance that is none.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> measurements = rng.normal(size=(4, 30, 8))  # no condition differs from another
        >>> bool(abs(crossnobis(measurements).mean()) < 0.1)
        True
    """
    from scipy.linalg import LinAlgError, cholesky, solve_triangular
    from scipy.spatial.distance import pdist

    x = np.asarray(repeats, dtype=np.float64)
    if x.ndim != 3 or x.shape[0] < 2 or x.shape[1] < 3:
        raise BrainalignError(
            f"repeats has shape {x.shape}; (repeats, conditions, dimensions) with at least 2 and 3 is needed."
        )
    if not np.isfinite(x).all():
        raise BrainalignError("repeats has values that are not finite; leave these conditions out.")
    count, n, dims = x.shape
    if noise is not None:
        covariance = np.asarray(noise, dtype=np.float64)
        if covariance.shape != (dims, dims):
            raise BrainalignError(f"noise has shape {covariance.shape}; ({dims}, {dims}) is needed.")
        try:
            factor = cholesky(covariance, lower=True)
        except (LinAlgError, ValueError) as error:
            raise BrainalignError("noise is no positive definite covariance; shrink it, or leave it out.") from error
        x = solve_triangular(factor, x.reshape(-1, dims).T, lower=True).T.reshape(count, n, dims)
    within = sum(pdist(own, "sqeuclidean") for own in x)
    return np.asarray((pdist(x.sum(axis=0), "sqeuclidean") - within) / (count * (count - 1) * dims))
