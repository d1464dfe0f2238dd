"""All participants' responses brought to the frame grid, as one table of presentations by channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.grid import FrameGrid
from brainalign.data.types import Dataset, Presentation
from brainalign.errors import BrainalignError
from brainalign.signal.resample import resample_to

SHORT = 0.1
"""Seconds by which a recording may end before its stimulus does."""


@dataclass(frozen=True)
class Responses:
    """Responses on frames.

    Attributes:
        grids: Stimulus -> its frames.
        presentations: (stimulus, repeat), those of all participants together, in order.
        values: One (T, channels) array a presentation, NaN where a participant has none.
        channels: The channels of all participants, in the arrays' column order.
        notes: Sentences on what was dropped.
    """

    grids: dict[str, FrameGrid]
    presentations: list[tuple[str, int]]
    values: list[NDArray[np.float64]]
    channels: pd.DataFrame
    notes: list[str]


def collect(dataset: Dataset, rate: float | None) -> Responses:
    """Bring a data set to the frame grid.

    Args:
        dataset: Stimuli and recordings.
        rate: 50 for the frames of the speech models, or None for the recordings' own samples (fMRI).

    Raises:
        BrainalignError: A recording is slower than asked, shorter than its stimulus, or participants' samples do not coincide.
    """
    heard = sorted({(p.stimulus, p.repeat) for r in dataset.recordings for p in r.presentations})
    if not heard:
        raise BrainalignError(f"data set {dataset.name!r} has no presentation at all; check its events.")
    grids = {s: _grid(dataset, s, rate) for s in sorted({s for s, _ in heard})}
    width = len(dataset.channels)
    values = {key: np.full((grids[key[0]].n, width), np.nan) for key in heard}
    first = 0
    for recording in dataset.recordings:
        columns = slice(first, first + len(recording.channels))
        for p in recording.presentations:
            if rate is not None:
                _check_span(recording.subject, p, rate, dataset.stimuli[p.stimulus].duration)
            values[p.stimulus, p.repeat][:, columns] = resample_to(p.response, p.start, p.rate, grids[p.stimulus].times)
        first = columns.stop
    return _without_flat(dataset.channels, heard, values, grids)


def _grid(dataset: Dataset, stimulus: str, rate: float | None) -> FrameGrid:
    if rate is not None:
        speech = FrameGrid.speech(dataset.stimuli[stimulus].duration)
        if abs(rate - speech.rate) > 1e-9:
            raise BrainalignError(f"window.rate={rate:g} is not offered; 50 (the frames of speech models) or null (the recording's own samples).")
        return speech
    found = [(r.subject, p) for r in dataset.recordings for p in r.presentations if p.stimulus == stimulus]
    subject, first = found[0]
    for other, p in found[1:]:
        phase = (p.start - first.start) * first.rate
        if abs(p.rate - first.rate) > 1e-9 or abs(phase - round(phase)) > 1e-3:
            raise BrainalignError(
                f"stimulus {stimulus}: participant {other} has samples at {p.rate:g} Hz from {p.start:g} s, participant {subject} at "
                f"{first.rate:g} Hz from {first.start:g} s; they must coincide, or give window.rate=50."
            )
    start = min(p.start for _, p in found)
    end = max(p.start + len(p.response) / p.rate for _, p in found)
    return FrameGrid(start, first.rate, round((end - start) * first.rate))


def _check_span(subject: str, p: Presentation, rate: float, duration: float) -> None:
    if p.rate < rate * (1 - 1e-6):
        raise BrainalignError(
            f"window.rate={rate:g} is faster than the recording of participant {subject} ({p.rate:g} Hz); for fMRI use window=fir_tr."
        )
    end = p.start + len(p.response) / p.rate
    if end < duration - SHORT:
        raise BrainalignError(
            f"participant {subject}, stimulus {p.stimulus}: the recording ends {end:.2f} s after onset, the stimulus lasts {duration:.2f} s."
        )


def _without_flat(
    channels: pd.DataFrame,
    heard: list[tuple[str, int]],
    values: dict[tuple[str, int], NDArray[np.float64]],
    grids: dict[str, FrameGrid],
) -> Responses:
    """Drop channels that are constant or never valid, by name."""
    low = np.fmin.reduce([np.fmin.reduce(v, axis=0) for v in values.values()])
    high = np.fmax.reduce([np.fmax.reduce(v, axis=0) for v in values.values()])
    keep = high > low  # False for NaN too
    notes = []
    if not keep.all():
        names = [f"{row.subject}/{row.electrode}" for row in channels[~keep].itertuples()]
        notes.append(f"{len(names)} channel(s) are constant or never valid and are dropped: {', '.join(names)}.")
    if not keep.any():
        raise BrainalignError("every channel is constant or never valid; there is nothing to predict.")
    kept = [values[key][:, keep] for key in heard]
    return Responses(grids, heard, kept, channels[keep].reset_index(drop=True), notes)
