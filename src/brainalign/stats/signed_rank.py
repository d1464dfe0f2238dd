"""Wilcoxon's signed-rank test over participants, for many differences at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def signed_rank(differences: Array) -> Array:
    """Two-sided p of Wilcoxon's signed-rank test that differences are symmetric about 0 (SciPy's).

    Exact up to 50 participants without ties; differences of 0 are left out, as Wilcoxon did. With n participants the smallest
    attainable p is ``2 / 2^n``.

    Args:
        differences: (participants, tests); NaN where a participant has no part in a test.

    Returns:
        (tests,) NaN with fewer than two participants; 1 where all differences are 0: nothing speaks against the null.

    Example:
        >>> signed_rank(np.array([[1.0, 0.0], [2.0, 0.0], [1.5, 0.0], [0.5, 0.0]]))
        array([0.125, 1.   ])
    """
    from scipy.stats import wilcoxon

    d = np.asarray(differences, dtype=np.float64)
    out = np.full(d.shape[1], np.nan)
    known = np.isfinite(d)
    enough = known.sum(axis=0) >= 2
    same = enough & (np.where(known, d, 0.0) == 0).all(axis=0)
    out[same] = 1.0
    # tests with the same participants and no zeros go through SciPy together
    plain = enough & known.all(axis=0) & (d != 0).all(axis=0)
    if plain.any():
        out[plain] = wilcoxon(d[:, plain], axis=0).pvalue
    for test in np.flatnonzero(enough & ~same & ~plain):
        own = d[known[:, test], test]
        out[test] = wilcoxon(own[own != 0]).pvalue if (own != 0).sum() > 1 else 1.0
    return out
