"""All participants' responses brought to the frame grid, as one problem: presentations by frames by channels."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.electrodes.channels import dead_channels, dropped_note
from brainalign.data.frames.grid import FrameGrid
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.errors import BrainalignError
from brainalign.signal.resample import resample_to

SHORT = 0.1
"""Seconds of a stimulus that a response may lack at either end; the frames there are NaN."""

SAME = 1e-6
"""Frames within which two times are one."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Responses:
    """Responses of all participants on the frames of the stimuli.

    Attributes:
        grids: Stimulus -> its frames.
        presentations: (stimulus, repeat): the union over participants, sorted.
        values: One (T, channels) array a presentation; NaN where a participant did not hear it, or has no valid sample. Float32 where
            all recordings are (voxels): scans have 12 to 16 bits, and a story's 100,000 voxels take 1.3 GiB as it is.
        channels: The channels of all participants, in the arrays' column order, index 0..n-1.
        notes: Sentences on what was dropped.
    """

    grids: dict[str, FrameGrid]
    presentations: list[tuple[str, int]]
    values: list[NDArray[np.floating[Any]]]
    channels: pd.DataFrame
    notes: list[str]

    def played(self, dataset: Dataset) -> list[int]:
        """Places of the presentations in the order in which they were played, to the first participant who heard each.

        Args:
            dataset: Whose recordings hold their presentations in the order of recording.
        """
        order = dict.fromkeys((p.stimulus, p.repeat) for r in dataset.recordings for p in r.presentations)
        place = {key: i for i, key in enumerate(self.presentations)}
        return [place[key] for key in order]


def responses_on_frames(
    dataset: Dataset, rate: float | None, around: tuple[int, int] = (0, 0), skip: Mapping[str, int] | None = None
) -> Responses:
    """Bring all recordings of a data set to common frames.

    Args:
        dataset: Stimuli and recordings.
        rate: 50 for the frames of the speech models (:meth:`FrameGrid.speech`), each response resampled inside its
            presentation; None for the recordings' own samples (fMRI), which must then coincide between participants.
        around: Frames, of the recordings' own, that the window reaches before and after a frame. What was heard that shortly before
            the first sample, or after the last, gets frames of its own, without responses, so that the lags find it.
        skip: Stimulus -> first frames of each recording of it that are taken as missing.

    Raises:
        BrainalignError: Nothing was recorded, a recording is slower than asked or much shorter than its stimulus,
            samples do not coincide, or no channel varies.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> data = simulate(subjects=2, electrodes=5, sentences=6, repeated=1, repeats=3)
        >>> responses = responses_on_frames(data, rate=50.0)
        >>> len(responses.presentations), responses.values[0].shape[1]
        (8, 10)
    """
    heard = sorted({(p.stimulus, p.repeat) for r in dataset.recordings for p in r.presentations})
    if not heard:
        raise BrainalignError(f"data set {dataset.name!r} has no presentation at all; there is nothing to predict.")
    ids = list(dict.fromkeys(stimulus for stimulus, _ in heard))
    grids = _own_grids(dataset, ids, around) if rate is None else _speech_grids(dataset, ids, rate)
    dtype = np.result_type(np.float32, *{p.response.dtype for r in dataset.recordings for p in r.presentations})
    values = {key: np.full((grids[key[0]].n, len(dataset.channels)), np.nan, dtype=dtype) for key in heard}
    first = 0
    for recording in dataset.recordings:
        columns = slice(first, first + len(recording.channels))
        _check_repeats(recording)
        for p in recording.presentations:
            own = resample_to(p.response, p.start, p.rate, grids[p.stimulus].times)
            if skip is not None and skip.get(p.stimulus) and (known := np.isfinite(own).any(axis=1)).any():
                own[: int(known.argmax()) + skip[p.stimulus]] = np.nan
            values[p.stimulus, p.repeat][:, columns] = own
        first = columns.stop
    return _varying(Responses(grids, heard, list(values.values()), dataset.channels, []))


def averaged(responses: Responses, stimuli: Collection[str]) -> Responses:
    """The presentations of some stimuli as one each: the mean, channel by channel, of those in which it has a valid sample.

    Args:
        responses: Each presentation apart.
        stimuli: Whose presentations become one.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> responses = responses_on_frames(simulate(subjects=1, electrodes=2, sentences=6, repeated=1, repeats=3), rate=50.0)
        >>> heard = [stimulus for stimulus, _ in responses.presentations]
        >>> again = max(heard, key=heard.count)
        >>> heard.count(again), [s for s, _ in averaged(responses, [again]).presentations].count(again)
        (3, 1)
    """
    found: dict[tuple[str, int], list[NDArray[np.floating[Any]]]] = {}
    for (stimulus, repeat), values in zip(responses.presentations, responses.values, strict=True):
        found.setdefault((stimulus, 0 if stimulus in stimuli else repeat), []).append(values)
    return replace(
        responses,
        presentations=list(found),
        values=[
            mean_of_valid(np.stack(own)).astype(own[0].dtype) if len(own) > 1 else own[0] for own in found.values()
        ],
    )


def mean_of_valid(stack: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Mean over the first axis of what is finite; NaN where nothing is.

    Args:
        stack: (n, ...).

    Example:
        >>> mean_of_valid(np.array([[1.0, np.nan], [3.0, np.nan]])).tolist()
        [2.0, nan]
    """
    known = np.isfinite(stack)
    count = known.sum(axis=0)
    total = np.where(known, stack, 0.0).sum(axis=0, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _speech_grids(dataset: Dataset, ids: Sequence[str], rate: float) -> dict[str, FrameGrid]:
    grids = {s: FrameGrid.speech(dataset.stimuli[s].duration) for s in ids}
    own = next(iter(grids.values())).rate
    if abs(rate - own) > 1e-9:
        raise BrainalignError(
            f"window.rate={rate:g} is not offered; it must be {own:g} (the frames of the speech models) or null "
            f"(the recording's own samples)."
        )
    for s, grid in grids.items():
        if grid.n < 1:
            raise BrainalignError(
                f"stimulus {s!r} lasts {dataset.stimuli[s].duration:g} s, too short for one frame of 25 ms."
            )
    for recording in dataset.recordings:
        for p in recording.presentations:
            _check_span(recording.subject, p, rate, dataset.stimuli[p.stimulus].duration)
    return grids


def _check_span(subject: str, p: Presentation, rate: float, duration: float) -> None:
    if p.rate < rate * (1 - 1e-6):
        raise BrainalignError(
            f"window.rate={rate:g} is above the {p.rate:g} Hz at which participant {subject} was recorded; "
            f"take the recording's own samples (window.rate=null; window=fir_tr for fMRI)."
        )
    end = p.start + len(p.response) / p.rate
    if end < duration - SHORT or p.start > SHORT:
        raise BrainalignError(
            f"participant {subject}, stimulus {p.stimulus!r}: the response runs from {p.start:.3f} s to {end:.3f} s, "
            f"but the stimulus from 0 to {duration:.3f} s; the response must cover it."
        )


def _own_grids(dataset: Dataset, ids: Sequence[str], around: tuple[int, int]) -> dict[str, FrameGrid]:
    """For each stimulus the samples from the earliest to the latest of any participant, and what was heard around them."""
    parts = [(r.subject, p) for r in dataset.recordings for p in r.presentations]
    who, model = parts[0]
    for subject, p in parts:
        if abs(p.rate / model.rate - 1) > 1e-6:
            raise BrainalignError(
                f"participant {subject} was recorded at {p.rate:g} Hz, but participant {who} at {model.rate:g} Hz; "
                f"window.rate=null needs one rate for all."
            )
    grids = {}
    for stimulus in ids:
        same = [(subject, p) for subject, p in parts if p.stimulus == stimulus]
        who, model = same[0]
        for subject, p in same:
            apart = (p.start - model.start) * model.rate
            if abs(apart - round(apart)) > 0.01:
                raise BrainalignError(
                    f"stimulus {stimulus!r}: participant {subject} has samples from {p.start:g} s on, participant "
                    f"{who} from {model.start:g} s on, which do not coincide at {model.rate:g} Hz; "
                    f"window.rate=null needs the same sample times in all{_or_resampled(model.rate)}."
                )
        start = min(p.start for _, p in same)
        end = max(p.start + len(p.response) / p.rate for _, p in same)
        grid = FrameGrid(start, model.rate, round((end - start) * model.rate))
        grids[stimulus] = _with_what_was_heard(grid, dataset.stimuli[stimulus], around)
    return grids


def _or_resampled(rate: float) -> str:
    speech = FrameGrid.speech(0.0).rate
    return f"; window.rate={speech:g} resamples each to common frames" if rate >= speech else ""


def _with_what_was_heard(grid: FrameGrid, stimulus: Stimulus, around: tuple[int, int]) -> FrameGrid:
    """The grid with up to so many frames more at either end, as far as something is heard in their slots."""
    begin, end = (0.0, stimulus.duration) if stimulus.audio is not None or stimulus.words.empty else stimulus.spoken
    first = min(around[0], max(0, math.ceil((grid.edges[0][0] - begin) * grid.rate - SAME)))
    last = min(around[1], max(0, math.ceil((end - grid.edges[1][-1]) * grid.rate - SAME)))
    return FrameGrid(grid.start - first / grid.rate, grid.rate, first + grid.n + last)


def _check_repeats(recording: Recording) -> None:
    keys = [(p.stimulus, p.repeat) for p in recording.presentations]
    for stimulus, repeat in keys:
        if keys.count((stimulus, repeat)) > 1:
            raise BrainalignError(
                f"participant {recording.subject} has two presentations of {stimulus!r} with repeat {repeat}; "
                f"number them 0, 1, 2, ..."
            )


def _varying(responses: Responses) -> Responses:
    """Leave out channels that never vary, by name."""
    dead = dead_channels(responses.values)
    if len(dead) == len(responses.channels):
        raise BrainalignError(
            f"none of the {len(dead)} channels varies on the frames of the stimuli; there is nothing to predict."
        )
    if not dead:
        return responses
    notes = []
    for subject, table in responses.channels.groupby("subject", sort=False):
        here: Mapping[str, str] = {table["electrode"][i]: dead[i] for i in table.index if i in dead}
        if here:
            notes.append(dropped_note(str(subject), here, len(table)))
            log.warning(notes[-1])
    keep = [i for i in range(len(responses.channels)) if i not in dead]
    return Responses(
        responses.grids,
        responses.presentations,
        [v[:, keep] for v in responses.values],
        responses.channels.iloc[keep].reset_index(drop=True),
        notes,
    )
