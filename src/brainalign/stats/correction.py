"""Correction of p-values for the number of tests that were declared."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def bonferroni(p: ArrayLike, family_size: int) -> Array:
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
    values = _checked(p, family_size)
    return np.minimum(1.0, values * family_size)


def holm(p: ArrayLike, family_size: int) -> Array:
    """Holm's step-down correction: the i-th smallest p times (family_size - i + 1), made monotone; NaN counts as 1.

    It controls the family-wise error under any dependence, as Bonferroni does, and rejects no less (Holm 1979).

    Args:
        p: (n,) uncorrected p-values, NaN where nothing could be tested.
        family_size: Number of declared tests, at least n.

    Returns:
        (n,) corrected p-values; NaN stays NaN.

    Example:
        >>> holm([0.01, 0.04, 0.03], family_size=3).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    values = _checked(p, family_size)
    order = np.argsort(np.where(np.isnan(values), 1.0, values), kind="stable")
    factor = family_size - np.arange(len(values))
    return _back(values, order, np.maximum.accumulate(np.nan_to_num(values[order], nan=1.0) * factor))


def fdr(p: ArrayLike, family_size: int) -> Array:
    """Benjamini and Hochberg's false discovery rate: the i-th smallest p times family_size / i, made monotone; NaN counts as 1.

    Args:
        p: (n,) uncorrected p-values, NaN where nothing could be tested.
        family_size: Number of declared tests, at least n.

    Returns:
        (n,) corrected p-values; NaN stays NaN.

    Example:
        >>> fdr([0.01, 0.04, 0.03], family_size=3).round(3).tolist()
        [0.03, 0.04, 0.04]
    """
    values = _checked(p, family_size)
    order = np.argsort(np.where(np.isnan(values), 1.0, values), kind="stable")
    raised = np.nan_to_num(values[order], nan=1.0) * family_size / (1 + np.arange(len(values)))
    return _back(values, order, np.minimum.accumulate(raised[::-1])[::-1])


def _checked(p: ArrayLike, family_size: int) -> Array:
    values = np.asarray(p, dtype=np.float64)
    if family_size < values.size:
        raise ValueError(f"family_size is {family_size} but there are {values.size} p-values; it counts them all.")
    return values


def _back(values: Array, order: NDArray[np.intp], corrected: Array) -> Array:
    """Corrected p-values of sorted tests in the tests' own order."""
    out = np.empty(len(values))
    out[order] = np.minimum(1.0, corrected)
    return np.where(np.isnan(values), np.nan, out)
