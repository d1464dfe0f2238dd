"""The mean with its confidence interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class MeanInterval(NamedTuple):
    """A mean, its confidence interval, and what it rests on.

    Attributes:
        mean: Mean of the finite values; NaN where there is none.
        low: Lower end; NaN for fewer than two values.
        high: Upper end; NaN for fewer than two values.
        n: Number of finite values.
        n_dropped: Number of values left out because they are not finite.
    """

    mean: float
    low: float
    high: float
    n: int
    n_dropped: int


def mean_ci(values: ArrayLike, confidence: float = 0.95) -> MeanInterval:
    """Mean and Student t interval ``m -/+ t_{(1+confidence)/2, n-1} s / sqrt(n)``.

    Args:
        values: (n,) independent values; those that are not finite are left out and counted.
        confidence: Coverage of the interval.

    Returns:
        Mean, ends of the interval, n and the number left out.

    Example:
        >>> interval = mean_ci([1.0, 2.0, 3.0, float("nan")])
        >>> round(interval.low, 2), round(interval.high, 2), interval.n, interval.n_dropped
        (-0.48, 4.48, 3, 1)
    """
    from scipy.stats import t

    given = np.asarray(values, dtype=np.float64).ravel()
    kept = given[np.isfinite(given)]
    n, dropped = int(kept.size), int(given.size - kept.size)
    if n == 0:
        return MeanInterval(np.nan, np.nan, np.nan, 0, dropped)
    mean = float(kept.mean())
    if n == 1:
        return MeanInterval(mean, np.nan, np.nan, 1, dropped)
    half = float(t.ppf((1 + confidence) / 2, n - 1) * kept.std(ddof=1) / np.sqrt(n))
    return MeanInterval(mean, mean - half, mean + half, n, dropped)
