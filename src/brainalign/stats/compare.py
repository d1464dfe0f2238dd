"""All tests of declared contrasts in one tidy table: one row a (test, contrast, region)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from brainalign.errors import nearest
from brainalign.stats.correction import bonferroni, fdr, holm
from brainalign.stats.mixed import mixed_differences
from brainalign.stats.pairing import label_values, pair_sides, unit_name
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
    "family_size", "family", "effect_size", "effect_low", "effect_high", "unit", "alpha", "primary", "reason",
)  # fmt: skip
"""Columns of every table of tests, in order. ``effect_size`` is Cohen's d_z, ``effect_low`` and
``effect_high`` its interval (not of ``mixed``, for which there is none in closed form); ``alpha`` sets the level of both intervals
(1 - alpha, not corrected), ``reason`` says why a test could not be done, or what limits it; else it is empty."""


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
    labels = dict.fromkeys(label for pair in contrasts for label in pair if label != ZERO)
    sides = {label: label_values(scores, label, by=by, score=score) for label in labels}
    declared = [_contrast(a, b, sides, regions, by) for a, b in contrasts]
    makers = {"paired_t": _paired_t, "sign_flip": _sign_flip, "mixed": _mixed}
    tables = []
    for test in tests:
        rows = makers[test](declared, alpha)
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


@dataclass(frozen=True)
class Cell:
    """The complete pairs of a contrast within a region.

    Attributes:
        a, b, region: Which.
        subjects: (n,) participant of each pair.
        value_a, value_b, difference: (n,) each.
        dropped: Pairs that are not complete.
    """

    a: str
    b: str
    region: str
    subjects: NDArray[np.object_]
    value_a: NDArray[np.float64]
    value_b: NDArray[np.float64]
    difference: NDArray[np.float64]
    dropped: int

    @property
    def size(self) -> float:
        """Largest value behind the differences: what their rounding is measured by."""
        return float(max(np.abs(self.value_a).max(initial=0.0), np.abs(self.value_b).max(initial=0.0)))

    def head(self) -> dict[str, Any]:
        """What its row has, whatever the test."""
        return {
            "contrast": f"{self.a} - {self.b}", "a": self.a, "b": self.b, "region": self.region, "n": len(self.difference),
            "n_participants": len(set(self.subjects)), "n_dropped": self.dropped, "mean_a": _mean(self.value_a),
            "mean_b": _mean(self.value_b), "mean_difference": _mean(self.difference), "reason": "",
        }  # fmt: skip


@dataclass(frozen=True)
class Contrast:
    """A declared contrast: a cell a region, and what one value of it stands for."""

    unit: str
    cells: list[Cell]


Declared = Sequence[Contrast]


def _contrast(a: str, b: str, sides: Mapping[str, pd.DataFrame], regions: Sequence[str], by: str) -> Contrast:
    nothing = sides[a].assign(value=0.0)  # what b = "0" stands for
    pairs = pair_sides(a, b, sides[a], nothing if b == ZERO else sides[b], by)
    values = pairs[["value_a", "value_b"]].to_numpy(dtype=np.float64)
    difference = values[:, 0] - values[:, 1]
    complete, where, who = np.isfinite(difference), pairs["region"].to_numpy(), pairs["subject"].to_numpy(dtype=object)
    cells = []
    for region in regions:
        inside = where == region
        kept = inside & complete
        mine = (who[kept], values[kept, 0], values[kept, 1], difference[kept])
        cells.append(Cell(a, b, region, *mine, dropped=int(inside.sum() - kept.sum())))
    return Contrast(unit_name(pairs), cells)


def _paired_t(declared: Declared, alpha: float) -> list[dict[str, Any]]:
    return [
        cell.head() | {"unit": contrast.unit} | t_row(cell.difference, alpha, cell.size)
        for contrast in declared
        for cell in contrast.cells
    ]


def _participants(declared: Declared) -> NDArray[np.float64]:
    """(participants, contrasts x regions) their mean differences; NaN where one has no part."""
    cells = [cell for contrast in declared for cell in contrast.cells]
    subjects = {s: k for k, s in enumerate(dict.fromkeys(s for cell in cells for s in cell.subjects))}
    means = np.full((len(subjects), len(cells)), np.nan)
    for column, cell in enumerate(cells):
        for subject in dict.fromkeys(cell.subjects):
            means[subjects[subject], column] = cell.difference[cell.subjects == subject].mean()
    return means


def _sign_flip(declared: Declared, alpha: float) -> list[dict[str, Any]]:
    if not declared:
        return []
    means = _participants(declared)
    found = sign_flip(means)
    cells = [cell for contrast in declared for cell in contrast.cells]
    return [
        cell.head()
        | t_row(means[:, j], alpha, cell.size)
        | {
            "unit": "participants",
            "mean_difference": _mean(means[:, j]),
            "p": found.p[j],
            "p_max": found.p_max[j],
            "smallest_p": found.smallest[j],
        }
        | {"reason": _why(found, j)}
        for j, cell in enumerate(cells)
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


def _mixed(declared: Declared, alpha: float) -> list[dict[str, Any]]:
    rows = []
    for contrast in declared:
        fit = mixed_differences(
            np.concatenate([cell.difference for cell in contrast.cells]),
            np.concatenate([cell.subjects for cell in contrast.cells]),
            np.repeat([cell.region for cell in contrast.cells], [len(cell.difference) for cell in contrast.cells]),
        )
        means = _participants([contrast])
        for cell, own in zip(contrast.cells, means.T, strict=True):
            row = cell.head()
            participants = int(np.isfinite(own).sum())
            if cell.region not in fit.effect or participants < 2:
                row |= {"unit": "participants", "mean_difference": _mean(own)} | t_row(own, alpha, cell.size)
                instead = "" if fit.effect else f"{fit.reason}: participants' mean differences instead"
                row["reason"] = "; ".join(filter(None, (instead, row["reason"])))
                rows.append(row)
                continue
            effect, error = fit.effect[cell.region]
            df = participants - 1
            half = float(stdtrit(df, 1 - alpha / 2)) * error
            spread = float(cell.difference.std(ddof=1)) if len(cell.difference) > 1 else np.nan
            row |= {
                "unit": "mixed model", "mean_difference": effect, "ci_low": effect - half, "ci_high": effect + half, "t": effect / error,
                "df": float(df), "p": float(2 * stdtr(df, -abs(effect / error))),
                "effect_size": effect / spread if spread > 0 else np.nan, "reason": fit.reason,
            }  # fmt: skip
            rows.append(row)
    return rows


def _mean(values: NDArray[np.float64]) -> float:
    """Mean of the finite values, NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")
