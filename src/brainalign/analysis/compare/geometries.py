"""analysis=compare over runs of analysis=geometry: what each found side by side, with intervals and tests between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from brainalign.analysis.compare.tables import MOST, check_labels, contrasts_of
from brainalign.analysis.geometry.inference import over_stimuli
from brainalign.analysis.geometry.report import IN_SAMPLE, MEASURE_NAMES
from brainalign.counts import count, ends
from brainalign.figures import geometry_runs
from brainalign.stats import compare as compare_scores
from brainalign.study.outcome import Outcome
from brainalign.study.result import AnalysisResult
from brainalign.study.summary import add_tests

TABLES = ("geometry", "geometry_pairs", "geometry_regions", "geometry_profiles", "geometry_means", "geometry_chosen")
"""What a run of geometry leaves; those with regions only where there were electrodes enough."""


@dataclass(frozen=True)
class GeometryRun:
    """One run's numbers.

    Attributes:
        model: Its own model; partner and baseline stand in the tables as well.
        tables: Those of TABLES that it has.
    """

    model: str
    tables: Mapping[str, pd.DataFrame]


def compare_geometry(runs: Mapping[str, GeometryRun], outcome: Outcome, against: str | None) -> AnalysisResult:
    """Similarities of pairs of models and of models with regions, run by run, and tests of the runs' own models.

    Args:
        runs: Run's label -> its numbers.
        outcome: Correction, where the test is ``sign_flip``.
        against: Label that the others are held against; None = every pair.

    Returns:
        The runs' tables with a column ``run``, pairs of models with their intervals, tests over participants; a figure a measure.

    Raises:
        BrainalignError: Fewer than two runs, or an unknown label.
    """
    check_labels(list(runs), against)
    result = AnalysisResult()
    for name in TABLES:
        own = [run.tables[name].assign(run=label) for label, run in runs.items() if name in run.tables]
        if own := [table for table in own if len(table)]:
            joint = pd.concat(own, ignore_index=True)
            result.tables[name] = joint[["run", *joint.columns.drop("run")]]
    sets = {label: tuple(dict.fromkeys(run.tables["geometry"]["measure"])) for label, run in runs.items()}
    if len({frozenset(s) for s in sets.values()}) > 1:
        told = "; ".join(f"{label}: {', '.join(MEASURE_NAMES[m] for m in own)}" for label, own in sets.items())
        result.warnings.append(f"Runs differ in their measures, and are tested by those that all have ({told}).")
    if "geometry_pairs" in result.tables:
        _pairs(result)
    if "geometry_means" in result.tables:
        _regions(result, {label: run.model for label, run in runs.items()}, outcome, contrasts_of(list(runs), against))
    else:
        result.warnings.append("No run has regions with electrodes enough: models are compared with each other alone.")
    return result


def _pairs(result: AnalysisResult) -> None:
    """Pairs of models: their intervals, a line and a metric each, and a figure a measure."""
    table = result.tables["geometry_pairs"]
    low, high = over_stimuli(table["best"].to_numpy(), table["se"].to_numpy())
    fitted = table["measure"].isin(IN_SAMPLE)
    place = table["model_a"] + " x " + table["model_b"]
    table = table.assign(low=np.where(fitted, np.nan, low), high=np.where(fitted, np.nan, high), place=place)
    result.tables["geometry_pairs"] = table
    for row in table.itertuples():
        result.metrics[f"geometry/{row.measure}/{row.place}/{row.run}/best"] = row.best
        if row.measure in IN_SAMPLE:
            continue
        result.summary.append(
            (
                f"{row.run}: {row.place}, {MEASURE_NAMES[str(row.measure)]}",
                f"{row.best:.3f}{ends(row.low, row.high)} in layers {row.layer_a} and {row.layer_b}; {row.nested:.3f} where "
                f"layers are chosen on other stimuli; unrelated Gaussians {row.random:.3f}",
            )
        )
    _figures(result, table.rename(columns={"best": "value"}), "pairs")


def _regions(
    result: AnalysisResult, models: Mapping[str, str], outcome: Outcome, contrasts: Sequence[tuple[str, str]]
) -> None:
    """The runs' own models with regions: lines, metrics, tests over participants, and a figure a measure."""
    means, chosen = (
        table[table["model"] == table["run"].map(models)]
        for table in (result.tables["geometry_means"], result.tables["geometry_chosen"])
    )
    for row in means.itertuples():
        result.metrics[f"region/{row.region}/geometry/{row.measure}/{row.run}/mean"] = row.mean
        result.summary.append(
            (
                f"{row.run}: {row.model} with {row.region}, {MEASURE_NAMES[str(row.measure)]}",
                f"{row.mean:.3f}{ends(row.low, row.high)} over {count(row.n_participants, 'participant')}, layer chosen on other "
                "stimuli",
            )
        )
    for measure, own in chosen.groupby("measure", sort=False):
        here = set(own["run"])
        pairs = [(a, b) for a, b in contrasts if {a, b} <= here]
        if not pairs or own["subject"].nunique() < 2:
            continue
        score = f"geometry/{measure}"
        shown = (
            own.drop(columns="model").rename(columns={"run": "model", "value": score}).assign(electrode=own["region"])
        )
        tests = compare_scores(
            shown, pairs, regions=list(dict.fromkeys(own["region"])), family="runs x regions", score=score, tests=("sign_flip",),
            primary="sign_flip", correction=outcome.correction if outcome.test == "sign_flip" else "max",
        )  # fmt: skip
        add_tests(result, tests, "participant")
    _figures(result, means.rename(columns={"mean": "value", "region": "place"}), "regions")


def _figures(result: AnalysisResult, table: pd.DataFrame, what: str) -> None:
    """A figure a measure, of as many runs as there is room for."""
    drawn = list(dict.fromkeys(table["run"]))
    if len(drawn) > MOST:
        result.warnings.append(
            f"Figures of {what} show the first {MOST} of the {len(drawn)} runs; the tables have all."
        )
    inside = table[table["run"].isin(drawn[:MOST])]
    for measure, own in inside.groupby("measure", sort=False):
        result.figures[f"geometry_{what}_{measure}"] = geometry_runs(own, drawn[:MOST], MEASURE_NAMES[str(measure)])
