"""Null by shuffled stimuli, intervals by halves of the stimuli, and a layer that is chosen on other stimuli than it is scored on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brainalign.analysis.geometry.measures import Codes, Settings, Side, similarities
from brainalign.similarity._relation import Matrix, inner, permuted

Array = NDArray[np.float64]

HALVES = 20
"""Random halves of the stimuli behind a standard error."""


class Null(NamedTuple):
    """What shuffled stimuli give, the maximum over all cells.

    Attributes:
        p: Of each cell, corrected over the cells by the maximum statistic.
        mean, high: Mean and 95th percentile of the shuffles' maximum.
        smallest: The smallest p that so many shuffles can give.
    """

    p: Array
    mean: float
    high: float
    smallest: float


def shuffled(groups: Codes, rng: np.random.Generator) -> NDArray[np.int64]:
    """An order of rows in which whole stimuli have changed places and all are turned by a random number of rows.

    Neighbours within a stimulus stay neighbours, so that a shuffle keeps the autocorrelation of rows.

    Args:
        groups: (n,) stimulus of each row, rows of one together.
        rng: Of the shuffle.
    """
    blocks = np.split(np.arange(len(groups)), np.flatnonzero(np.diff(groups)) + 1)
    order = np.concatenate([blocks[b] for b in rng.permutation(len(blocks))])
    return np.asarray(np.roll(order, rng.integers(1, len(order))))


def null(pairs: Sequence[tuple[Matrix, Matrix, Codes]], settings: Settings) -> Null:
    """Shuffle the stimuli of one side against the other; the statistic is the mean over pairs (participants) of each cell.

    Args:
        pairs: Relations (La, n, n) and (Lb, n, n) and the stimuli of their rows; La and Lb are the same in all pairs.
        settings: Draws and seed.
    """
    weights = 1 / len(pairs)
    observed = sum((weights * inner(a, b) for a, b, _ in pairs), np.zeros((1, 1)))
    maxima = np.empty(settings.draws)
    for draw in range(settings.draws):
        total = np.zeros_like(observed)
        for place, (a, b, groups) in enumerate(pairs):
            order = shuffled(groups, np.random.default_rng([settings.seed, draw, place]))
            # to permute the smaller stack is as good as the other, and cheaper
            total += weights * (inner(permuted(a, order), b) if len(a) < len(b) else inner(a, permuted(b, order)))
        maxima[draw] = total.max()
    p = (1 + (maxima[:, None, None] >= observed - 1e-12).sum(axis=0)) / (1 + settings.draws)
    return Null(p, float(maxima.mean()), float(np.quantile(maxima, 0.95)), 1 / (1 + settings.draws))


def chosen_elsewhere(a: Side, b: Side, groups: Codes, keep: Codes, settings: Settings) -> dict[str, float]:
    """Measure -> similarity of the best cell where the cell is chosen on one half of the stimuli and measured on the other, both ways.

    Args:
        a, b: The sides.
        groups: (n,) stimulus of each row.
        keep: Rows that take part.
        settings: Measures and seed.
    """
    rng = np.random.default_rng([settings.seed, 1])
    marked = half_of(groups, rng)
    halves = [similarities(*_on(a, b, part), groups[part], np.arange(len(part)), settings.halved) for part in _split(keep, marked)]
    found = {}
    for measure, first in halves[0].items():
        second = halves[1][measure]
        if np.isfinite(first).any() and np.isfinite(second).any():
            there = second.flat[int(np.nanargmax(first))], first.flat[int(np.nanargmax(second))]
            found[measure] = float(np.mean(there))
    return found


def standard_errors(a: Side, b: Side, groups: Codes, keep: Codes, settings: Settings, cells: Mapping[str, tuple[int, int]]) -> dict[str, float]:
    """Measure -> standard error of one cell over stimuli.

    The spread of the measure over random halves of the stimuli, drawn without replacement, is that of the whole set's sampling error
    (Politis & Romano 1994: (1 / f - 1) sd^2 / n at f = 1/2). A bootstrap would draw a stimulus twice, which makes rows that are each
    other's nearest neighbours at distance 0 and raises every measure here.

    Args:
        a, b: The sides.
        groups: (n,) stimulus of each row.
        keep: Rows of the measures that need all pairs of rows.
        settings: Seed, and how to measure.
        cells: Measure -> places of the layers of its cell.
    """
    rng = np.random.default_rng([settings.seed, 2])
    drawn: dict[str, list[float]] = {m: [] for m in cells}
    for _ in range(HALVES):
        marked = half_of(groups, rng)
        for places in set(cells.values()):
            mine = [m for m, cell in cells.items() if cell == places]
            every = np.flatnonzero(marked)
            wanted = np.flatnonzero(np.isin(every, keep))
            sides = (Side(s.name, [s.layers[i]], s.load) for s, i in zip((a, b), places, strict=True))
            values = similarities(*_on(*sides, every), groups[every], wanted, _only(settings.halved, mine))
            for m in mine:
                drawn[m].append(float(values[m][0, 0]))
    return {m: float(np.std(v, ddof=1)) for m, v in drawn.items()}


def half_of(groups: Codes, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n,) rows of a random half of the stimuli."""
    names = np.unique(groups)
    return np.isin(groups, rng.permutation(names)[: len(names) // 2])


def _split(keep: Codes, marked: NDArray[np.bool_]) -> list[Codes]:
    return [keep[marked[keep]], keep[~marked[keep]]]


def _on(a: Side, b: Side, part: Codes) -> tuple[Side, Side]:
    """Both sides on some of the rows alone."""

    def narrowed(side: Side) -> Side:
        return Side(side.name, side.layers, lambda n: side.load(n)[part])

    return narrowed(a), narrowed(b)


def _only(settings: Settings, measures: Sequence[str]) -> Settings:
    """The same settings for some of the measures; svcca and pwcca come with cca."""
    wanted = {"cca" if m in ("svcca", "pwcca") else m for m in measures}
    return replace(settings, measures=tuple(m for m in settings.measures if m in wanted))


def best_cells(values: Mapping[str, Array]) -> dict[str, tuple[int, int]]:
    """Measure -> places of the two layers that are most alike; measures without a finite value have none."""
    found = {}
    for measure, own in values.items():
        if np.isfinite(own).any():
            i, j = np.unravel_index(int(np.nanargmax(own)), own.shape)
            found[measure] = (int(i), int(j))
    return found
