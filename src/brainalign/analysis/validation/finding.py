"""Finding: one truth of the simulator beside what was recovered of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.stats import mean_ci


@dataclass(frozen=True)
class Finding:
    """One row of the table of validation.

    Attributes:
        check: What kind of truth: ``signal power``, ``layer``, ...
        what: Which one, in words.
        truth: Its value, as planted.
        found: What the pipeline found.
        low, high: 95 % interval of what was found.
        n: What it rests on.
        bound: What must hold, in words.
        holds: Whether it does.
    """

    check: str
    what: str
    truth: float
    found: float
    low: float
    high: float
    n: str
    bound: str
    holds: bool


def table(findings: Sequence[Finding]) -> pd.DataFrame:
    """One row a finding, the attributes as columns."""
    return pd.DataFrame([vars(f) for f in findings], columns=list(Finding.__annotations__))


def near(check: str, what: str, truth: float, values: NDArray[np.float64], tolerance: float, noun: str) -> Finding:
    """A mean that must lie within a tolerance of the truth.

    Args:
        check: See Finding.
        what: See Finding.
        truth: See Finding.
        values: (n,) independent values whose mean is the finding.
        tolerance: Largest difference.
        noun: What one value is.

    Example:
        >>> near("layer", "best", 3.0, np.array([3.0, 3.0, 2.9]), 0.1, "seed").holds
        True
    """
    mean = mean_ci(values)
    holds = bool(abs(mean.mean - truth) <= tolerance)
    return Finding(
        check, what, truth, mean.mean, mean.low, mean.high, f"{mean.n} {noun}s", f"within {tolerance:g}", holds
    )


def rate(check: str, what: str, truth: float, hits: int, n: int, noun: str, *, side: str) -> Finding:
    """A share of cases that must not lie above (or below) the truth by more than chance: one-sided binomial at .001.

    Args:
        check: See Finding.
        what: See Finding.
        truth: The share that is promised.
        hits: Cases.
        n: Out of how many.
        noun: What a case is.
        side: ``not above``, ``not below``, or ``above`` for what must fail.

    Example:
        >>> rate("null", "sign-flip", 0.05, 5, 100, "data set", side="not above").holds
        True
        >>> rate("null", "pooled t", 0.05, 40, 100, "data set", side="above").holds
        True
    """
    from scipy.stats import binomtest

    exact = binomtest(hits, n, truth)
    interval = exact.proportion_ci(0.95)
    tail = "less" if side == "not below" else "greater"
    unusual = bool(binomtest(hits, n, truth, alternative=tail).pvalue < 0.001)
    holds = unusual if side == "above" else not unusual
    bound = f"{side} it, one-sided binomial at .001"
    return Finding(
        check, what, truth, hits / n, float(interval.low), float(interval.high), f"{n} {noun}s", bound, holds
    )
