"""Which layer an electrode prefers, and whether regions are ordered by it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from brainalign.stats.sign_flip import sign_flip

Array = NDArray[np.float64]

SHUFFLES = 1999
"""Of the regions within each participant, behind the p of an order that was fitted."""
TIE = 1e-10
"""Difference of two mean correlations that is rounding."""


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
        p: Of the mean of ``rho``: by sign flips, two-sided, where the order was given; by shuffles, one-sided, where it was fitted.
        smallest: The smallest p that so many participants (and regions) can give.
        order: Places of the regions, lowest first: as given, or by the mean of all participants.
    """

    rho: Array
    p: float
    smallest: float
    order: tuple[int, ...]


def ordering(values: Array, order: Sequence[int] | None = None, seed: int = 0) -> Ordering:
    """Test over participants whether regions are ordered.

    Without a given order, each participant's is held against the order of the *other* participants' means, so that nobody has a say
    in the order that their own values are tested against. These rhos share participants and are no independent values (sign flips of
    them would call .10 to .19 of orderless data significant at .05), so the regions of every participant are shuffled, and the mean of
    the rhos is made again:

        p = (1 + #{null >= observed}) / (1 + draws)

    one-sided, as only agreement speaks for an order. Exact where, without an order, a participant's regions are exchangeable.

    Args:
        values: (participants, regions); NaN where a participant has no value.
        order: Places of the regions, lowest first; regions not in it have no part. None = fitted.
        seed: Of the shuffles.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = ordering(np.arange(5.0) + 0.1 * rng.standard_normal((8, 5)))
        >>> found.order, round(found.p, 4)
        ((0, 1, 2, 3, 4), 0.0005)
    """
    v = np.asarray(values, dtype=np.float64)
    if order is None:
        rho, p, smallest = _agreement(v, seed)
        mean = _mean(v)
        ranked = tuple(int(r) for r in np.argsort(mean, kind="stable") if np.isfinite(mean[r]))
        return Ordering(rho, p, smallest, ranked)
    rho = np.array([_spearman(row[list(order)], np.arange(len(order), dtype=np.float64)) for row in v])
    test = sign_flip(rho[:, None])
    return Ordering(rho, float(test.p[0]), float(test.smallest[0]), tuple(order))


def _agreement(v: Array, seed: int) -> tuple[Array, float, float]:
    """Rho of each participant with the others' means, p of their mean by shuffles within participants, and the smallest such p."""
    people, regions = v.shape
    known = np.isfinite(v)
    keys = np.random.default_rng(seed).random((SHUFFLES + 1, people, regions))
    keys[0] = np.arange(regions)  # the first is as it was
    # known values change places with one another: their places in order of the keys, unknown ones last
    places = np.argsort(np.where(known, keys, np.inf), axis=-1, kind="stable")
    home = np.argsort(~known, axis=-1, kind="stable")
    shuffled = np.empty_like(keys)
    np.put_along_axis(
        shuffled,
        np.broadcast_to(home, places.shape),
        np.take_along_axis(np.broadcast_to(v, keys.shape), places, -1),
        -1,
    )
    filled = np.where(known, shuffled, 0.0)
    others = known.sum(axis=0) - known
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(others > 0, (filled.sum(axis=1, keepdims=True) - filled) / others, np.nan)
    rho = _spearmans(shuffled, means)
    some = np.isfinite(rho)
    count = some.sum(axis=1)
    mean = np.where(some, rho, 0.0).sum(axis=1) / np.maximum(count, 1)
    if not count[0]:
        return rho[0], float("nan"), float("nan")
    reached = (mean[1:][count[1:] > 0] >= mean[0] - TIE).sum()
    arrangements = float(np.prod([math.factorial(int(n)) for n in np.sort(known.sum(axis=1))[:-1]], dtype=np.float64))
    return rho[0], float((1 + reached) / (1 + SHUFFLES)), max(1 / (1 + SHUFFLES), 1 / arrangements)


def _spearmans(a: Array, b: Array) -> Array:
    """Rank correlation along the last axis where both are known; NaN with fewer than three, or where one is constant."""
    from scipy.stats import rankdata

    both = np.isfinite(a) & np.isfinite(b)
    n = both.sum(axis=-1, keepdims=True)
    sides = []
    for values in (a, b):
        ranks = rankdata(np.where(both, values, np.inf), axis=-1)  # what is left out has the last ranks, and no part
        sides.append(np.where(both, ranks - (n + 1) / 2, 0.0))
    x, y = sides
    norm = np.sqrt((x**2).sum(axis=-1) * (y**2).sum(axis=-1))
    return np.where((norm > 0) & (n[..., 0] > 2), (x * y).sum(axis=-1) / np.where(norm > 0, norm, 1.0), np.nan)


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
    """Rank correlation of two vectors, see :func:`_spearmans`."""
    return float(_spearmans(a, b))
