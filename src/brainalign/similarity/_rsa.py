"""Representational similarity analysis: how alike two sets of distances between the same rows are."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from brainalign.errors import BrainalignError
from brainalign.similarity._rdm import Metric, rdm
from brainalign.similarity._rows import CONSTANT, Array, paired

Comparison = Literal["spearman", "pearson", "rho_a"]


def scaled(distances: ArrayLike, compare: Comparison) -> Array:
    """Distances, or their ranks, about their mean and of norm 1: the inner product of two such vectors is their correlation.

    Args:
        distances: (m,).
        compare: ``pearson``, ``spearman``, or ``rho_a``, whose norm is that of ranks without ties.

    Returns:
        (m,); NaN where all distances are alike.
    """
    from scipy.stats import rankdata

    given = np.asarray(distances, dtype=np.float64)
    away = given - given.mean()
    if np.abs(away).max(initial=0.0) <= CONSTANT * np.abs(given).max(initial=0.0):
        return np.full(len(given), np.nan)
    if compare != "pearson":
        given = rankdata(given)
        away = given - given.mean()
    m = len(given)
    norm = np.sqrt((m**3 - m) / 12) if compare == "rho_a" else np.linalg.norm(away)
    return np.asarray(away / norm)


def compare_rdms(a: ArrayLike, b: ArrayLike, compare: Comparison = "spearman") -> float:
    """Correlation of two condensed vectors of distances.

    ``rho_a`` is Spearman's rho under random breaking of ties, which gives no advantage to a model that predicts ties (Schuett et al. 2023):

        rho_a = 12 a' b / (m^3 - m) - 3 (m + 1) / (m - 1),   a, b: mid-ranks

    Args:
        a: (m,).
        b: (m,).
        compare: ``spearman``, ``pearson`` or ``rho_a``.

    Returns:
        In [-1, 1]; NaN where one side's distances are all alike.

    Raises:
        BrainalignError: Unequal lengths, or an unknown comparison.

    Example:
        >>> round(compare_rdms([1.0, 2.0, 3.0], [10.0, 20.0, 40.0]), 6)
        1.0
    """
    if compare not in ("spearman", "pearson", "rho_a"):
        raise BrainalignError(f"compare={compare!r} is unknown; it must be spearman, pearson or rho_a.")
    left, right = scaled(a, compare), scaled(b, compare)
    if left.shape != right.shape:
        raise BrainalignError(f"a has {len(left)} distances and b has {len(right)}; both must be of the same rows.")
    return float(np.clip(left @ right, -1, 1))


def rsa(x: ArrayLike, y: ArrayLike, *, metric: Metric = "correlation", compare: Comparison = "spearman") -> float:
    """Correlation of the distances between rows in two representations (Kriegeskorte et al. 2008).

    Args:
        x: (n, p).
        y: (n, q).
        metric: Of the distances, see :func:`rdm`; one dimension has Euclidean distances alone.
        compare: Of the two sets of distances, see :func:`compare_rdms`.

    Returns:
        In [-1, 1].

    Raises:
        BrainalignError: Fewer than 3 rows, unequal numbers of rows, values that are not finite, or rows without the metric.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(40, 6))
        >>> rotation, _ = np.linalg.qr(rng.normal(size=(6, 6)))
        >>> round(rsa(x, 2 * x @ rotation + 1, metric="euclidean"), 6)
        1.0
    """
    paired(x, y, 3)
    return compare_rdms(rdm(x, metric), rdm(y, metric), compare)
