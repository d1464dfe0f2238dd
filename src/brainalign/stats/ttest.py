"""One t-test of differences as the columns of a row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtrinc, stdtr, stdtrit

ROW = ("ci_low", "ci_high", "t", "df", "p", "effect_size", "effect_low", "effect_high")


def t_row(differences: NDArray[np.float64], alpha: float, size: float = 0.0) -> dict[str, Any]:
    """Two-sided t-test of mean 0, with interval and effect size.

    ``t = mean(d) / (sd(d) / sqrt(n))`` with n - 1 degrees of freedom; ``d_z = mean(d) / sd(d)``
    (Lakens 2013, doi:10.3389/fpsyg.2013.00863), whose interval is :func:`effect_interval`'s.

    Args:
        differences: (n,) independent values; those that are not finite are left out.
        alpha: 1 - alpha is the level of the confidence interval.
        size: Largest value that the differences were made of: differences that are equal up to its rounding count as equal.

    Returns:
        The columns ROW and reason. Where n < 2 or the difference is constant, the test's numbers are NaN and ``reason`` says why.

    Example:
        >>> row = t_row(np.array([1.0, 2.0, 4.0]), alpha=0.05)
        >>> row["df"], round(float(row["t"]), 3)
        (2.0, 2.646)
        >>> [round(float(row[key]), 2) for key in ("effect_size", "effect_low", "effect_high")]
        [1.53, -0.3, 3.27]
    """
    d = differences[np.isfinite(differences)]
    row: dict[str, Any] = dict.fromkeys(ROW, np.nan)
    n = len(d)
    if n < 2:
        return row | {"reason": f"{n} complete observation{'' if n == 1 else 's'}, at least 2 are needed"}
    # Equal differences of rounded numbers are equal to within a few units in the last place, no more.
    if np.ptp(d) <= 16 * np.finfo(np.float64).eps * max(size, np.abs(d).max()):
        return row | {"reason": f"the difference is the same in all {n} observations"}
    mean, deviation = float(d.mean()), float(d.std(ddof=1))
    error, df = deviation / np.sqrt(n), float(n - 1)
    half = float(stdtrit(df, 1 - alpha / 2)) * error
    effect_low, effect_high = effect_interval(mean / error, n, alpha)
    return row | {
        "ci_low": mean - half,
        "ci_high": mean + half,
        "t": mean / error,
        "df": df,
        "p": float(2 * stdtr(df, -abs(mean / error))),
        "effect_size": mean / deviation,
        "effect_low": effect_low,
        "effect_high": effect_high,
        "reason": "",
    }


def effect_interval(t: float, n: int, alpha: float) -> tuple[float, float]:
    """Confidence interval of d_z of independent normal differences, exact.

    sqrt(n) d_z is the non-centrality of t with n - 1 degrees of freedom: its ends are those under which a t as large, or as small, as
    the observed one has a chance of alpha / 2 (Steiger and Fouladi 1997; Cumming and Finch 2001, doi:10.1177/0013164401614002).

    Args:
        t: Of the paired t-test.
        n: Differences.
        alpha: 1 - alpha is the level.

    Example:
        >>> low, high = effect_interval(2.83, 127, 0.05)
        >>> round(low, 3), round(high, 3)
        (0.074, 0.427)
    """
    low, high = nctdtrinc(n - 1, [1 - alpha / 2, alpha / 2], t) / np.sqrt(n)
    return float(low), float(high)
