"""How alike a region could at most be to anything: its own repeats, and other participants."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from brainalign.similarity._relation import Matrix, Relational

Array = NDArray[np.float64]


def between_participants(relations: Sequence[Matrix], measure: Relational) -> tuple[Array, Array]:
    """Each participant's likeness to the mean of all (upper bound), and to the mean of the others (lower bound); Nili et al. 2014.

    Args:
        relations: (n, n) of each participant, on the same rows.
        measure: Means of ``cka`` and ``rsa`` are brought back to norm 1; shares of neighbours are averaged as they are.

    Returns:
        Upper and lower, (participants,) each; NaN where there are fewer than two.
    """
    count = len(relations)
    if count < 2:
        return np.full(count, np.nan), np.full(count, np.nan)
    stack = np.stack(relations).astype(np.float64)
    total = stack.sum(axis=0)
    upper = [_likeness(own, total, measure, count) for own in stack]
    lower = [_likeness(own, total - own, measure, count - 1) for own in stack]
    return np.array(upper), np.array(lower)


def _likeness(own: Array, total: Array, measure: Relational, count: int) -> float:
    if measure == "knn":
        return float((own * total).sum() / count)
    norm = np.linalg.norm(total)
    return float((own * total).sum() / norm) if norm > 0 else float("nan")


def corrected(half: float) -> float:
    """Split-half likeness brought to the length of the whole (Spearman and Brown); a negative one stays as it is."""
    return 2 * half / (1 + half) if half > 0 else half
