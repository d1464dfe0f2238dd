"""All tests of declared contrasts in one tidy table: one row a (test, contrast, region)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.errors import nearest
from brainalign.stats.correction import bonferroni, fdr, holm
from brainalign.stats.mixed import mixed_differences
from brainalign.stats.pairing import label_values, pair_values, unit_name
from brainalign.stats.sign_flip import DRAWS, SignFlip, sign_flip
from brainalign.stats.ttest import t_row

TESTS = ("paired_t", "sign_flip", "mixed")
CORRECT = {"bonferroni": bonferroni, "holm": holm, "fdr": fdr}
CORRECTIONS = (*CORRECT, "max")
ZERO = "0"
"""The label b of a contrast against nothing."""

TEST_COLUMNS = (
    "test", "contrast", "a", "b", "score", "region", "n", "n_participants", "n_dropped", "mean_a", "mean_b", "mean_difference",
    "ci_low", "ci_high", "t", "df", "p", "p_bonferroni", "p_holm", "p_fdr", "p_max", "p_corrected", "correction", "smallest_p",
    "family_size", "family", "effect_size", "unit", "alpha", "primary", "reason",
)  # fmt: skip
"""Columns of every table of tests, in order. ``effect_size`` is Cohen's d_z, ``alpha`` sets the interval's
level (1 - alpha, not corrected), ``reason`` says why a test could not be done, or what limits it; else it is empty."""


def compare(
    scores: pd.DataFrame,
    contrasts: Sequence[tuple[str, str]],
    *,
    regions: Sequence[str],
    family: str,
    by: str = "model",
    score: str = "r",
    tests: Sequence[str] = TESTS,
    primary: str = "sign_flip",
    correction: str = "max",
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Two-sided tests of each contrast within each region, corrected over the declared family, contrasts x regions.

    Pairs are electrodes (participant, electrode) that both labels have.

    * ``paired_t``: t over electrodes, as Chen et al. 2024 test. Electrodes of one participant are not independent; the
      column ``unit`` says ``pooled electrodes`` where that matters.
    * ``sign_flip``: exact, over the participants' mean differences; with the maximum statistic over the family (``p_max``).
    * ``mixed``: random slopes by participant (:mod:`brainalign.stats.mixed`), t with participants - 1 degrees of freedom; where it
      cannot be fitted, the participants' mean differences, and ``unit`` and ``reason`` say so.

    The family is the declared one: a test that cannot be done has NaN and a reason, and still counts.

    Args:
        scores: Tidy scores table of one space and one layer rule: subject, electrode, region, ``by`` and ``score``.
        contrasts: Pairs (a, b) of values of the column ``by``; the difference is a - b. b = ``"0"`` tests a against 0.
        regions: The declared regions; one without electrodes stands with NaN and a reason.
        family: What the correction runs over, in words (``"models against mel x regions"``).
        by: Column that holds the labels.
        score: Column of the score.
        tests: Which of TESTS.
        primary: The test whose p figures show.
        correction: What ``p_corrected`` is: ``bonferroni``, ``holm``, ``max`` or ``fdr``. ``max`` exists for sign-flip tests;
            the others then have Bonferroni's, and the column ``correction`` says so.
        alpha: The confidence interval of the mean difference is at 1 - alpha, not corrected.

    Returns:
        A table with ``TEST_COLUMNS``; tests in turn, each in the declared order.

    Raises:
        BrainalignError: A column or label does not exist, or an electrode has several rows under one label.
        ValueError: A test or correction is unknown.

    Example:
        >>> table = pd.DataFrame({"electrode": ["e1", "e2", "e3"] * 2, "r": [0.3, 0.5, 0.4, 0.1, 0.1, 0.1]})
        >>> table = table.assign(model=["gpt2"] * 3 + ["mel"] * 3, subject="s1", region="STG")
        >>> found = compare(table, [("gpt2", "mel")], regions=["STG", "A1"], family="against mel", tests=["paired_t"])
        >>> found[["contrast", "region", "n", "family_size"]].to_numpy().tolist()
        [['gpt2 - mel', 'STG', 3, 2], ['gpt2 - mel', 'A1', 0, 2]]
        >>> float(found.p_bonferroni[0] / found.p[0])
        2.0
    """
    for name, valid in ((primary, TESTS), (correction, CORRECTIONS), *((t, TESTS) for t in tests)):
        if name not in valid:
            raise ValueError(f"{name!r} is unknown; {nearest(name, valid)}")
    declared = [(a, b, _pairs(scores, a, b, by, score)) for a, b in contrasts]
    makers = {"paired_t": _paired_t, "sign_flip": _sign_flip, "mixed": _mixed}
    tables = []
    for test in tests:
        rows = makers[test](declared, regions, alpha)
        table = pd.DataFrame([{"test": test, "score": score, **row} for row in rows], columns=list(TEST_COLUMNS))
        size, p = len(rows), table["p"].to_numpy(dtype=np.float64)
        used = "bonferroni" if correction == "max" and test != "sign_flip" else correction
        table["family"], table["family_size"], table["alpha"] = family, size, alpha
        table = table.assign(**{f"p_{name}": correct(p, size) for name, correct in CORRECT.items()})
        table["p_max"], table["smallest_p"] = table["p_max"].astype(np.float64), table["smallest_p"].astype(np.float64)
        table["p_corrected"], table["correction"] = table[f"p_{used}"], used
        table["reason"] = pd.Series(_with_limits(table, used, alpha), dtype=object)  # text, even without rows
        table["primary"] = test == primary
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


Declared = Sequence[tuple[str, str, pd.DataFrame]]


def _pairs(scores: pd.DataFrame, a: str, b: str, by: str, score: str) -> pd.DataFrame:
    """Both labels' values side by side, and their difference."""
    if b == ZERO:
        pairs = label_values(scores, a, by=by, score=score).rename(columns={"value": "value_a"}).assign(value_b=0.0)
    else:
        pairs = pair_values(scores, a, b, by=by, score=score)
    a_minus_b = pairs["value_a"].astype(np.float64) - pairs["value_b"].astype(np.float64)
    return pairs.assign(difference=a_minus_b.where(np.isfinite(a_minus_b)))


def _head(a: str, b: str, region: str, inside: pd.DataFrame) -> dict[str, Any]:
    """What every row of a contrast in a region has, whatever the test."""
    whole = inside.dropna(subset="difference")
    mean = {c: _mean(whole[c].to_numpy(dtype=np.float64)) for c in ("value_a", "value_b", "difference")}
    return {
        "contrast": f"{a} - {b}", "a": a, "b": b, "region": region, "n": len(whole), "n_participants": whole["subject"].nunique(),
        "n_dropped": len(inside) - len(whole), "mean_a": mean["value_a"], "mean_b": mean["value_b"],
        "mean_difference": mean["difference"], "reason": "",
    }  # fmt: skip


def _paired_t(declared: Declared, regions: Sequence[str], alpha: float) -> list[dict[str, Any]]:
    rows = []
    for a, b, pairs in declared:
        unit = unit_name(pairs)
        for region in regions:
            inside = pairs[pairs["region"] == region]
            given = inside["difference"].to_numpy(dtype=np.float64)
            rows.append(_head(a, b, region, inside) | {"unit": unit} | t_row(given, alpha, _size(inside)))
    return rows


def _participants(declared: Declared, regions: Sequence[str]) -> NDArray[np.float64]:
    """(participants, contrasts x regions) their mean differences; NaN where one has no part."""
    subjects = list(dict.fromkeys(s for _, _, pairs in declared for s in pairs["subject"]))
    columns = [
        pairs[pairs["region"] == region]
        .dropna(subset="difference")
        .groupby("subject")["difference"]
        .mean()
        .reindex(subjects)
        for _, _, pairs in declared
        for region in regions
    ]
    return np.stack([c.to_numpy(dtype=np.float64) for c in columns], axis=1) if columns else np.empty((0, 0))


def _sign_flip(declared: Declared, regions: Sequence[str], alpha: float) -> list[dict[str, Any]]:
    if not declared:
        return []
    means = _participants(declared, regions)
    found = sign_flip(means)
    places = [(a, b, pairs, region) for a, b, pairs in declared for region in regions]
    return [
        _head(a, b, region, inside := pairs[pairs["region"] == region])
        | t_row(means[:, j], alpha, _size(inside))
        | {
            "unit": "participants",
            "mean_difference": _mean(means[:, j]),
            "p": found.p[j],
            "p_max": found.p_max[j],
            "smallest_p": found.smallest[j],
        }
        | {"reason": _why(found, j)}
        for j, (a, b, pairs, region) in enumerate(places)
    ]


def _why(found: SignFlip, j: int) -> str:
    """What stands in the way of a sign-flip test, or that its flips were drawn."""
    n = int(found.n[j])
    if n < 2:
        return f"{n} participant{'' if n == 1 else 's'}, at least 2 are needed"
    if np.isnan(found.p[j]):
        return "the differences are all 0"
    return "" if found.exact else f"{DRAWS:,} random sign flips"


def _with_limits(table: pd.DataFrame, correction: str, alpha: float) -> list[str]:
    """The reasons of a family, with what so few participants cannot give: the smallest p that they could have, corrected."""
    smallest = table["smallest_p"].to_numpy(dtype=np.float64)
    least = smallest if correction == "max" else CORRECT[correction](smallest, len(table))
    limits = [
        f"with {n} participants no corrected p lies below {p:.3g}: {alpha:g} cannot be reached" if p > alpha else ""
        for n, p in zip(table["n_participants"], least, strict=True)
    ]
    return ["; ".join(filter(None, both)) for both in zip(table["reason"], limits, strict=True)]


def _mixed(declared: Declared, regions: Sequence[str], alpha: float) -> list[dict[str, Any]]:
    from scipy.stats import t as student

    rows = []
    means = _participants(declared, regions)
    for place, (a, b, pairs) in enumerate(declared):
        fit = mixed_differences(pairs[pairs["region"].isin(list(regions))].dropna(subset="difference"))
        for k, region in enumerate(regions):
            inside = pairs[pairs["region"] == region]
            row = _head(a, b, region, inside)
            own = means[:, place * len(regions) + k]
            participants = int(np.isfinite(own).sum())
            if region not in fit.effect or participants < 2:
                row |= {"unit": "participants", "mean_difference": _mean(own)} | t_row(own, alpha, _size(inside))
                instead = "" if fit.effect else f"{fit.reason}: participants' mean differences instead"
                row["reason"] = "; ".join(filter(None, (instead, row["reason"])))
                rows.append(row)
                continue
            effect, error = fit.effect[region]
            df = participants - 1
            half = float(student.ppf(1 - alpha / 2, df)) * error
            given = inside["difference"].dropna().to_numpy(dtype=np.float64)
            spread = float(given.std(ddof=1)) if len(given) > 1 else np.nan
            row |= {
                "unit": "mixed model", "mean_difference": effect, "ci_low": effect - half, "ci_high": effect + half, "t": effect / error,
                "df": float(df), "p": float(2 * student.sf(abs(effect / error), df)),
                "effect_size": effect / spread if spread > 0 else np.nan, "reason": fit.reason,
            }  # fmt: skip
            rows.append(row)
    return rows


def _mean(values: NDArray[np.float64]) -> float:
    """Mean of the finite values, NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def _size(inside: pd.DataFrame) -> float:
    """Largest value behind the differences: what their rounding is measured by."""
    whole = inside.dropna(subset="difference")
    return float(np.abs(whole[["value_a", "value_b"]].to_numpy(dtype=np.float64)).max(initial=0.0))
