"""analysis=geometry: do layers of models, and regions of the brain, arrange the same words or frames in the same way?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from brainalign.analysis.geometry.brain import Patterns, audiences, ceilings, held_out, outcome, patterns_of
from brainalign.analysis.geometry.control import control_rows, explained, residuals
from brainalign.analysis.geometry.inference import best_cells, chosen_elsewhere, null, standard_errors
from brainalign.analysis.geometry.kept import kept
from brainalign.analysis.geometry.measures import Codes, Settings, Side, all_rows_cka, of_random, similarities
from brainalign.analysis.geometry.report import MEASURE_NAMES, add_figures, add_pairs, add_regions
from brainalign.analysis.geometry.rows import RowSet, model_rows, row_set
from brainalign.analysis.models import Models
from brainalign.analysis.result import AnalysisResult
from brainalign.analysis.study import Study
from brainalign.errors import BrainalignError
from brainalign.features.representation import Representation
from brainalign.figures import geometry_layers
from brainalign.progress import track
from brainalign.stats.correction import bonferroni

SPACING = 0.2
"""Seconds between the frames of :func:`layer_maps`: nearer ones are nearly the same."""

CELLS = ["model_a", "layer_a", "model_b", "layer_b", "measure", "value", "random", "p"]


def geometry(
    study: Study, models: Models, *, measures: Sequence[str], rows: str, spacing: float, control: bool, electrodes: int, **how: Any
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
    chosen = _with_vectors(study, compared, row_set(study, compared, rows, spacing), result)
    keep = chosen.at_most(settings.most)
    _say_rows(result, study, chosen, keep, settings, control)
    controls = control_rows(study, models.baseline, chosen) if control else None
    sides = [_side(study, model, chosen, controls, result) for model in compared]
    key = {"rows": {c: chosen.table[c].to_numpy(str if c == "stimulus" else None) for c in chosen.table}, "settings": settings, "control": controls}
    keys = {side.name: [model.key(n) for n in model.layers] for side, model in zip(sides, compared, strict=True)}

    cells, pairs = [], []
    joint = [(a, b) for a, b in combinations(sides, 2)]
    for a, b in track(joint, "comparing models"):
        found = kept(study, f"geometry of {a.name} and {b.name}", {**key, "a": keys[a.name], "b": keys[b.name]},
                     lambda a=a, b=b: _pair(a, b, chosen.groups, keep, settings))  # type: ignore[misc]  # fmt: skip
        cells += _cells(a, b, found)
        pairs += _pairs(a, b, found, len(joint))
    for side in sides:
        alone = replace(settings, measures=settings.measures[:1])
        own = kept(study, f"geometry of {side.name}", {**key, "a": keys[side.name], "settings": alone},
                   lambda side=side, alone=alone: _prefixed("value", similarities(side, side, chosen.groups, keep, alone)))  # type: ignore[misc]  # fmt: skip
        cells += _cells(side, side, own)
    result.tables["geometry"] = pd.DataFrame(cells, columns=CELLS)
    result.tables["geometry_pairs"] = pd.DataFrame(pairs)
    add_pairs(result, sides, settings)

    everywhere = f"all {study.noun}s"
    patterns, notes = patterns_of(study, chosen, keep, electrodes, everywhere)
    result.warnings += notes
    if patterns:
        _regions(study, sides, patterns, chosen, keep, settings, keys, key, result)
        add_regions(result, study, [s.name for s in sides], settings, everywhere)
    else:
        result.warnings.append("No region has electrodes enough for a geometry: models are compared with each other alone.")
    add_figures(result, study, sides, patterns, chosen, keep, settings, everywhere)
    return result


def layer_maps(study: Study, models: Models) -> AnalysisResult:
    """Debiased CKA of every layer with every layer of model, partner and baseline, and its heat maps; no test.

    Args:
        study: Data and grid.
        models: Those compared.
    """
    result, compared = AnalysisResult(), list(models.compared)
    rows = _with_vectors(study, compared, row_set(study, compared, "auto", SPACING), result)
    sides = [_side(study, model, rows, None, result) for model in compared]
    cells = [cell for i, a in enumerate(sides) for b in sides[i:] for cell in _cells(a, b, {"value/cka": all_rows_cka(a, b)})]
    result.tables["geometry"] = pd.DataFrame(cells, columns=CELLS)
    figure, caption = geometry_layers(result.tables["geometry"], [s.name for s in sides], MEASURE_NAMES["cka"])
    result.figures["geometry_layers"] = figure, f"{caption} Over {len(rows):,} {rows.kind}."
    return result


def _with_vectors(study: Study, compared: Sequence[Representation], rows: RowSet, result: AnalysisResult) -> RowSet:
    """The rows in which every model has something: a word without a vector is no point in any geometry."""
    usable = np.ones(len(rows), dtype=bool)
    for model in compared:
        if model.unit == "words" and rows.kind == "words":
            empty = ~np.asarray(model_rows(study, model, model.layers[0], rows)).any(axis=1)
            if empty.any() and not empty.all():
                result.warnings.append(f"{int(empty.sum())} of {len(rows)} words have no vector in {model.name} and are left out.")
            usable &= ~empty
    if not usable.any():
        raise BrainalignError("analysis=geometry: no word has a vector in every model; there is nothing to compare.")
    return rows.take(usable)


def _side(
    study: Study, model: Representation, rows: RowSet, controls: np.ndarray[Any, Any] | None, result: AnalysisResult
) -> Side:
    def load(layer: int) -> np.ndarray[Any, Any]:
        values = model_rows(study, model, layer, rows)
        return values if controls is None else residuals(values, controls, rows.groups)

    if controls is not None:
        middle = model.layers[len(model.layers) // 2]
        share = explained(model_rows(study, model, middle, rows), load(middle))
        result.summary.append((f"{model.name}: variance of layer {middle} that the controls account for (held out)", f"{share:.3f}"))
    return Side(model.name, list(model.layers), load)


def _pair(a: Side, b: Side, groups: Codes, keep: Codes, settings: Settings) -> dict[str, np.ndarray[Any, Any]]:
    """Everything of one pair of models, as named arrays."""
    values = similarities(a, b, groups, keep, settings)
    best = best_cells(values)
    dims = (a.load(a.layers[0]).shape[1], b.load(b.layers[0]).shape[1])
    found = _prefixed("value", values)
    found |= _prefixed("random", of_random(dims, len(groups), groups, keep, settings))
    found |= _prefixed("nested", chosen_elsewhere(a, b, groups, keep, settings))
    found |= _prefixed("se", standard_errors(a, b, groups, keep, settings, best))
    left, right = a.rows(keep), b.rows(keep)
    for measure in settings.relational:
        relations = (settings.relations(side, measure, groups[keep]) for side in (left, right))
        shuffles = null([(*relations, groups[keep])], settings)  # type: ignore[list-item]
        found |= {f"p/{measure}": shuffles.p, f"null/{measure}": np.array([shuffles.mean, shuffles.high, shuffles.smallest])}
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


def _pairs(a: Side, b: Side, found: dict[str, np.ndarray[Any, Any]], family: int) -> list[dict[str, Any]]:
    """One row a measure: the best layers, what they come to, and whether shuffled stimuli come to as much."""
    values = {k.removeprefix("value/"): v for k, v in found.items() if k.startswith("value/")}
    rows = []
    for measure, (i, j) in best_cells(values).items():
        p = float(found[f"p/{measure}"][i, j]) if f"p/{measure}" in found else np.nan
        null_mean, null_high, smallest = found.get(f"null/{measure}", np.full(3, np.nan))
        rows.append(
            {
                "model_a": a.name, "model_b": b.name, "measure": measure, "layer_a": a.layers[i], "layer_b": b.layers[j],
                "best": float(values[measure][i, j]), "se": float(found.get(f"se/{measure}", np.array(np.nan))),
                "nested": float(found.get(f"nested/{measure}", np.array(np.nan))),
                "random": float(found.get(f"random/{measure}", np.array(np.nan))), "null_mean": null_mean, "null_95": null_high,
                "p": p, "p_bonferroni": float(bonferroni([p], family)[0]), "family_size": family, "smallest_p": smallest,
            }
        )  # fmt: skip
    return rows


def _regions(
    study: Study, sides: Sequence[Side], patterns: Sequence[Patterns], rows: RowSet, keep: Codes, settings: Settings,
    keys: dict[str, list[str]], key: dict[str, Any], result: AnalysisResult,
) -> None:  # fmt: skip
    """Tables of models against regions, and the test of each by shuffled stimuli over the mean of the participants."""
    groups = rows.groups[keep]
    result.tables["geometry_ceilings"] = pd.concat(
        [ceilings(patterns, groups, measure, settings) for measure in settings.relational], ignore_index=True
    ) if settings.relational else pd.DataFrame()  # fmt: skip
    regions = list(dict.fromkeys(p.region for p in patterns))
    cells, chosen, shuffles = [], [], []
    for side in track(list(sides), "comparing models with regions"):
        for measure in settings.measures:
            values, nested, draws = {}, {}, {}
            for audience in audiences(patterns):
                mine, stimuli = keep[audience[0].rows], groups[audience[0].rows]

                def make(side: Side = side, audience: list[Patterns] = audience, mine: Codes = mine, stimuli: Codes = stimuli, measure: str = measure) -> dict[str, Any]:  # fmt: skip
                    layers = side.rows(mine)
                    if measure not in settings.relational:
                        return {"values": held_out(layers, audience, stimuli, measure, settings)}
                    return vars(outcome(layers, audience, stimuli, measure, settings))  # type: ignore[arg-type]

                what = {**key, "a": keys[side.name], "measure": measure, "brain": [(p.values, p.halves) for p in audience]}
                found = kept(study, f"{measure} of {side.name} with regions", what, make)
                random = _random(side, audience, stimuli, settings, measure)
                for k, pattern in enumerate(audience):
                    n, width = pattern.values.shape
                    cells += [
                        (side.name, layer, pattern.subject, pattern.region, measure, v, random[k], n, width)
                        for layer, v in zip(side.layers, found["values"][:, k], strict=True)
                    ]
                    if "nested" in found:
                        chosen.append((side.name, pattern.subject, pattern.region, measure, found["nested"][k]))
                        values.setdefault(pattern.region, []).append(found["values"][:, k])
                        nested.setdefault(pattern.region, []).append(found["nested"][k])
                        draws.setdefault(pattern.region, []).append(found["draws"][:, :, k])
            for region in regions if values else ():
                if region in values:
                    observed = np.mean(values[region], axis=0)
                    maxima = np.mean(draws[region], axis=0).max(axis=1)
                    p = (1 + (maxima >= observed.max() - 1e-12).sum()) / (1 + settings.draws)
                    shuffles.append(
                        (side.name, region, measure, float(observed.max()), side.layers[int(observed.argmax())],
                         len(values[region]), float(maxima.mean()), float(np.quantile(maxima, 0.95)), float(p))
                    )  # fmt: skip
    columns = ["model", "layer", "subject", "region", "measure", "value", "random", "n_rows", "n_electrodes"]
    result.tables["geometry_regions"] = pd.DataFrame(cells, columns=columns)
    result.tables["geometry_chosen"] = pd.DataFrame(chosen, columns=["model", "subject", "region", "measure", "value"])
    table = pd.DataFrame(
        shuffles, columns=["model", "region", "measure", "best", "layer", "n_participants", "null_mean", "null_95", "p"]
    )
    size = len(sides) * len(regions)
    result.tables["geometry_null"] = table.assign(
        p_bonferroni=np.minimum(1.0, table["p"] * size), family_size=size, smallest_p=1 / (1 + settings.draws)
    )


def _random(side: Side, audience: Sequence[Patterns], groups: Codes, settings: Settings, measure: str) -> list[float]:
    """The measure of unrelated Gaussians as wide as the model and each region."""
    width, alone, keep = side.load(side.layers[0]).shape[1], replace(settings, measures=(measure,)), np.arange(len(groups))
    found: dict[int, float] = {}
    for electrodes in {p.values.shape[1] for p in audience}:
        found[electrodes] = of_random((width, electrodes), len(groups), groups, keep, alone)[measure]
    return [found[p.values.shape[1]] for p in audience]


def _say_rows(result: AnalysisResult, study: Study, rows: RowSet, keep: Codes, settings: Settings, control: bool) -> None:
    heard = rows.table["stimulus"].nunique()
    thinned = f", one of {rows.thinned}" if rows.thinned > 1 else ""
    result.summary.append(("rows", f"{len(rows):,} {rows.kind}{thinned} of {heard} stimuli; {len(keep):,} where all pairs of rows are needed"))
    grid = next(iter(study.responses.grids.values()))
    span = f"{study.lags[0] / grid.rate:g} to {study.lags[-1] / grid.rate:g} s"
    result.summary.append(("responses", f"mean from {span} after each of the {rows.kind}, electrodes z-scored"))
    if control:
        result.warnings.append(
            "The baseline's features and the onsets of words and stimuli were regressed out of every layer (fitted on other stimuli); "
            "the responses are as they are."
        )
