"""Null by shuffled stimuli, intervals by halves of the stimuli, and a layer that is chosen on other stimuli than it is scored on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.geometry.measures import FITTED_MEASURES, Codes, Settings, Side, fitted, similarities
from brainalign.analysis.geometry.names import STIMULI
from brainalign.similarity._relation import Matrix, inner, permuted

Array = NDArray[np.float64]
F = TypeVar("F", float, Array)

TIE = 1e-6
"""Difference of two likenesses that is rounding of float32."""

HALVES = 20
"""Random halves of the stimuli behind a standard error."""

FITTED = 39
"""Shuffles at most of a measure that is fitted anew in each."""

TESTED = ("null_mean", "null_95", "p", "smallest_p", "p_max")


class Null(NamedTuple):
    """What shuffled stimuli give, the maximum over all cells.

    Attributes:
        observed: The maximum of what was observed.
        draws: (draws,) the maximum of each shuffle.
        p: Of each cell, corrected over the cells by the maximum statistic.
    """

    observed: float
    draws: Array
    p: Array


def over_cells(observed: Array, draws: Array) -> Array:
    """P of each cell, corrected over all of them by the maximum of studentised statistics (Westfall & Young 1993).

    Each cell is brought to the mean and deviation of what was observed and drawn there, so that one with few electrodes does not decide
    for all; the observed value is treated as each draw, which keeps p exact.

    Args:
        observed: (cells,).
        draws: (draws, cells), one shuffle of all cells a row.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> p = over_cells(np.array([0.1, 90.0]), rng.normal(size=(99, 2)) * [1.0, 10.0])
        >>> float(p[1]), bool(p[0] > 0.2)
        (0.01, True)
    """
    every = np.concatenate([observed[None], draws])
    deviation = every.std(axis=0)
    z = (every - every.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return np.asarray((1 + (z[1:].max(axis=1)[:, None] >= z[0] - TIE).sum(axis=0)) / len(every))


def with_null(table: pd.DataFrame, statistics: Sequence[tuple[float, Array] | None]) -> pd.DataFrame:
    """With what shuffles come to in each row, and p in the row and over all rows of its measure.

    Args:
        table: With a column ``measure``.
        statistics: Of each row, observed and (draws,) drawn; None where nothing was shuffled. Draws of a measure are those of the same
            shuffles.

    Returns:
        The table with ``null_mean``, ``null_95``, ``p``, ``smallest_p``, ``p_max`` (corrected, by :func:`over_cells`), ``family_size``;
        NaN in a row whose statistic is not known in every shuffle.
    """
    table = table.assign(**dict.fromkeys(TESTED, np.nan), family_size=0)
    for places in table.groupby("measure", sort=False).indices.values():
        known = [
            (int(k), own)
            for k in places
            if (own := statistics[int(k)]) is not None and np.isfinite(own[0]) and np.isfinite(own[1]).all()
        ]
        if not known:
            continue
        rows = [k for k, _ in known]
        observed, draws = np.array([own[0] for _, own in known]), np.stack([own[1] for _, own in known], axis=1)
        p = (1 + (draws >= observed - TIE).sum(axis=0)) / (1 + len(draws))
        least = np.full(len(rows), 1 / (1 + len(draws)))
        high = np.quantile(draws, 0.95, axis=0)
        table.loc[rows, list(TESTED)] = np.column_stack(
            [draws.mean(axis=0), high, p, least, over_cells(observed, draws)]
        )
        table.loc[rows, "family_size"] = len(rows)
    return table


def balanced(groups: Codes) -> Codes:
    """Places of rows such that every stimulus that stays has as many: the first m of each that has so many, m so that most rows stay.

    At least half of the stimuli stay. Only then does a shuffle of whole stimuli put each in the place of one other.

    Args:
        groups: (n,) stimulus of each row, rows of one together.
    """
    counts = np.bincount(groups)
    least = max(STIMULI, -(-np.count_nonzero(counts) // 2))
    lengths = [m for m in np.unique(counts[counts > 0]) if (counts >= m).sum() >= least]
    m = max(lengths, key=lambda m: int(m * (counts >= m).sum()))
    return np.concatenate([np.flatnonzero(groups == g)[:m] for g in np.flatnonzero(counts >= m)])


def shuffled(groups: Codes, rng: np.random.Generator) -> Codes:
    """An order of rows in which whole stimuli, all of one number of rows, have changed places.

    Rows keep their place within the stimulus: what all stimuli have in common by position (a begin, a drift) is in the shuffles as well.

    Args:
        groups: (n,) stimulus of each row, rows of one together, from :func:`balanced`.
        rng: Of the shuffle.
    """
    blocks = np.split(np.arange(len(groups)), np.flatnonzero(np.diff(groups)) + 1)
    return np.concatenate([blocks[b] for b in rng.permutation(len(blocks))])


def null(a: Matrix, b: Matrix, groups: Codes, settings: Settings) -> Null:
    """Shuffle the stimuli of one side against the other; the statistic of a cell is the likeness of its two relations.

    Args:
        a: Relations (La, n, n).
        b: Relations (Lb, n, n) on the same rows.
        groups: (n,) stimulus of each row, from :func:`balanced`.
        settings: Draws and seed.
    """
    observed = inner(a, b)
    maxima = draws_of(a, b, groups, settings).max(axis=(1, 2))
    p = (1 + (maxima[:, None, None] >= observed - TIE).sum(axis=0)) / (1 + settings.draws)
    return Null(float(observed.max()), maxima, p)


def draws_of(a: Matrix, b: Matrix, groups: Codes, settings: Settings) -> Array:
    """(draws, La, Lb) the likeness of every two relations with the stimuli of one side shuffled; arguments as for :func:`null`."""
    found = np.empty((settings.draws, len(a), len(b)))
    for draw in range(settings.draws):
        order = shuffled(groups, np.random.default_rng([settings.seed, draw]))
        # to permute the smaller stack is as good as the other, and cheaper
        found[draw] = inner(permuted(a, order), b) if len(a) < len(b) else inner(a, permuted(b, order))
    return found


class Elsewhere(NamedTuple):
    """What a cell comes to that is chosen on other stimuli.

    Attributes:
        values: Measure -> similarity of the best cell of one half of the stimuli, measured on the other half; mean of both ways.
        cells: Measure -> the cell of the first half.
        rest: Rows of the second half.
    """

    values: dict[str, float]
    cells: dict[str, tuple[int, int]]
    rest: Codes


def chosen_elsewhere(a: Side, b: Side, groups: Codes, keep: Codes, settings: Settings) -> Elsewhere:
    """Choose the best cell on one half of the stimuli and measure it on the other, both ways.

    Args:
        a: One side.
        b: The other.
        groups: (n,) stimulus of each row.
        keep: Rows that take part.
        settings: Measures and seed.
    """
    rng = np.random.default_rng([settings.seed, 1])
    parts = _split(keep, half_of(groups, rng))
    halves = [similarities(*_on(a, b, part), groups[part], np.arange(len(part)), settings.halved) for part in parts]
    found = {}
    for measure, first in halves[0].items():
        second = halves[1][measure]
        if np.isfinite(first).any() and np.isfinite(second).any():
            there = second.flat[int(np.nanargmax(first))], first.flat[int(np.nanargmax(second))]
            found[measure] = float(np.mean(there))
    return Elsewhere(found, best_cells(halves[0]), parts[1])


def fitted_null(a: Side, b: Side, groups: Codes, chosen: Elsewhere, settings: Settings) -> dict[str, Null]:
    """Shuffles for the measures that are fitted, Procrustes and CCA: of the cell that one half of the stimuli chose, on the other half.

    The cell owes nothing to the stimuli that are shuffled, so one cell is enough, where a maximum over all would need all their fits
    again and again.

    Args:
        a: One side.
        b: The other.
        groups: (n,) stimulus of each row.
        chosen: Cells, and the rows to test on.
        settings: Measures, draws and seed.

    Returns:
        Measure -> null; empty where half of the stimuli are fewer than shuffles need.
    """
    if len(np.unique(groups[chosen.rest])) < STIMULI:
        return {}
    rows = chosen.rest[balanced(np.unique(groups[chosen.rest], return_inverse=True)[1])]
    stimuli, found = np.unique(groups[rows], return_inverse=True)[1], {}
    for measure in FITTED_MEASURES:
        if measure not in chosen.cells:
            continue
        i, j = chosen.cells[measure]
        x, y = a.load(a.layers[i])[rows], b.load(b.layers[j])[rows]
        observed, *drawn = fitted(x, [y], stimuli, measure, settings, min(settings.draws, FITTED))[:, 0]
        draws = np.array(drawn)
        found[measure] = Null(float(observed), draws, (1 + np.sum(draws >= observed - TIE)) / (1 + len(draws)))
    return found


def standard_errors(
    a: Side, b: Side, groups: Codes, keep: Codes, settings: Settings, cells: Mapping[str, tuple[int, int]]
) -> dict[str, float]:
    """Measure -> standard error of one cell over stimuli.

    The spread of the measure over random halves of the stimuli, drawn without replacement, is that of the whole set's sampling error
    (Politis & Romano 1994: (1 / f - 1) sd^2 / n at f = 1/2). A bootstrap would draw a stimulus twice, which makes rows that are each
    other's nearest neighbours at distance 0 and raises every measure here.

    Args:
        a: One side.
        b: The other.
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
            left, right = (Side(s.name, [s.layers[i]], s.load) for s, i in zip((a, b), places, strict=True))
            values = similarities(*_on(left, right, every), groups[every], wanted, _only(settings.halved, mine))
            for m in mine:
                drawn[m].append(float(values[m][0, 0]))
    return {m: float(np.std(v, ddof=1)) for m, v in drawn.items()}


def over_stimuli(value: F, error: F) -> tuple[F, F]:
    """Ends of the 95 % interval for other stimuli: Student's t with one degree of freedom less than there are halves.

    Args:
        value: Of the whole set.
        error: Its standard error, of :func:`standard_errors`.
    """
    from scipy.special import stdtrit

    half = float(stdtrit(HALVES - 1, 0.975)) * error
    return value - half, value + half


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
