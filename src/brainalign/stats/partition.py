"""Variance partitioning: what each set of features explains alone, and what several explain in common."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Sets = tuple[int, ...]


def subsets(n: int) -> list[Sets]:
    """All subsets of n sets but the empty one, the smallest first.

    Example:
        >>> subsets(2)
        [(0,), (1,), (0, 1)]
    """
    return [found for size in range(1, n + 1) for found in combinations(range(n), size)]


def partition(explained: Mapping[Sets, NDArray[np.floating[Any]]]) -> dict[Sets, NDArray[np.float64]]:
    """The parts of a Venn diagram, by inclusion and exclusion.

        V(S) = sum_{T in S} (-1)^(|S| - |T|) [ R(all) - R(all without T) ],   R(nothing) = 0

    So with two sets unique(A) = R(AB) - R(B) and shared = R(A) + R(B) - R(AB). The parts sum to R(all). Held-out scores may make
    a part negative: a set that adds nothing costs weights, and two sets may explain more together than the sum of both.

    Args:
        explained: Every subset but the empty one -> what a fit on it explains, all of one shape.

    Returns:
        Those features' sets -> what exactly they share: one set's unique part, or what several have in common and no other has.

    Example:
        >>> r2 = {(0,): np.array([0.3]), (1,): np.array([0.2]), (0, 1): np.array([0.4])}
        >>> {k: round(float(v[0]), 2) for k, v in partition(r2).items()}
        {(0,): 0.2, (1,): 0.1, (0, 1): 0.1}
    """
    whole = max(explained, key=len)
    nothing = np.zeros_like(explained[whole], dtype=np.float64)

    def of_these_alone(sets: Sets) -> NDArray[np.float64]:
        rest = tuple(n for n in whole if n not in sets)
        found: NDArray[np.float64] = explained[whole] - (explained[rest] if rest else nothing)
        return found

    parts = {}
    for part in subsets(len(whole)):
        inside = [tuple(part[n] for n in some) for some in subsets(len(part))]
        parts[part] = sum(((-1) ** (len(part) - len(t)) * of_these_alone(t) for t in inside), start=nothing)
    return parts


def shapley(explained: Mapping[Sets, NDArray[np.floating[Any]]]) -> dict[int, NDArray[np.float64]]:
    """What each set adds, averaged over all orders in which sets can be added (Shapley 1953; Lindeman, Merenda & Gold 1980).

        phi(i) = sum_{S without i} |S|! (n - |S| - 1)! / n! [ R(S and i) - R(S) ],   R(nothing) = 0

    The values sum to R(all). It is each set's unique part, and its share of what it has in common with others, divided evenly.

    Args:
        explained: Every subset but the empty one -> what a fit on it explains, all of one shape.

    Returns:
        Set -> its value.

    Example:
        >>> r2 = {(0,): np.array([0.3]), (1,): np.array([0.2]), (0, 1): np.array([0.4])}
        >>> {k: round(float(v[0]), 2) for k, v in shapley(r2).items()}
        {0: 0.25, 1: 0.15}
    """
    whole = max(explained, key=len)
    n, nothing = len(whole), np.zeros_like(explained[whole], dtype=np.float64)
    found = {}
    for one in whole:
        total = nothing.copy()
        for before in [(), *(s for s in explained if one not in s)]:
            weight = factorial(len(before)) * factorial(n - len(before) - 1) / factorial(n)
            total += weight * (explained[tuple(sorted((*before, one)))] - (explained[before] if before else nothing))
        found[one] = total
    return found
