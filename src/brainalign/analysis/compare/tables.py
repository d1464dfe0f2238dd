"""analysis=compare: the scores of earlier runs side by side, electrode by electrode, with tests between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import pandas as pd

from brainalign.counts import ends
from brainalign.errors import BrainalignError, nearest
from brainalign.figures import brain_map, layer_profile, model_scatter, region_bars, score_distribution
from brainalign.figures.brain import located
from brainalign.notes import changes
from brainalign.stats import compare as compare_scores
from brainalign.stats import electrodes_ci
from brainalign.stats.interval import FEWEST
from brainalign.study.outcome import Outcome
from brainalign.study.result import AnalysisResult
from brainalign.study.sentences import SCORES, against, sentence, value
from brainalign.study.summary import add_tests

KEYS = ["subject", "electrode"]

MOST, BRACKETS, MAPS = 8, 6, 4
"""Runs, pairs of runs, and maps of runs that a figure has room for."""


def compare(
    scores: Mapping[str, pd.DataFrame],
    outcome: Outcome,
    against: str | None,
    layers: Mapping[str, pd.DataFrame] | None = None,
) -> AnalysisResult:
    """Pair electrodes across runs, and test every pair of runs, or each against one.

    Args:
        scores: Run's label -> the scores table of its model, one row an electrode under the outcome's rule.
        outcome: Score, test and correction.
        against: Label that the others are held against; None = every pair.
        layers: Run's label -> the layer table of its model, of those runs that have one.

    Returns:
        Tables scores (column ``model`` is the run's label), tests and layers; layers by depth under the noise ceiling, bars by region
        over electrodes, over participants and of normalised scores, brain maps, distributions, a scatter of two.

    Raises:
        BrainalignError: Fewer than two runs, an unknown label, or runs that have no electrode in common.
    """
    labels = list(scores)
    check_labels(labels, against)
    table = pd.concat([own.assign(model=label) for label, own in scores.items()], ignore_index=True)
    result = AnalysisResult(tables={"scores": table})
    common = set.intersection(*({tuple(row) for row in own[KEYS].to_numpy()} for own in scores.values()))
    if not common:
        raise BrainalignError(
            f"the runs {labels[0]} and {labels[1]} have no electrode in common; compare runs of the same electrodes."
        )
    dropped = {label: len(own) - len(common) for label, own in scores.items() if len(own) > len(common)}
    if dropped:
        told = ", ".join(f"{label} {n}" for label, n in dropped.items())
        result.warnings.append(changes(f"Electrodes that not all runs have take part in no test: {told}."))
    regions = list(dict.fromkeys(table["region"]))
    tests = compare_scores(
        table, contrasts_of(labels, against), regions=regions, family="runs x regions", score=outcome.score, primary=outcome.test,
        correction=outcome.correction,
    )  # fmt: skip
    noun = "electrode"
    for label, own in scores.items():
        mean = electrodes_ci(own[outcome.score], own["subject"])
        result.metrics[f"{outcome.score}/{label}/mean"] = mean.mean
        for region, inside in own.groupby("region", sort=False):
            result.metrics[f"region/{region}/{outcome.score}/{label}/mean"] = float(inside[outcome.score].mean())
        result.summary.append(
            (
                f"{label}: mean {SCORES[outcome.score]} over {mean.n} {noun}s [{mean.over(noun)}]",
                f"{mean.mean:.3f}{ends(mean.low, mean.high)}",
            )
        )
    add_tests(result, tests, noun)
    result.found = _found(table, tests, labels, outcome.score)
    drawn = _drawn(table, labels, against, outcome.score)
    if len(drawn) < len(labels):
        result.warnings.append(
            f"Figures show {len(drawn)} of the {len(labels)} runs, those of the highest mean {SCORES[outcome.score]}; the tables have all."
        )
        tests = tests[tests["a"].isin(drawn) & tests["b"].isin(drawn)]
    if tests.groupby(["a", "b"]).ngroups > BRACKETS:
        tests = tests.iloc[:0]
        result.warnings.append(
            "Figures have no brackets, so many would hide the bars; the table of tests has every pair."
        )
    inside = table[table["model"].isin(drawn)]
    result.figures["region_bars"] = region_bars(inside, tests, outcome.score, order=drawn)
    _add_layers(result, layers or {}, inside, outcome.score, drawn)
    _add_participants(result, inside, outcome.score, drawn)
    if outcome.normalized in inside and inside[outcome.normalized].notna().any():
        result.figures["region_bars_normalized"] = region_bars(inside, None, outcome.normalized, order=drawn)
    if located(inside).any():
        most = drawn[:MAPS]
        result.figures["brain_map"] = brain_map(inside[inside["model"].isin(most)], outcome.score, order=most)
    result.figures["score_distribution"] = score_distribution(inside, outcome.score, order=drawn)
    if len(labels) == 2:
        result.figures["model_scatter"] = model_scatter(table, labels[0], labels[1], outcome.score)
    return result


def _add_layers(
    result: AnalysisResult, layers: Mapping[str, pd.DataFrame], scores: pd.DataFrame, score: str, drawn: Sequence[str]
) -> None:
    """The table of layers, and the figure of those runs that have several, under the ceiling of the electrodes compared."""
    if not layers:
        return
    table = pd.concat([own.assign(model=label) for label, own in layers.items()], ignore_index=True)
    result.tables["layers"] = table
    shown = table[table["model"].isin(drawn)]
    if score in shown and (shown.groupby("model")["layer"].nunique() > 1).any():
        once = scores.drop_duplicates(KEYS)
        ceiling = electrodes_ci(once["ceiling"], once["subject"]) if score == "r2" else None
        ceiling = ceiling if ceiling is not None and ceiling.n else None
        result.figures["layer_profile"] = layer_profile(shown, score, order=drawn, relative=True, ceiling=ceiling)


def _add_participants(result: AnalysisResult, scores: pd.DataFrame, score: str, drawn: Sequence[str]) -> None:
    """Bars of participants' means, a dot a participant: where electrodes are many, dots of them say little of people."""
    if scores["subject"].nunique() < FEWEST:
        return
    columns = [column for column in (score, f"{score}_planted") if column in scores]
    means = scores.groupby(["model", "region", "subject"], sort=False, as_index=False)[columns].mean()
    means = means.assign(electrode=means["subject"] + " " + means["region"])
    result.figures["region_bars_participants"] = region_bars(means, None, score, order=drawn, noun="participant")


def _found(table: pd.DataFrame, tests: pd.DataFrame, labels: Sequence[str], score: str) -> str:
    """Which run scores highest, and how it stands to the next ones."""
    means = table.groupby("model")[score].mean().sort_values(ascending=False)
    best, *others = map(str, means.index)
    mine = table[table["model"] == best]
    told = value(electrodes_ci(mine[score], mine["subject"]), "electrode")
    tested = (against(tests, best, other) or against(tests, other, best) for other in others[:3])
    return sentence([f"Of {len(labels)} runs {best} has the highest mean {SCORES[score]}, {told}", *tested])


def _drawn(table: pd.DataFrame, labels: Sequence[str], against: str | None, score: str) -> list[str]:
    """The labels that a figure has room for, in their order: the highest means, and what the others are held against."""
    means = table.groupby("model")[score].mean().sort_values(ascending=False)
    chosen = dict.fromkeys([*([against] if against else []), *means.index])
    kept = set(list(chosen)[:MOST])
    return [label for label in labels if label in kept]


def check_labels(labels: Sequence[str], against: str | None) -> None:
    """Two runs at least, and ``against`` one of them.

    Raises:
        BrainalignError: Otherwise.
    """
    if len(labels) < 2:
        raise BrainalignError(f"analysis=compare found one run ({labels[0]}); at least 2 are needed.")
    if against is not None and against not in labels:
        raise BrainalignError(f"analysis.against={against!r} is none of the runs; {nearest(against, labels)}")


def contrasts_of(labels: Sequence[str], against: str | None) -> list[tuple[str, str]]:
    """Each label against one, or every pair."""
    if against is not None:
        return [(label, against) for label in labels if label != against]
    return list(combinations(labels, 2))
