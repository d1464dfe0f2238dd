"""Samples that are missing: bridged before a filter, and marked again after it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bridge(rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Put a line, or the nearest value at an end, in place of what is not finite; in place.

    Args:
        rows: (c, T); a row with fewer than two finite samples becomes 0.

    Returns:
        (c, T) whether a sample was missing; all of a row that became 0.

    Example:
        >>> x = np.array([[1.0, np.nan, 3.0, np.nan]])
        >>> bridge(x), x
        (array([[False,  True, False,  True]]), array([[1., 2., 3., 3.]]))
    """
    missing = ~np.isfinite(rows)
    for c in np.flatnonzero(missing.any(axis=1)):
        known = np.flatnonzero(~missing[c])
        if len(known) < 2:
            missing[c] = True
            rows[c] = 0.0
        else:
            gaps = np.flatnonzero(missing[c])
            rows[c, gaps] = np.interp(gaps, known, rows[c, known])
    return missing


def near(mask: NDArray[np.bool_], margin: int, step: int = 1) -> NDArray[np.bool_]:
    """Whether anything is marked within a margin of every ``step``-th sample.

    Args:
        mask: (c, T).
        margin: Samples on either side.
        step: Samples.

    Returns:
        (c, ceil(T / step)).

    Example:
        >>> near(np.array([[False, False, False, True, False]]), 1).astype(int)
        array([[0, 0, 1, 1, 1]])
    """
    length = mask.shape[1]
    counts = np.cumsum(np.pad(mask, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    at = np.arange(0, length, step)
    return np.asarray(counts[:, np.minimum(at + margin + 1, length)] > counts[:, np.maximum(at - margin, 0)])
