"""Coverage of the intervals of analysis=geometry, between two models and between models and regions, by every measure."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brainalign.analysis.geometry.brain import Patterns, outcome
from brainalign.analysis.geometry.held_out import against
from brainalign.analysis.geometry.inference import best_cells, over_stimuli, standard_errors
from brainalign.analysis.geometry.measures import Settings, Side, similarities
from brainalign.analysis.geometry.names import MEASURES
from brainalign.analysis.geometry.resampling import interval
from brainalign.analysis.validation.finding import Finding, rate
from brainalign.analysis.validation.side_by_side import each

Array = NDArray[np.float64]

LEAST = 0.9
"""Coverage that they must not fall below: what is resampled is of second order only (see docs/similarity.md)."""
PEOPLE, STIMULI, ROWS = 4, 20, 4


class Printed(NamedTuple):
    """One interval, and the cell that it is about.

    Attributes:
        value: What is printed.
        low, high: Ends.
        cell: Places of the layers.
    """

    value: float
    low: float
    high: float
    cell: tuple[int, int] = (0, 0)


def geometries(sets: int) -> list[Finding]:
    """How often each holds the mean of what is printed over all other worlds: other participants who hear other stimuli.

    Args:
        sets: Simulated worlds behind each rate.
    """
    found = []
    for measure in MEASURES:
        worlds = each(partial(_printed, measure), range(sets), f"intervals of {measure}")
        for what in worlds[0]:
            printed = [w[what] for w in worlds]
            truth = {p.cell: np.mean([q.value for q in printed if q.cell == p.cell]) for p in printed}
            hits = sum(bool(p.low <= truth[p.cell] <= p.high) for p in printed)
            told = f"{measure}, {what}"
            found.append(rate("intervals of geometry", told, LEAST, hits, sets, "world", side="not below"))
    return found


def _printed(measure: str, seed: int) -> dict[str, Printed]:
    return _regions(measure, seed) | {"two models in the layers that are most alike": _pair(measure, seed)}


def _world(seed: int) -> tuple[list[Array], list[Patterns], NDArray[np.int64]]:
    """Two layers of a model, and participants who hold half of what it holds, each to an extent of their own.

    Returns:
        Layers (n, 6), patterns of (n, 12), and (n,) stimulus of each row.
    """
    rng = np.random.default_rng([seed, 19])
    groups = np.repeat(np.arange(STIMULI), ROWS)
    meaning = rng.normal(size=(STIMULI, 6))
    layers = [meaning[groups] + noise * rng.normal(size=(len(groups), 6)) for noise in (0.7, 1.4)]
    people = [
        np.exp(0.2 * rng.normal()) * 1.5 * meaning[groups, :3] @ rng.normal(size=(3, 12))
        + 1.5 * rng.normal(size=(STIMULI, 12))[groups]
        + rng.normal(size=(len(groups), 12))
        for _ in range(PEOPLE)
    ]
    patterns = [Patterns(f"s{k}", "A1", np.arange(len(groups)), x, None) for k, x in enumerate(people)]
    return layers, patterns, groups


def _regions(measure: str, seed: int) -> dict[str, Printed]:
    layers, patterns, groups = _world(seed)
    settings = Settings(seed=seed, draws=1)  # shuffles are not what is asked here
    if measure in settings.relational:
        found = vars(outcome(layers, patterns, groups, measure, settings))
    else:
        found = against(layers, patterns, groups, measure, settings)
    anew = np.broadcast_to(found["resampled"], (len(found["resampled"]), *found["values"].shape))
    best = np.take_along_axis(anew, found["values"].argmax(axis=0)[None, None], axis=1)[:, 0]
    return {
        "model and region, layer chosen on other stimuli": Printed(*interval(found["nested"], best)[:3]),
        "model and region, one layer of the curve": Printed(*interval(found["values"][-1], anew[:, -1])[:3]),
    }


def _pair(measure: str, seed: int) -> Printed:
    layers, _, groups = _world(seed)
    rng, mixing = np.random.default_rng([seed, 23]), np.random.default_rng(23).normal(size=(6, 8))  # the models stay
    others = [x @ mixing + 2.0 * rng.normal(size=(len(groups), 8)) for x in layers]
    a, b = (Side(name, [0, 1], side.__getitem__) for name, side in (("a", layers), ("b", others)))
    settings, keep = Settings(measures=(measure,), seed=seed), np.arange(len(groups))
    values = similarities(a, b, groups, keep, settings)
    cell = best_cells(values)[measure]
    best = float(values[measure][cell])
    error = standard_errors(a, b, groups, keep, settings, {measure: cell})[measure]
    return Printed(best, *over_stimuli(best, error), cell)
