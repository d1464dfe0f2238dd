"""One t-test of differences as the columns of a row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit


def t_row(differences: NDArray[np.float64], alpha: float, size: float = 0.0) -> dict[str, Any]:
    """Two-sided t-test of mean 0, with interval and effect size.

    ``t = mean(d) / (sd(d) / sqrt(n))`` with n - 1 degrees of freedom; ``d_z = mean(d) / sd(d)``
    (Lakens 2013, doi:10.3389/fpsyg.2013.00863).

    Args:
        differences: (n,) independent values; those that are not finite are left out.
        alpha: 1 - alpha is the level of the confidence interval.
        size: Largest value that the differences were made of: differences that are equal up to its rounding count as equal.

    Returns:
        The columns ci_low, ci_high, t, df, p, effect_size and reason. Where n < 2 or the difference is constant, the
        test's numbers are NaN and ``reason`` says why.

    Example:
        >>> row = t_row(np.array([1.0, 2.0, 4.0]), alpha=0.05)
        >>> row["df"], round(float(row["t"]), 3)
        (2.0, 2.646)
    """
    d = differences[np.isfinite(differences)]
    row: dict[str, Any] = dict.fromkeys(("ci_low", "ci_high", "t", "df", "p", "effect_size"), np.nan)
    n = len(d)
    if n < 2:
        return row | {"reason": f"{n} complete observation{'' if n == 1 else 's'}, at least 2 are needed"}
    # Equal differences of rounded numbers are equal to within a few units in the last place, no more.
    if np.ptp(d) <= 16 * np.finfo(np.float64).eps * max(size, np.abs(d).max()):
        return row | {"reason": f"the difference is the same in all {n} observations"}
    mean, deviation = float(d.mean()), float(d.std(ddof=1))
    error, df = deviation / np.sqrt(n), float(n - 1)
    half = float(stdtrit(df, 1 - alpha / 2)) * error
    return row | {
        "ci_low": mean - half,
        "ci_high": mean + half,
        "t": mean / error,
        "df": df,
        "p": float(2 * stdtr(df, -abs(mean / error))),
        "effect_size": mean / deviation,
        "reason": "",
    }
