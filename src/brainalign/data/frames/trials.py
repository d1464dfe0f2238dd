"""Trials of single words: one value each, the mean of a response around its onset, or a course of time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from brainalign.data.types import Dataset, Presentation, Recording
from brainalign.errors import BrainalignError
from brainalign.signal.resample import resample_to

_SAME = 1e-6


def trial_means(dataset: Dataset, begin: float, end: float) -> Dataset:
    """Replace each presentation's response by its mean between two times.

    The single sample stands at the middle of the stretch and lasts as long as it, so that features are averaged over the same time.

    Args:
        dataset: As read.
        begin: Seconds from the onset; negative: before it.
        end: Seconds from the onset.

    Returns:
        The data set with one sample a presentation; NaN where a channel has no valid sample in the stretch.

    Raises:
        BrainalignError: A presentation was not recorded over all of it.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> data = simulate(subjects=1, electrodes=3, sentences=6, repeated=0)
        >>> trials = trial_means(data, -0.2, 0.8)
        >>> first = trials.recordings[0].presentations[0]
        >>> first.response.shape, round(first.start, 3), first.rate
        ((1, 3), 0.3, 1.0)
    """
    if end <= begin:
        raise BrainalignError(f"window.trial=[{begin:g}, {end:g}] is no stretch of time; the second must be later.")

    def mean(subject: str, p: Presentation) -> Presentation:
        times = p.start + np.arange(len(p.response)) / p.rate
        if begin < times[0] - 1 / p.rate or end > times[-1] + 1 / p.rate:
            raise BrainalignError(
                f"window.trial=[{begin:g}, {end:g}]: participant {subject}, stimulus {p.stimulus!r} was recorded from {times[0]:.3f} s to "
                f"{times[-1]:.3f} s of its onset only; a longer data.baseline keeps more before it."
            )
        inside = p.response[(times >= begin - _SAME) & (times < end - _SAME)].astype(np.float64)
        known = np.isfinite(inside)
        n = known.sum(axis=0)
        value = np.divide(
            np.where(known, inside, 0.0).sum(axis=0), n, out=np.full(inside.shape[1], np.nan), where=n > 0
        )
        return replace(p, response=value[None], rate=1 / (end - begin), start=(begin + end) / 2)

    recordings = [replace(r, presentations=[mean(r.subject, p) for p in r.presentations]) for r in dataset.recordings]
    return replace(dataset, recordings=recordings)


@dataclass(frozen=True)
class Trials:
    """What one participant's channels did in each trial.

    Attributes:
        stimuli: (trials,) the stimulus of each.
        words: (trials,) what was said: the stimulus's words in lower case, or its name where it has none. The identity that a fold
            leaves out.
        values: (trials, times, channels), NaN where nothing valid was recorded.
        times: (times,) seconds from the onset.
    """

    stimuli: list[str]
    words: list[str]
    values: NDArray[np.float64]
    times: NDArray[np.float64]


def trials_of(
    dataset: Dataset, recording: Recording, tmin: float = 0.0, tmax: float = 0.0, rate: float | None = None
) -> Trials:
    """All trials of a participant on common times around the onset.

    Args:
        dataset: Holds the stimuli.
        recording: Of the participant.
        tmin: First time of a course, in seconds from the onset.
        tmax: Its last time.
        rate: Values a second of a course, to which responses are brought without aliasing; None: each trial has one value already.

    Returns:
        The trials, in the order of the recording.

    Raises:
        BrainalignError: ``rate`` is None and a trial has several values, or a trial was not recorded over the whole course.

    Example:
        >>> from brainalign.data.simulated import simulate_production
        >>> data = simulate_production(subjects=1, electrodes=3, words=8, repeated=2, repeats=2, related=0.5, spread=2, seed=0)
        >>> trials = trials_of(data, data.recordings[0], -0.2, 0.2, 50.0)
        >>> trials.values.shape, trials.times[[0, -1]].tolist()
        ((10, 21, 3), [-0.2, 0.2])
    """
    shown = recording.presentations
    if rate is None:
        several = next((p for p in shown if len(p.response) != 1), None)
        if several is not None:
            raise BrainalignError(
                f"stimulus {several.stimulus!r} has {len(several.response)} values for participant {recording.subject}; "
                f"trials need one value each "
                "(window=trial) or a course of time at a rate of its own (window=production)."
            )
        times, values = np.array([shown[0].start]), np.stack([p.response for p in shown]).astype(np.float64)
    else:
        times = tmin + np.arange(round((tmax - tmin) * rate) + 1) / rate
        for p in shown:
            last = p.start + (len(p.response) - 1) / p.rate
            if tmin < p.start - 1 / p.rate or tmax > last + 1 / p.rate:
                raise BrainalignError(
                    f"window.tmin={tmin:g}, window.tmax={tmax:g}: participant {recording.subject}, stimulus {p.stimulus!r} was "
                    f"recorded from "
                    f"{p.start:.3f} s to {last:.3f} s of its onset only."
                )
        values = np.stack([resample_to(p.response, p.start, p.rate, times) for p in shown]).astype(np.float64)
    spoken = {s: " ".join(stimulus.words["word"]).lower() or s for s, stimulus in dataset.stimuli.items()}
    stimuli = [p.stimulus for p in shown]
    return Trials(stimuli, [spoken[s] for s in stimuli], values, times)
