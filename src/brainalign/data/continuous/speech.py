"""When a participant begins to speak, from the recorded sound: what trials of speech production are aligned to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from brainalign.data.continuous.run import Run
from brainalign.data.events.event import Event
from brainalign.errors import BrainalignError

STEP = 0.01
"""Seconds of sound that give one value of its level."""

ABOVE = 0.2
"""Speech begins where the level first is this share of the way from the room's to the trial's, for a while."""

HELD = 5
"""Values of the level (50 ms) that must stay above; a click does not."""

QUIET = 3.0
"""How many times the room's level a trial's must be for anybody to have spoken."""


def aligned_to_speech(run: Run, events: Sequence[Event], seconds: float) -> tuple[list[Event], int]:
    """Events moved to where the participant begins to speak.

    The level is the root mean square of the sound, less its mean, in steps of 10 ms; the room's is the 20th
    percentile over the run, a trial's
    the 95th from its event on for as long as the event, or the stimulus, lasts.

    Args:
        run: With its recorded sound.
        events: Of the run: the cues.
        seconds: How long a trial lasts whose event says no duration.

    Returns:
        The events at the onsets of speech, and how many were left out because nobody spoke.

    Raises:
        BrainalignError: The run has no sound.

    Example:
        >>> import pandas as pd
        >>> sound = np.random.default_rng(0).normal(0, 0.01, 40_000)
        >>> sound[12_000:16_000] += np.sin(np.arange(4000))
        >>> run = Run(np.zeros((10, 1)), 1.0, 0.0, pd.DataFrame(), sound, 4000.0)
        >>> moved, silent = aligned_to_speech(run, [Event("", "a", 2.0, 3.0, ""), Event("", "b", 6.0, 3.0, "")], 2.0)
        >>> [round(e.onset, 2) for e in moved], silent
        ([3.0], 1)
    """
    if run.sound is None:
        raise BrainalignError(
            "data.events.align=speech needs the recorded sound: name its channel by data.sound_channel (data.sound "
            "for NWB, data.keys.sound for arrays)."
        )
    level = _level(run.sound, run.sound_rate)
    room = float(np.nanpercentile(level, 20))
    out = []
    for event in events:
        length = event.duration if np.isfinite(event.duration) else seconds
        begin = round((event.onset - run.sound_start) / STEP)  # the sound may begin after it
        first = max(0, begin)
        trial = np.nan_to_num(level[first : max(begin + max(HELD, round(length / STEP)), 0)])
        loud = float(np.percentile(trial, 95)) if len(trial) else 0.0
        if loud < QUIET * room:
            continue
        above = trial > room + ABOVE * (loud - room)
        held = np.convolve(above, np.ones(HELD), "valid") == HELD
        if held.any():
            out.append(
                replace(event, onset=run.sound_start + (first + int(held.argmax())) * STEP, duration=float("nan"))
            )
    return out, len(events) - len(out)


def _level(sound: NDArray[np.floating], rate: float) -> NDArray[np.float64]:
    n = max(1, round(STEP * rate))
    x = np.asarray(sound[: len(sound) // n * n], dtype=np.float64)
    blocks = (x - np.nanmean(x)).reshape(-1, n)
    level: NDArray[np.float64] = np.sqrt((blocks**2).mean(axis=1))
    return level
