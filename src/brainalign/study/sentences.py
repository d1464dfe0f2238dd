"""What a run found, in a sentence: effects with their intervals, what they are of the ceiling, and tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from brainalign.counts import ends
from brainalign.stats import ZERO, MeanInterval, electrodes_ci
from brainalign.study.study import Study

LEVEL = 0.05
"""Corrected p below which a difference is called one."""
SCORES = {"r": "r", "r2": "R²", "r2_pearson": "squared r"}
TESTS = {
    "sign_flip": "sign-flip test over participants",
    "mixed": "mixed model",
    "paired_t": "t-test over pooled electrodes",
}


def predicted(study: Study, shown: pd.DataFrame, label: str) -> str:
    """How well a model predicts, with an interval and the share of the noise ceiling.

    Args:
        study: Its outcome says which score is shown.
        shown: Scores as :meth:`Study.shown` has them.
        label: Of the model.
    """
    mean, over = _means(study, shown, label)
    share = f", {over.mean:.2f} of the noise ceiling where there is one" if over.n and over.mean > 0 else ""
    kind = SCORES[study.outcome.score]
    return f"{label} predicts held-out responses with a mean {kind} of {value(mean, study.noun)}{share}"


def parts_predicted(study: Study, shown: pd.DataFrame, model: str, parts: tuple[str, str]) -> str:
    """The same of two parts of a model, side by side.

    Args:
        study: Its outcome says which score is shown.
        shown: Scores as :meth:`Study.shown` has them.
        model: Its label.
        parts: As the labels of its parts end.
    """
    (one, over), (other, other_over) = (_means(study, shown, f"{model} {part}") for part in parts)
    both = over.n and other_over.n and min(over.mean, other_over.mean) > 0
    share = f", {over.mean:.2f} and {other_over.mean:.2f} of the noise ceiling where there is one" if both else ""
    first = f"{one.mean:.3f}{ends(one.low, one.high) if np.isfinite(one.low) else ''}"
    return (
        f"{model} {parts[0]} and {parts[1]} predict held-out responses with a mean {SCORES[study.outcome.score]} of "
        f"{first} and {value(other, study.noun)}{share}"
    )


def _means(study: Study, shown: pd.DataFrame, label: str) -> tuple[MeanInterval, MeanInterval]:
    """Mean score of a label's rows, and mean share of the noise ceiling."""
    mine, outcome = shown[shown["model"] == label], study.outcome
    mean, over = (electrodes_ci(mine[s], mine["subject"]) for s in (outcome.score, outcome.normalized))
    return mean, over


def against(tests: pd.DataFrame, a: str, b: str) -> str:
    """In how many regions one is above another, and below it, by the tests that figures show; empty where none was made.

    Args:
        tests: Of any families.
        a: Label of a model.
        b: Label of what it is held against, or :data:`brainalign.stats.ZERO`; r of a model is, whatever the score.
    """
    raw = tests["score"].isin(SCORES)
    mine = tests[raw & tests["primary"].astype(bool) & (tests["a"] == a) & (tests["b"] == b)]
    mine = mine.dropna(subset="p_corrected")
    if mine.empty:
        return ""
    sure, n = mine[mine["p_corrected"] < LEVEL], len(mine)
    above, below = (int((sign * sure["mean_difference"] > 0).sum()) for sign in (1, -1))
    test = TESTS[str(mine["test"].iloc[0])]
    if b == ZERO:
        if not len(sure):
            known = "is not told from 0 in the one region" if n == 1 else f"is told from 0 in none of {n} regions"
            return f"its r {known} ({test}, smallest corrected p {mine['p_corrected'].min():.2g})"
        where = "the one region" if n == 1 else f"{above or below} of {n} regions"
        return f"its r is {'above' if above else 'below'} 0 in {where} ({test}, corrected p < {LEVEL:g})"
    if not len(sure):
        where = "do not differ in the one region" if n == 1 else f"differ in none of {n} regions"
        return f"{a} and {b} {where} ({test}, smallest corrected p {mine['p_corrected'].min():.2g})"
    if n == 1:
        return f"{a} is {'above' if above else 'below'} {b} in the one region ({test}, corrected p < {LEVEL:g})"
    return f"{a} is above {b} in {above} of {n} regions and below it in {below} ({test}, corrected p < {LEVEL:g})"


def value(mean: MeanInterval, noun: str) -> str:
    """A mean with its interval and what that is over; no interval where there are too few values.

    Args:
        mean: With its interval.
        noun: What a value is called: electrode or channel.
    """
    if not np.isfinite(mean.low):
        return f"{mean.mean:.3f}"
    return f"{mean.mean:.3f}{ends(mean.low, mean.high)} ({mean.over(noun)})"


def sentence(clauses: Sequence[str]) -> str:
    """Clauses as one sentence; empty ones are left out.

    Args:
        clauses: Without a full stop.

    Example:
        >>> sentence(["gpt2 predicts", "", "mel does not"])
        'gpt2 predicts; mel does not.'
    """
    text = "; ".join(filter(None, clauses))
    return f"{text}." if text else ""
