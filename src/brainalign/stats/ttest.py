"""One paired t-test as a row, and the rows of a declared family as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.stats.correction import bonferroni

TEST_COLUMNS = (
    "contrast", "a", "b", "score", "region", "n", "n_dropped", "mean_a", "mean_b", "mean_difference",
    "ci_low", "ci_high", "t", "df", "p", "p_bonferroni", "family_size", "family", "effect_size",
    "unit", "alpha", "reason",
)  # fmt: skip
"""Columns of every table of tests, in order. ``effect_size`` is Cohen's d_z, ``alpha`` sets the interval's
level (1 - alpha, not corrected), ``reason`` says why a test could not be done and is empty where it was."""


def paired_t(a: NDArray[np.float64], b: NDArray[np.float64], alpha: float) -> dict[str, Any]:
    """Two-sided paired t-test of a against b, with interval and effect size.

    ``t = mean(d) / (sd(d) / sqrt(n))`` with d = a - b and n - 1 degrees of freedom; ``d_z = mean(d) / sd(d)``
    (Lakens 2013, doi:10.3389/fpsyg.2013.00863).

    Args:
        a: (n,) values; a pair with a value that is not finite is left out and counted.
        b: (n,) values of the same units in the same order.
        alpha: 1 - alpha is the level of the confidence interval.

    Returns:
        The columns n, n_dropped, mean_a, mean_b, mean_difference, ci_low, ci_high, t, df, p, effect_size and
        reason. Where n < 2 or the difference is constant, the test's numbers are NaN and ``reason`` says why.

    Example:
        >>> row = paired_t(np.array([1.0, 2.0, 4.0]), np.zeros(3), alpha=0.05)
        >>> row["n"], row["df"], round(row["t"], 3)
        (3, 2.0, 2.646)
    """
    kept = np.isfinite(a) & np.isfinite(b)
    x, y = a[kept], b[kept]
    n = int(kept.sum())
    row: dict[str, Any] = {"n": n, "n_dropped": int(len(a) - n), "reason": ""}
    row |= dict.fromkeys(("mean_a", "mean_b", "mean_difference"), np.nan)
    row |= dict.fromkeys(("ci_low", "ci_high", "t", "df", "p", "effect_size"), np.nan)
    if n:
        row |= {
            "mean_a": float(x.mean()),
            "mean_b": float(y.mean()),
            "mean_difference": float((x - y).mean()),
        }
    if n < 2:
        return row | {"reason": f"{n} complete observation{'' if n == 1 else 's'}, at least 2 are needed"}
    difference = x - y
    # Equal differences of rounded numbers are equal to within a few units in the last place, no more.
    if np.ptp(difference) <= 16 * np.finfo(np.float64).eps * max(np.abs(x).max(), np.abs(y).max()):
        return row | {"reason": f"the difference is the same in all {n} observations"}
    from scipy.stats import ttest_rel

    test = ttest_rel(x, y)
    interval = test.confidence_interval(1 - alpha)
    return row | {
        "ci_low": float(interval.low),
        "ci_high": float(interval.high),
        "t": float(test.statistic),
        "df": float(test.df),
        "p": float(test.pvalue),
        "effect_size": float(difference.mean() / difference.std(ddof=1)),
    }


def family_table(rows: Sequence[dict[str, Any]], *, family: str, alpha: float) -> pd.DataFrame:
    """The rows of one declared family as a table, Bonferroni-corrected over all of them.

    Args:
        rows: One mapping a declared test, those that could not be done included.
        family: What the correction runs over, in words.
        alpha: Level that the intervals were made for.

    Returns:
        A table with ``TEST_COLUMNS``; without rows where none was declared.

    Example:
        >>> row = paired_t(np.array([1.0, 2.0, 4.0]), np.zeros(3), alpha=0.05)
        >>> table = family_table([row, row], family="two of a kind", alpha=0.05)
        >>> bool((table.p_bonferroni == 2 * table.p).all()), table.family_size.tolist()
        (True, [2, 2])
    """
    size = len(rows)
    table = pd.DataFrame(list(rows), columns=list(TEST_COLUMNS))
    table["family"], table["family_size"], table["alpha"] = family, size, alpha
    table["p_bonferroni"] = bonferroni(table["p"].to_numpy(dtype=np.float64), size)
    return table
