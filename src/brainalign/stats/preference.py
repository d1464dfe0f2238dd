"""Which layer an electrode prefers, and whether regions are ordered by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from brainalign.stats.sign_flip import sign_flip

Array = NDArray[np.float64]


def best_layer(scores: Array, layers: Sequence[int]) -> Array:
    """The layer with the highest score.

    Args:
        scores: (layers, n); NaN counts for nothing.
        layers: Their numbers.

    Returns:
        (n,) NaN where no layer has a score above 0: then there is nothing to prefer.

    Example:
        >>> best_layer(np.array([[0.1, -0.2], [0.3, -0.1]]), [4, 5])
        array([ 5., nan])
    """
    filled = np.where(np.isfinite(scores), scores, -np.inf)
    best = np.asarray(layers, dtype=np.float64)[np.argmax(filled, axis=0)]
    return np.where(filled.max(axis=0) > 0, best, np.nan)


def centre_of_mass(scores: Array, layers: Sequence[int]) -> Array:
    """The mean layer, weighted by the positive part of the score: ``sum_k k s+(k) / sum_k s+(k)`` (Millet et al. 2022).

    Args:
        scores: (layers, n); NaN counts for nothing.
        layers: Their numbers k.

    Returns:
        (n,) NaN where no score is above 0.

    Example:
        >>> centre_of_mass(np.array([[0.1, -0.2], [0.3, -0.1]]), [4, 5])
        array([4.75,  nan])
    """
    positive = np.maximum(np.where(np.isfinite(scores), scores, 0.0), 0.0)
    mass = positive.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray((np.asarray(layers, dtype=np.float64) @ positive) / np.where(mass > 0, mass, np.nan))


@dataclass(frozen=True)
class Ordering:
    """Whether values rise along an order of regions.

    Attributes:
        rho: (participants,) Spearman correlation of each participant's values with the order; NaN with fewer than three regions.
        p: Of the mean of ``rho`` by sign flips, two-sided.
        smallest: The smallest p that so many participants can give.
        order: Places of the regions, lowest first: as given, or by the mean of all participants.
    """

    rho: Array
    p: float
    smallest: float
    order: tuple[int, ...]


def ordering(values: Array, order: Sequence[int] | None = None) -> Ordering:
    """Test over participants whether regions are ordered.

    Without a given order, each participant's is held against the order of the *other* participants' means, so that nobody has a say
    in the order that their own values are tested against.

    Args:
        values: (participants, regions); NaN where a participant has no value.
        order: Places of the regions, lowest first; regions not in it have no part. None = fitted.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = ordering(np.arange(5.0) + 0.1 * rng.standard_normal((8, 5)))
        >>> found.order, round(found.p, 4)
        ((0, 1, 2, 3, 4), 0.0078)
    """
    v = np.asarray(values, dtype=np.float64)
    if order is None:
        rho = np.array([_spearman(row, _mean(np.delete(v, s, axis=0))) for s, row in enumerate(v)])
        mean = _mean(v)
        ranked = tuple(int(r) for r in np.argsort(mean, kind="stable") if np.isfinite(mean[r]))
    else:
        ranked = tuple(order)
        rho = np.array([_spearman(row[list(order)], np.arange(len(order), dtype=np.float64)) for row in v])
    test = sign_flip(rho[:, None])
    return Ordering(rho, float(test.p[0]), float(test.smallest[0]), ranked)


def pairwise(values: Array) -> tuple[list[tuple[int, int]], Array, Array, Array]:
    """Sign-flip tests over participants between every two regions, corrected by the maximum statistic.

    Args:
        values: (participants, regions); NaN where a participant has no value.

    Returns:
        The pairs (a, b), and for each the mean of b - a, its p, and its p corrected over all pairs.
    """
    pairs = list(combinations(range(values.shape[1]), 2))
    differences = np.array([values[:, b] - values[:, a] for a, b in pairs]).reshape(len(pairs), -1).T
    test = sign_flip(differences)
    return pairs, _mean(differences), test.p, test.p_max


def _mean(values: Array) -> Array:
    """(regions,) mean of the finite values, NaN where there are none."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    return np.asarray(np.where(known, values, 0.0).sum(axis=0) / np.where(n > 0, n, np.nan))


def _spearman(a: Array, b: Array) -> float:
    """Rank correlation where both are known; NaN with fewer than three, or where one is constant."""
    from scipy.stats import rankdata

    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 3 or np.ptp(a[both]) == 0 or np.ptp(b[both]) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(a[both]), rankdata(b[both]))[0, 1])
