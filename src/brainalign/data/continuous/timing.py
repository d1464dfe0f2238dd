"""A run's events held against its sound, or against what its channels do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isinf

import numpy as np
import pandas as pd

from brainalign.data.continuous.event import Event
from brainalign.data.continuous.run import Run
from brainalign.data.grid import SLOW
from brainalign.data.sync import REACH, Sync, mean_response, sound_envelope, sync
from brainalign.data.types import Stimulus

CHECKED = 60
"""Presentations of a run that are looked at, spread evenly over it: an offset or a drift does not need more."""

FEWEST = 3
"""Presentations, recorded from 3 s before to 4 s after their onset, without which a response says nothing."""


def check_sync(run: Run, events: Sequence[Event], stimuli: Mapping[str, Stimulus], name: str) -> Sync | None:
    """Whether the stimuli were played when the events say so.

    Args:
        run: With its recorded sound, or else its responses are looked at.
        events: Of the run.
        stimuli: By id; those without sound are passed over.
        name: Of the run, for sentences.

    Returns:
        What was found; None where nothing can be checked: no stimulus has sound, the run is slow (fMRI), epoched or short.
    """
    heard = [e for e in events if stimuli[e.stimulus].audio is not None and isinf(e.first)]
    if not heard or run.rate < SLOW:
        return None
    some = [heard[i] for i in np.unique(np.linspace(0, len(heard) - 1, CHECKED).round().astype(int))]
    table = pd.DataFrame({"stimulus": [e.stimulus for e in some], "onset": [e.onset for e in some]})
    if run.sound is not None:
        envelope, rate = sound_envelope(run.sound, run.sound_rate)
        return sync(envelope, rate, run.sound_start, table, stimuli, "sound", name)
    onsets = table["onset"].to_numpy(dtype=np.float64)
    inside = (onsets - REACH > run.start) & (onsets + REACH + 1 < run.end)
    if inside.sum() < FEWEST:
        return None
    signal = mean_response(run.values, run.rate, run.start, onsets[inside])
    return sync(signal, run.rate, run.start, table, stimuli, "response", name)
