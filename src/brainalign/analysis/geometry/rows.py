"""The rows that representations are compared on: words, or frames thinned so that neighbours are not counted twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.analysis.geometry.names import STIMULI
from brainalign.errors import BrainalignError
from brainalign.features.representation import Representation
from brainalign.study.paired_rows import RowKind, inside_words
from brainalign.study.study import Study

Array = NDArray[np.float64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class RowSet:
    """Rows by the stimulus that they are of.

    Attributes:
        kind: A row is a word or a frame.
        table: Columns stimulus, time (s), place (number of the word, or of the frame, in its stimulus); one row each.
        thinned: Rows of this kind that there are for each one that is kept.
    """

    kind: RowKind
    table: pd.DataFrame
    thinned: int

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """(n,) number of each row's stimulus."""
        return np.asarray(pd.factorize(self.table["stimulus"])[0], dtype=np.int64)

    def take(self, keep: Bool) -> RowSet:
        """The rows marked."""
        return RowSet(self.kind, self.table[keep].reset_index(drop=True), self.thinned)

    def at_most(self, most: int) -> NDArray[np.int64]:
        """Places of every m-th row, m so small as ``most`` allows: all stimuli stay."""
        return np.arange(0, len(self), -(-len(self) // most))

    def read(self, values: Callable[[str], NDArray[np.floating]]) -> NDArray[np.floating]:
        """(n, dims) the rows out of each stimulus's (places, dims)."""
        parts = self.table.groupby("stimulus", sort=False)["place"]
        return np.concatenate([values(str(stimulus))[places.to_numpy()] for stimulus, places in parts])


def row_set(study: Study, members: list[Representation], asked: str, spacing: float) -> RowSet:
    """The rows of all stimuli that were heard.

    Args:
        study: Data and grid.
        members: Who is compared.
        asked: ``auto``: words where a model has a vector a word and frames are fast, else frames; or ``words``, ``frames``.
        spacing: Seconds between frames that are kept; no frames are left out on a slower grid.

    Raises:
        BrainalignError: No words, or too few stimuli.
    """
    grids = study.responses.grids
    slow = next(iter(grids.values())).slow
    worded = any(m.unit == "words" for m in members)
    kind: RowKind = "words" if asked == "words" or (asked == "auto" and worded and not slow) else "frames"
    step = max(1, round(spacing * next(iter(grids.values())).rate)) if kind == "frames" else 1
    parts = []
    for stimulus, grid in grids.items():
        words = study.dataset.stimuli[stimulus].words
        if kind == "words":
            onset = words["onset"].to_numpy(dtype=np.float64)
            place = np.flatnonzero((onset >= grid.start - 1 / grid.rate) & (onset < grid.start + grid.n / grid.rate))
            time = onset[place]
        else:
            place = np.arange(0, grid.n, step)
            if worded and not slow:  # a model of words has nothing to say between them
                place = place[inside_words(words, grid.times[place])] if len(words) else place[:0]
            time = grid.times[place]
        parts.append(pd.DataFrame({"stimulus": stimulus, "time": time, "place": place}))
    table = pd.concat(parts, ignore_index=True)
    heard = table["stimulus"].nunique()
    if heard < STIMULI:
        raise BrainalignError(
            f"analysis=geometry has {heard} stimuli with {kind}; at least {STIMULI} are needed, because intervals and nulls "
            "are over whole stimuli."
        )
    return RowSet(kind, table, step)


def model_rows(study: Study, model: Representation, layer: int, rows: RowSet) -> NDArray[np.floating]:
    """(n, dims) of one layer, on these rows.

    Args:
        study: Grid.
        model: Whose layer.
        layer: Which.
        rows: Of the same study.
    """
    values = model.word_rows(layer) if rows.kind == "words" else study.frames(model, layer)
    return rows.read(lambda stimulus: values[stimulus])


def response_rows(study: Study, columns: NDArray[np.int64], rows: RowSet, half: int | None = None) -> Array:
    """(n, channels) responses averaged over repeats and over the window that begins at each row's time.

    Args:
        study: Responses; its window says which frames.
        columns: Of the responses.
        rows: Where.
        half: None = all presentations of a stimulus; 0 or 1 = every other one, for a split-half ceiling.

    Returns:
        NaN where less than half of the window was recorded, or a stimulus has no presentation in the half.
    """
    heard: dict[str, list[Array]] = {}
    for stimulus, values in zip(study.stimuli, study.responses.values, strict=True):
        own = values[:, columns].astype(np.float64, copy=False)
        if np.isfinite(own).any():
            heard.setdefault(stimulus, []).append(own)
    out = np.full((len(rows), len(columns)), np.nan)
    for stimulus, part in rows.table.groupby("stimulus", sort=False):
        times = heard.get(str(stimulus), [])
        if half is not None:
            times = times[half::2] if len(times) > 1 else []
        if not times:
            continue
        response, grid = _mean(np.stack(times)), study.responses.grids[str(stimulus)]
        first = np.ceil((part["time"].to_numpy() - grid.start) * grid.rate - 1e-6).astype(np.int64)
        frames = first[:, None] + study.lags[None, :]
        inside = (frames >= 0) & (frames < grid.n)
        window = np.where(inside[:, :, None], response[np.clip(frames, 0, grid.n - 1)], np.nan)
        enough = np.isfinite(window).sum(axis=1) >= len(study.lags) / 2
        out[part.index] = np.where(enough, _mean(window.transpose(1, 0, 2)), np.nan)
    return out


def standardised(values: Array) -> Array:
    """Each channel with mean 0 and sd 1 over the rows, so that none counts by its unit; those that do not vary are left out."""
    sd = values.std(axis=0)
    varies = sd > 1e-10 * np.abs(values).max(axis=0, initial=0.0)
    return np.asarray((values[:, varies] - values[:, varies].mean(axis=0)) / sd[varies])


def _mean(stack: Array) -> Array:
    """Mean over the first axis of what is finite; NaN where nothing is."""
    known = np.isfinite(stack)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, stack, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
