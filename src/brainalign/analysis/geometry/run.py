"""analysis=geometry: do layers of models, and regions of the brain, arrange the same words or frames in the same way?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from brainalign.analysis.geometry.brain import patterns_of
from brainalign.analysis.geometry.control import control_rows, explained, residuals
from brainalign.analysis.geometry.inference import (
    balanced,
    best_cells,
    chosen_elsewhere,
    fitted_null,
    null,
    standard_errors,
    with_null,
)
from brainalign.analysis.geometry.kept import kept
from brainalign.analysis.geometry.measures import Codes, Settings, Side, all_rows_cka, constant, of_random, similarities
from brainalign.analysis.geometry.regions import add_region_tables
from brainalign.analysis.geometry.report import MEASURE_NAMES, add_figures, add_found, add_pairs, add_regions
from brainalign.analysis.geometry.rows import RowSet, model_rows, row_set
from brainalign.errors import BrainalignError
from brainalign.features.representation import Representation
from brainalign.figures import geometry_layers
from brainalign.notes import changes, limits
from brainalign.progress import track
from brainalign.study.result import AnalysisResult
from brainalign.study.roles import Models
from brainalign.study.study import Study

SPACING = 0.2
"""Seconds between the frames of :func:`layer_maps`: nearer ones are nearly the same."""

CELLS = ["model_a", "layer_a", "model_b", "layer_b", "measure", "value", "random", "p"]


def geometry(
    study: Study,
    models: Models,
    *,
    measures: Sequence[str],
    rows: str,
    spacing: float,
    control: bool,
    electrodes: int,
    **how: Any,
) -> AnalysisResult:
    """Every layer of model, partner and baseline against every other, and against the participants' regions.

    Args:
        study: Data, and the window over which responses are averaged.
        models: Model; partner and baseline where there are such.
        measures: Of MEASURES.
        rows: ``auto``, ``words`` or ``frames``.
        spacing: Seconds between frames that count as rows.
        control: Take the baseline and the timing of speech out of all representations first.
        electrodes: Least number of a region.
        how: The other fields of :class:`Settings`.

    Returns:
        Tables geometry (a row a measure and pair of layers), geometry_pairs (a row a measure and pair of models),
        geometry_regions (a row a measure, layer, participant and region), geometry_chosen, geometry_ceilings, tests; heat maps of the
        layers, curves of each region, and a map of all.

    Raises:
        BrainalignError: Too few stimuli, rows that models do not have in common, or a model that is the same in all rows.
    """
    result, settings = AnalysisResult(), Settings(measures=tuple(measures), seed=study.seed, **how)
    compared = list(models.compared)
    if control and models.baseline is not None:
        compared.remove(models.baseline)
    compared = _with_rows(study, compared, rows, spacing, result)
    chosen = _with_vectors(study, compared, row_set(study, compared, rows, spacing), result)
    keep = chosen.at_most(settings.most)
    _say_rows(result, study, chosen, keep, settings, control)
    controls = control_rows(study, models.baseline, chosen) if control else None
    sides = _sides(study, compared, chosen, controls, result)
    key = {
        "rows": {c: chosen.table[c].to_numpy(str if c == "stimulus" else None) for c in chosen.table},
        "settings": settings,
        "control": controls,
    }
    of = {model.name: model for model in compared}
    keys = {side.name: [of[side.name].key(n) for n in side.layers] for side in sides}

    cells, pairs, statistics = [], [], []
    joint = [(a, b) for a, b in combinations(sides, 2)]
    for a, b in track(joint, "comparing models"):
        found = kept(study, f"geometry of {a.name} and {b.name}", {**key, "a": keys[a.name], "b": keys[b.name]},
                     lambda a=a, b=b: _pair(a, b, chosen.groups, keep, settings))  # type: ignore[misc]  # fmt: skip
        cells += _cells(a, b, found)
        own_rows, shuffles = _pairs(a, b, found)
        pairs += own_rows
        statistics += shuffles
    for side in sides:
        alone = replace(settings, measures=settings.measures[:1])
        own = kept(study, f"geometry of {side.name}", {**key, "a": keys[side.name], "settings": alone},
                   lambda side=side, alone=alone: _prefixed("value", similarities(side, side, chosen.groups, keep, alone)))  # type: ignore[misc]  # fmt: skip
        cells += _cells(side, side, own)
    result.tables["geometry"] = pd.DataFrame(cells, columns=CELLS)
    result.tables["geometry_pairs"] = with_null(pd.DataFrame(pairs), statistics) if pairs else pd.DataFrame()
    add_pairs(result, sides, settings)

    everywhere = f"all {study.noun}s"
    while everywhere in study.regions:  # a lab's own region of this name keeps it
        everywhere += " together"
    patterns, notes = patterns_of(study, chosen, keep, electrodes, everywhere)
    result.warnings += notes
    if patterns:
        add_region_tables(result, study, sides, patterns, chosen.groups[keep], keep, settings, key | {"models": keys})
        add_regions(result, study, [s.name for s in sides], settings, everywhere)
    else:
        result.warnings.append(
            limits(
                "No region has electrodes enough for a geometry: models are compared with each other alone.",
                "how models and brain compare, as no region has electrodes enough",
            )
        )
    add_found(result)
    add_figures(result, study, sides, patterns, chosen, keep, settings, everywhere)
    return result


def layer_maps(study: Study, models: Models) -> AnalysisResult:
    """Debiased CKA of every layer with every layer of model, partner and baseline, and its heat maps; no test.

    Args:
        study: Data and grid.
        models: Those compared.
    """
    result = AnalysisResult()
    compared = _with_rows(study, list(models.compared), "auto", SPACING, result)
    rows = _with_vectors(study, compared, row_set(study, compared, "auto", SPACING), result)
    sides = _sides(study, compared, rows, None, result)
    cells = [
        cell for i, a in enumerate(sides) for b in sides[i:] for cell in _cells(a, b, {"value/cka": all_rows_cka(a, b)})
    ]
    result.tables["geometry"] = pd.DataFrame(cells, columns=CELLS)
    figure, caption = geometry_layers(result.tables["geometry"], [s.name for s in sides], MEASURE_NAMES["cka"])
    result.figures["geometry_layers"] = figure, f"{caption} Over {len(rows):,} {rows.kind}."
    return result


def _with_rows(
    study: Study, compared: Sequence[Representation], asked: str, spacing: float, result: AnalysisResult
) -> list[Representation]:
    """The first model, and each other that has something in rows of its own kind together with it; a sentence of each that has not."""
    first, *others = compared
    kept = [first]
    for model in others:
        try:
            model_rows(study, model, model.layers[0], row_set(study, [first, model], asked, spacing))
        except BrainalignError as error:
            why = f"how {model.name} compares, as these data do not allow it"
            result.warnings.append(limits(f"{model.name} is left out, and the rest goes on: {error}", why))
        else:
            kept.append(model)
    return kept


def _with_vectors(study: Study, compared: Sequence[Representation], rows: RowSet, result: AnalysisResult) -> RowSet:
    """The rows in which every model has something: a word without a vector is no point in any geometry."""
    usable = np.ones(len(rows), dtype=bool)
    for model in compared:
        if model.unit == "words" and rows.kind == "words":
            empty = ~np.asarray(model_rows(study, model, model.layers[0], rows)).any(axis=1)
            if empty.any() and not empty.all():
                result.warnings.append(
                    changes(f"{int(empty.sum())} of {len(rows)} words have no vector in {model.name} and are left out.")
                )
            usable &= ~empty
    if not usable.any():
        raise BrainalignError("analysis=geometry: no word has a vector in every model; there is nothing to compare.")
    return rows.take(usable)


def _sides(
    study: Study,
    compared: Sequence[Representation],
    rows: RowSet,
    controls: np.ndarray[Any, Any] | None,
    result: AnalysisResult,
) -> list[Side]:
    """The models' layers on these rows, but those that are the same in all of them."""
    sides = []
    for model in compared:
        side = _side(study, model, rows, controls)
        flat = [n for n in side.layers if constant(side.load(n), model_rows(study, model, n, rows))]
        if flat:
            why = "" if controls is None else " once the controls are taken out"
            result.warnings.append(
                f"{model.name} is the same in all {len(rows):,} rows{why} in layer(s) {', '.join(map(str, flat))}; left out."
            )
        if len(flat) < len(side.layers):
            sides.append(replace(side, layers=[n for n in side.layers if n not in flat]))
            if controls is not None:
                _say_explained(study, model, sides[-1], rows, result)
    if not sides:
        names = " and ".join(model.name for model in compared)
        raise BrainalignError(
            f"analysis=geometry: {names} is the same in all {len(rows):,} rows; there is nothing to compare."
        )
    return sides


def _side(study: Study, model: Representation, rows: RowSet, controls: np.ndarray[Any, Any] | None) -> Side:
    def load(layer: int) -> np.ndarray[Any, Any]:
        values = model_rows(study, model, layer, rows)
        return values if controls is None else residuals(values, controls, rows.groups)

    return Side(model.name, list(model.layers), load)


def _say_explained(study: Study, model: Representation, side: Side, rows: RowSet, result: AnalysisResult) -> None:
    middle = side.layers[len(side.layers) // 2]
    share = explained(model_rows(study, model, middle, rows), side.load(middle))
    told = f"{model.name}: variance of layer {middle} that the controls account for (held out)"
    result.summary.append((told, f"{share:.3f}"))


def _pair(a: Side, b: Side, groups: Codes, keep: Codes, settings: Settings) -> dict[str, np.ndarray[Any, Any]]:
    """Everything of one pair of models, as named arrays."""
    values = similarities(a, b, groups, keep, settings)
    best = best_cells(values)
    dims = (a.load(a.layers[0]).shape[1], b.load(b.layers[0]).shape[1])
    found = _prefixed("value", values)
    found |= _prefixed("random", of_random(dims, len(groups), groups, keep, settings))
    elsewhere = chosen_elsewhere(a, b, groups, keep, settings)
    found |= _prefixed("nested", elsewhere.values)
    found |= _prefixed("se", standard_errors(a, b, groups, keep, settings, best))
    even = keep[balanced(groups[keep])]
    left, right = a.rows(even), b.rows(even)
    for measure in settings.relational:
        x, y = (settings.relations(side, measure, groups[even]) for side in (left, right))
        shuffles = null(x, y, groups[even], settings)
        found |= {f"p/{measure}": shuffles.p, f"null/{measure}": np.r_[shuffles.observed, shuffles.draws]}
    for name, of_cell in fitted_null(a, b, groups, elsewhere, settings).items():
        found[f"null/{name}"] = np.r_[of_cell.observed, of_cell.draws]
    return found


def _prefixed(prefix: str, values: Any) -> dict[str, np.ndarray[Any, Any]]:
    return {f"{prefix}/{name}": np.asarray(value, dtype=np.float64) for name, value in values.items()}


def _cells(a: Side, b: Side, found: dict[str, np.ndarray[Any, Any]]) -> list[tuple[Any, ...]]:
    rows = []
    for name, values in found.items():
        if not name.startswith("value/"):
            continue
        measure = name.removeprefix("value/")
        p, random = found.get(f"p/{measure}"), float(found.get(f"random/{measure}", np.array(np.nan)))
        for i, x in enumerate(a.layers):
            for j, y in enumerate(b.layers):
                rows.append((a.name, x, b.name, y, measure, values[i, j], random, np.nan if p is None else p[i, j]))
    return rows


def _pairs(
    a: Side, b: Side, found: dict[str, np.ndarray[Any, Any]]
) -> tuple[list[dict[str, Any]], list[tuple[float, np.ndarray[Any, Any]] | None]]:
    """One row a measure: the best layers, and what they come to; and for each what was observed, and drawn by shuffles."""
    values = {k.removeprefix("value/"): v for k, v in found.items() if k.startswith("value/")}
    rows, statistics = [], []
    for measure, (i, j) in best_cells(values).items():
        rows.append(
            {
                "model_a": a.name, "model_b": b.name, "measure": measure, "layer_a": a.layers[i], "layer_b": b.layers[j],
                "best": float(values[measure][i, j]), "se": float(found.get(f"se/{measure}", np.array(np.nan))),
                "nested": float(found.get(f"nested/{measure}", np.array(np.nan))),
                "random": float(found.get(f"random/{measure}", np.array(np.nan))),
            }
        )  # fmt: skip
        shuffles = found.get(f"null/{measure}")
        statistics.append(None if shuffles is None else (float(shuffles[0]), shuffles[1:]))
    return rows, statistics


def _say_rows(
    result: AnalysisResult, study: Study, rows: RowSet, keep: Codes, settings: Settings, control: bool
) -> None:
    heard = rows.table["stimulus"].nunique()
    thinned = f", one of {rows.thinned}" if rows.thinned > 1 else ""
    result.summary.append(
        (
            "rows",
            f"{len(rows):,} {rows.kind}{thinned} of {heard} stimuli; {len(keep):,} where all pairs of rows are needed",
        )
    )
    grid = next(iter(study.responses.grids.values()))
    span = f"{study.lags[0] / grid.rate:g} to {study.lags[-1] / grid.rate:g} s"
    result.summary.append(("responses", f"mean from {span} after each of the {rows.kind}, electrodes z-scored"))
    if control:
        result.warnings.append(
            "The baseline's features and the onsets of words and stimuli were regressed out of every layer (fitted on other stimuli); "
            "the responses are as they are."
        )
