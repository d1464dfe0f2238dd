"""Wilcoxon's signed-rank test over participants, for many differences at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EXACT = 50
"""Participants up to which the distribution is exact."""


def signed_rank(differences: Array) -> Array:
    """Two-sided p of Wilcoxon's signed-rank test that differences are symmetric about 0.

    Exact up to 50 participants, each test by itself: with ties, the distribution of the sum of their mid-ranks over all signs; beyond,
    SciPy's normal approximation. Differences of 0 are left out, as Wilcoxon did. With n participants the smallest attainable p is
    ``2 / 2^n``.

    Args:
        differences: (participants, tests); NaN where a participant has no part in a test.

    Returns:
        (tests,) NaN with fewer than two participants; 1 where all differences are 0: nothing speaks against the null.

    Example:
        >>> signed_rank(np.array([[1.0, 0.0], [2.0, 0.0], [1.5, 0.0], [0.5, 0.0]]))
        array([0.125, 1.   ])
    """
    from scipy.stats import rankdata, wilcoxon

    d = np.asarray(differences, dtype=np.float64)
    out = np.full(d.shape[1], np.nan)
    known = np.isfinite(d)
    enough = known.sum(axis=0) >= 2
    moved = known & (d != 0)
    count = moved.sum(axis=0)
    out[enough & (count < 2)] = 1.0
    ranks = rankdata(np.where(moved, np.abs(d), np.inf), axis=0)  # what is left out has the last ranks, and no part
    doubled = np.where(moved, np.rint(2 * ranks), 0).astype(np.int64)  # mid-ranks are halves
    tested = enough & (count > 1)
    exact = np.flatnonzero(tested & (count <= EXACT))
    patterns, whose = np.unique(np.sort(doubled[:, exact], axis=0), axis=1, return_inverse=True)
    above = np.where(d > 0, doubled, 0).sum(axis=0)
    for number, pattern in enumerate(patterns.T):  # as a rule one: nobody has ties
        mine = exact[whose.ravel() == number]
        tail = np.cumsum(_distribution(pattern[pattern > 0]))
        sums = above[mine]
        upper = 1 - np.where(sums > 0, tail[np.maximum(sums - 1, 0)], 0.0)
        out[mine] = np.minimum(1.0, 2 * np.minimum(tail[sums], upper))
    for test in np.flatnonzero(tested & (count > EXACT)):
        out[test] = wilcoxon(d[moved[:, test], test], method="approx").pvalue
    return out


def _distribution(ranks: NDArray[np.int64]) -> Array:
    """(sum of ranks + 1,) probability of each sum of the ranks with a positive sign, all signs being equally likely."""
    out = np.zeros(int(ranks.sum()) + 1)
    out[0] = 1.0
    for rank in ranks.tolist():
        moved = np.zeros_like(out)
        moved[rank:] = out[: len(out) - rank]
        out = (out + moved) / 2
    return out
