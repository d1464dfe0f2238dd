"""Correction of p-values for the number of tests that were declared."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def bonferroni(p: ArrayLike, family_size: int) -> NDArray[np.float64]:
    """Bonferroni-corrected p-values: ``min(1, p * family_size)``; NaN stays NaN.

    The size is that of the *declared* family. A test that could not be computed still counts, because leaving
    it out would let the correction depend on the data.

    Args:
        p: (n,) uncorrected p-values, NaN where nothing could be tested.
        family_size: Number of declared tests, at least n.

    Returns:
        (n,) corrected p-values.

    Raises:
        ValueError: The family is smaller than the number of p-values.

    Example:
        >>> bonferroni([0.01, 0.4, float("nan")], family_size=4).tolist()
        [0.04, 1.0, nan]
    """
    values = np.asarray(p, dtype=np.float64)
    if family_size < values.size:
        raise ValueError(f"family_size is {family_size} but there are {values.size} p-values; it counts them all.")
    return np.minimum(1.0, values * family_size)
