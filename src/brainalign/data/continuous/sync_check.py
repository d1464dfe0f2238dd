"""A run's events held against its sound, or against what its channels do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from brainalign.data.continuous.run import Run
from brainalign.data.events.event import Event
from brainalign.data.frames.grid import SLOW
from brainalign.data.sync.result import Sync
from brainalign.data.sync.sound import estimate_sync, mean_response, sound_envelope
from brainalign.data.types import Stimulus

CHECKED = 60
"""Presentations of a run that are looked at, spread evenly over it: an offset or a drift does not need more."""

LONGER = 0.1
"""Seconds by which a trial may be longer than its sound before that is said."""

FEWEST = 3
"""Presentations without which a response says nothing."""


def check_sync(run: Run, events: Sequence[Event], stimuli: Mapping[str, Stimulus], name: str) -> Sync | None:
    """Whether the stimuli were played when the events say so.

    Args:
        run: With its recorded sound, or else its responses are looked at.
        events: Of the run; trials are looked at within themselves.
        stimuli: By id; those without sound are passed over.
        name: Of the run, for sentences.

    Returns:
        What was found; None where nothing can be checked: no stimulus has sound, the run is slow (fMRI), or the events are too few.
    """
    heard = [e for e in events if stimuli[e.stimulus].audio is not None]
    if not heard or run.rate < SLOW:
        return None
    some = [heard[i] for i in np.unique(np.linspace(0, len(heard) - 1, CHECKED).round().astype(int))]
    table = pd.DataFrame(
        [(e.stimulus, e.onset, e.first, e.last) for e in some], columns=["stimulus", "onset", "first", "last"]
    )
    if run.sound is not None:
        envelope, rate = sound_envelope(run.sound, run.sound_rate)
        return estimate_sync(envelope, rate, run.sound_start, table, stimuli, "sound", name)
    if len(table) < FEWEST:
        return None
    signal = mean_response(run.values, run.rate, run.start, table)
    return estimate_sync(signal, run.rate, run.start, table, stimuli, "response", name)


def unstated_start(events: Sequence[Event], stimuli: Mapping[str, Stimulus], name: str) -> str | None:
    """A sentence where trials are longer than their stimulus and nobody said where in them it begins.

    Args:
        events: Of a run.
        stimuli: By id; those without sound are passed over, since what follows the last word may still be sound.
        name: Of the run, for the sentence.
    """
    assumed = [e for e in events if e.assumed and stimuli[e.stimulus].audio is not None]
    surplus = [e.last - e.first - stimuli[e.stimulus].duration for e in assumed]
    longer = [n for n, s in enumerate(surplus) if s > LONGER]
    if not longer:
        return None
    one = assumed[longer[0]]
    lasts, sound = one.last - one.first, stimuli[one.stimulus].duration
    return (
        f"{name}: {len(longer)} of {len(assumed)} trials are longer than their sound ({one.stimulus!r}: {lasts:.3g} s, sound {sound:.3g} "
        "s), and data.keys.start is not given: they are taken to begin with the sound. Say when they begin (0 where that is right, -0.5 "
        "where they begin 0.5 s before it)."
    )
