"""Models against regions: each participant's response patterns over a region's electrodes, with ceilings and a null."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.geometry.ceiling import between_participants, corrected
from brainalign.analysis.geometry.inference import balanced, draws_of, half_of
from brainalign.analysis.geometry.measures import Settings
from brainalign.analysis.geometry.names import STIMULI
from brainalign.analysis.geometry.resampling import resampled
from brainalign.analysis.geometry.rows import RowSet, response_rows, standardised
from brainalign.similarity import crossnobis
from brainalign.similarity._relation import Matrix, Relational, inner, of_distances
from brainalign.study.study import Study

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

HALF = 0.5
"""Share of the rows in which an electrode must have been recorded to take part."""

REPEATED = 20
"""Rows of repeated stimuli that a split-half ceiling needs."""

REPEATED_STIMULI = 3
"""Repeated stimuli that it needs: pairs of rows of one stimulus have no part, and of two the row effects are not told apart."""


@dataclass(frozen=True)
class Patterns:
    """One participant's responses in one region.

    Attributes:
        subject, region: Which.
        rows: (n,) places of the rows that take part; the same array for all regions of a participant.
        values: (n, electrodes) z-scored.
        halves: Places of those rows that both halves of the presentations have, and the values of each half there; None where no
            stimulus was repeated.
    """

    subject: str
    region: str
    rows: Codes
    values: Array
    halves: tuple[Codes, Array, Array] | None

    @property
    def crossed(self) -> bool:
        """Whether all rows were repeated, so that distances between them can be cross-validated."""
        return self.halves is not None and len(self.halves[0]) == len(self.rows)

    def relation(
        self, measure: Relational, groups: Codes, settings: Settings, rows: Codes | slice = slice(None)
    ) -> Matrix:
        """(n, n) of these electrodes on some of the rows; ``rsa`` by cross-validated distances where they can be had."""
        if measure == "rsa" and self.crossed:
            assert self.halves is not None
            return of_distances(
                crossnobis(np.stack([half[rows] for half in self.halves[1:]])), settings.compare, groups[rows]
            )
        found: Matrix = settings.relations([self.values[rows]], measure, groups[rows])[0]
        return found


def patterns_of(
    study: Study, rows: RowSet, keep: Codes, least: int, everywhere: str
) -> tuple[list[Patterns], list[str]]:
    """Every participant's patterns in each region, and in all regions together where there are several.

    Args:
        study: Responses and window.
        rows: All rows.
        keep: Those that take part.
        least: Electrodes that a region needs.
        everywhere: Name of all regions together.

    Returns:
        Patterns, and a sentence on each region that has too few electrodes, and on too few repeated stimuli.
    """
    channels = study.channels.reset_index(drop=True)
    some = rows.take(np.isin(np.arange(len(rows)), keep))
    found: list[Patterns] = []
    notes: list[str] = []
    few: dict[str, list[str]] = {}
    scarce: list[str] = []
    for subject, own in channels.groupby("subject", sort=False):
        columns = own.index.to_numpy()
        whole = response_rows(study, columns, some)
        known = np.isfinite(whole)
        columns, whole = columns[known.mean(axis=0) > HALF], whole[:, known.mean(axis=0) > HALF]
        valid = np.isfinite(whole).all(axis=1)
        heard = len(np.unique(some.groups[valid]))
        if not len(columns) or heard < STIMULI:
            notes.append(
                f"participant {subject} has responses to {heard} of the stimuli, {STIMULI} are needed; left out of the geometry."
            )
            continue
        halves = [response_rows(study, columns, some, half) for half in (0, 1)]
        repeated = len(np.unique(some.groups[np.isfinite(halves[1]).any(axis=1)]))
        if 0 < repeated < REPEATED_STIMULI:
            scarce.append(f"{subject} {repeated}")
        regions = {str(r): np.flatnonzero((own["region"].loc[columns] == r).to_numpy()) for r in own["region"].unique()}
        if len(regions) > 1:
            regions[everywhere] = np.arange(len(columns))
        for region, places in regions.items():
            values = standardised(whole[valid][:, places])
            if values.shape[1] < least:
                few.setdefault(region, []).append(f"{subject} {values.shape[1]}")
                continue
            both = [half[valid][:, places] for half in halves]
            halved = _halves(both, some.groups[valid])
            found.append(Patterns(str(subject), region, np.flatnonzero(valid), values, halved))
    if scarce:
        notes.append(
            f"Split-half ceilings need {REPEATED_STIMULI} repeated stimuli; too few were repeated for {', '.join(scarce)}."
        )
    notes += [
        f"{region}: too few {study.noun}s for a geometry (analysis.electrodes={least} are needed) in {', '.join(who)}; left out there."
        for region, who in few.items()
    ]
    return found, notes


def _halves(both: Sequence[Array], groups: Codes) -> tuple[Codes, Array, Array] | None:
    """Rows that both halves have, and both z-scored there; None where these are too few to tell."""
    rows = np.flatnonzero(np.isfinite(both[0]).all(axis=1) & np.isfinite(both[1]).all(axis=1))
    if len(rows) < REPEATED or len(np.unique(groups[rows])) < REPEATED_STIMULI:
        return None
    return rows, standardised(both[0][rows]), standardised(both[1][rows])


@dataclass(frozen=True)
class Outcome:
    """One model against participants who have the same rows, by one measure.

    Attributes:
        values: (layers, patterns).
        nested: (patterns,) the layer chosen on one half of the stimuli and measured on the other, both ways.
        observed: (layers, patterns) on as many rows of each stimulus, as the shuffles have them.
        draws: (draws, layers, patterns) with the stimuli shuffled.
        resampled: (draws, layers, patterns) with the stimuli drawn anew.
    """

    values: Array
    nested: Array
    observed: Array
    draws: Array
    resampled: Array


def audiences(patterns: Sequence[Patterns]) -> list[list[Patterns]]:
    """Patterns that have the same rows, together: they heard the same, and share a model's relations and its shuffles."""
    found: dict[bytes, list[Patterns]] = {}
    for pattern in patterns:
        found.setdefault(pattern.rows.tobytes(), []).append(pattern)
    return list(found.values())


def outcome(
    model: Sequence[Array], brain: Sequence[Patterns], groups: Codes, measure: Relational, settings: Settings
) -> Outcome:
    """Each layer of a model against each pattern of one audience.

    Args:
        model: Its layers, (n, dims) each, on the audience's rows.
        brain: The audience.
        groups: (n,) stimulus of each row.
        measure: Which.
        settings: How, and how many shuffles.
    """

    def relations(rows: Codes, how: Settings = settings) -> tuple[Matrix, Matrix]:
        layers = how.relations([x[rows] for x in model], measure, groups[rows])
        return layers, np.stack([p.relation(measure, groups, how, rows) for p in brain])

    layers, people = relations(np.arange(len(groups)))
    values = inner(layers, people)
    anew = resampled(layers, people, groups, settings.seed)
    del layers, people
    rows = balanced(groups)
    tested = relations(rows)
    draws = draws_of(*tested, groups[rows], settings)
    observed = inner(*tested)
    del tested
    marked = half_of(groups, np.random.default_rng([settings.seed, 1]))
    first, second = (
        inner(*relations(half, settings.halved)) for half in (np.flatnonzero(marked), np.flatnonzero(~marked))
    )
    nested = (choose(first, second) + choose(second, first)) / 2
    return Outcome(values, nested, observed, draws, anew)


def choose(by: Array, of: Array) -> Array:
    """(patterns,) the value of each pattern's best layer, chosen by other values, both (layers, patterns)."""
    return np.asarray(np.take_along_axis(of, by.argmax(axis=0)[None], axis=0)[0])


def ceilings(patterns: Sequence[Patterns], groups: Codes, measure: Relational, settings: Settings) -> pd.DataFrame:
    """How alike a region could be to a model: by its own repeats, and by other participants.

    Args:
        patterns: Of all participants.
        groups: Stimulus of each row among all.
        measure: Which.
        settings: How.

    Returns:
        Columns subject, region, measure, split_half, ceiling (root of the split half brought to full length), upper, lower.
    """
    rows = []
    for audience in audiences(patterns):
        stimuli = groups[audience[0].rows]
        for region in dict.fromkeys(p.region for p in audience):
            here = [p for p in audience if p.region == region]
            upper, lower = between_participants([p.relation(measure, stimuli, settings) for p in here], measure)
            for k, pattern in enumerate(here):
                half = np.nan
                if pattern.halves is not None:
                    kept, *halves = pattern.halves
                    half = float(inner(*(settings.relations([h], measure, stimuli[kept]) for h in halves))[0, 0])
                ceiling = float(np.sqrt(corrected(half))) if half > 0 else np.nan
                rows.append((pattern.subject, region, measure, half, ceiling, upper[k], lower[k]))
    return pd.DataFrame(rows, columns=["subject", "region", "measure", "split_half", "ceiling", "upper", "lower"])
