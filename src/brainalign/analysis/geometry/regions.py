"""Tables of models against regions: every cell, ceilings, layers chosen on other stimuli, and the test by shuffled stimuli."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.geometry.brain import Patterns, audiences, ceilings, outcome
from brainalign.analysis.geometry.held_out import against
from brainalign.analysis.geometry.inference import with_null
from brainalign.analysis.geometry.kept import kept
from brainalign.analysis.geometry.measures import Codes, Settings, Side, of_random
from brainalign.analysis.geometry.resampling import interval
from brainalign.progress import track
from brainalign.study.result import AnalysisResult
from brainalign.study.study import Study

Array = NDArray[np.float64]

CELLS = ["model", "layer", "subject", "region", "measure", "value", "random", "n_rows", "n_electrodes"]
CHOSEN = ["model", "subject", "region", "measure", "value"]
MEANS = ["model", "region", "measure", "n_participants", "mean", "low", "high", "se_participants", "se_stimuli"]
PROFILES = ["model", "layer", "region", "measure", "n_participants", "mean", "low", "high"]
NULL = ["model", "region", "measure", "best", "layer", "n_participants"]


def add_region_tables(
    result: AnalysisResult,
    study: Study,
    models: Sequence[Side],
    patterns: Sequence[Patterns],
    groups: Codes,
    keep: Codes,
    settings: Settings,
    key: Mapping[str, Any],
) -> None:
    """Add geometry_regions, geometry_profiles, geometry_chosen, geometry_means, geometry_ceilings and geometry_null.

    Args:
        result: To add to.
        study: Its store keeps finished pieces.
        models: Their layers, on all rows.
        patterns: Of all participants and regions.
        groups: (n,) stimulus of each of the rows that take part.
        keep: Places of these rows among all.
        settings: How to compare.
        key: What determines the models' rows.
    """
    cells: list[tuple[Any, ...]] = []
    chosen: list[tuple[Any, ...]] = []
    means: list[tuple[Any, ...]] = []
    profiles: list[tuple[Any, ...]] = []
    shuffles: list[tuple[Any, ...]] = []
    statistics: list[tuple[float, Array]] = []  # of each row of these, observed and drawn
    for model in track(list(models), "comparing models with regions"):
        for measure in settings.measures:
            pieces: dict[str, dict[str, list[Any]]] = {}  # region -> name -> one a participant
            for audience in audiences(patterns):
                stimuli = groups[audience[0].rows]
                make = partial(_against, model, audience, keep[audience[0].rows], stimuli, measure, settings)
                brain = [(p.values, p.halves) for p in audience]
                what = {**key, "model": model.name, "measure": measure, "brain": brain}
                found = kept(study, f"{measure} of {model.name} with regions", what, make)
                random = _random(model, audience, stimuli, settings, measure)
                for k, pattern in enumerate(audience):
                    where = (model.name, pattern.subject, pattern.region)
                    for name, own in found.items():
                        pieces.setdefault(pattern.region, {}).setdefault(name, []).append(own[..., k])
                        if name.split("/")[0] != "values":
                            continue
                        said = name.removeprefix("values/") if "/" in name else measure
                        beside = (random[pattern.values.shape[1]][said], *pattern.values.shape)
                        layers = zip(model.layers, own[:, k], strict=True)
                        cells += [(where[0], n, *where[1:], said, float(v), *beside) for n, v in layers]
                    chosen.append((*where, measure, float(found["nested"][k])))
            for region, piece in pieces.items():
                which, anew = (model.name, region, measure), np.stack(piece["resampled"], axis=2)
                each = np.broadcast_to(anew, (len(anew), len(model.layers), anew.shape[2]))
                values = np.stack(piece["values"], axis=1)
                for layer, own, drawn in zip(model.layers, values, each.transpose(1, 0, 2), strict=True):
                    profiles.append((model.name, layer, region, measure, len(own), *interval(own, drawn)[:3]))
                best = np.take_along_axis(each, values.argmax(axis=0)[None, None], axis=1)[:, 0]
                means.append((*which, len(values.T), *interval(piece["nested"], best)))
                if "draws" in piece:
                    mean, maxima = np.mean(piece["observed"], axis=0), np.mean(piece["draws"], axis=0).max(axis=1)
                    # where a participant's layer was chosen on other stimuli, there is no one layer to name
                    best_layer = model.layers[int(mean.argmax())] if len(mean) == len(model.layers) else None
                    shuffles.append((*which, float(mean.max()), best_layer, len(piece["observed"])))
                    statistics.append((float(mean.max()), maxima))
    null = pd.DataFrame(shuffles, columns=NULL).astype({"layer": "Int64"})
    result.tables |= {
        "geometry_regions": pd.DataFrame(cells, columns=CELLS),
        "geometry_profiles": pd.DataFrame(profiles, columns=PROFILES),
        "geometry_chosen": pd.DataFrame(chosen, columns=CHOSEN),
        "geometry_means": pd.DataFrame(means, columns=MEANS),
        "geometry_ceilings": pd.concat(
            [ceilings(patterns, groups, m, settings) for m in settings.relational] or [pd.DataFrame()]
        ),
        "geometry_null": with_null(null, statistics),
    }


def _against(
    model: Side, audience: Sequence[Patterns], rows: Codes, groups: Codes, measure: str, settings: Settings
) -> dict[str, Any]:
    """One model against one audience by one measure, as named arrays."""
    layers = model.rows(rows)
    if measure not in settings.relational:
        return against(layers, audience, groups, measure, settings)
    return vars(outcome(layers, audience, groups, measure, settings))


def _random(
    model: Side, audience: Sequence[Patterns], groups: Codes, settings: Settings, measure: str
) -> dict[int, dict[str, float]]:
    """Electrodes -> the measure, and what comes with it, of unrelated Gaussians as wide as the model and a region of so many."""
    width, keep = model.load(model.layers[0]).shape[1], np.arange(len(groups))
    alone = replace(settings, measures=(measure,))
    return {
        electrodes: of_random((width, electrodes), len(groups), groups, keep, alone)
        for electrodes in {p.values.shape[1] for p in audience}
    }
