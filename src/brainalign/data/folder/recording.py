"""One participant of the plain layout: continuous runs cut into presentations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from brainalign.data.channels import dead_channels, dropped_note
from brainalign.data.faults import Faults
from brainalign.data.folder.channels import read_channels
from brainalign.data.folder.events import Event
from brainalign.data.folder.runs import Run, read_run
from brainalign.data.types import Presentation, Recording, Stimulus

MISFIT = 0.1
"""Seconds by which an event's duration may differ from that of its stimulus."""


def read_recording(
    folder: Path, events: Sequence[Event], stimuli: Mapping[str, Stimulus], baseline: float, faults: Faults
) -> Recording | None:
    """Read a participant's channels and responses.

    A presentation runs from ``baseline`` seconds before its event, but not into the event before it, to the end of the
    stimulus.

    Args:
        folder: The participant's.
        events: In the order in which they happened.
        stimuli: Those that could be read; events of others are passed over, their fault is known already.
        baseline: Seconds.
        faults: Gets the sentences on what is wrong.

    Returns:
        The participant; None where something is wrong. Channels marked bad, constant ones and those without a valid
        sample are left out, and the notes name them.
    """
    before = len(faults.sentences)
    channels = pd.DataFrame({"electrode": []})
    with faults.gathered():
        channels = read_channels(folder)
    runs: dict[str, Run] = {}
    for name in dict.fromkeys(event.run for event in events) if len(channels) else ():
        with faults.gathered():
            runs[name] = read_run(folder, name, channels["electrode"].tolist())
    presentations, heard, ended = [], dict.fromkeys(stimuli, 0), dict.fromkeys(runs, -np.inf)
    for event in (e for e in events if e.run in runs and e.stimulus in stimuli):
        run, length = runs[event.run], stimuli[event.stimulus].duration
        end = event.onset + length
        faults.add(_misfits(event, run, stimuli[event.stimulus]))
        response, start = run.cut(min(event.onset, max(event.onset - baseline, ended[event.run])), end)
        presentations.append(
            Presentation(event.stimulus, heard[event.stimulus], response, run.rate, start - event.onset)
        )
        heard[event.stimulus] += 1
        ended[event.run] = end
    if len(faults.sentences) > before or not presentations:
        return None
    return _usable(folder.name, channels, presentations)


def _misfits(event: Event, run: Run, stimulus: Stimulus) -> list[str]:
    """What is wrong between an event, its stimulus and the recording."""
    length = stimulus.duration
    end, surplus = event.onset + length, event.duration - length
    out = []
    # without sound, what follows the last word still belongs to the event
    if surplus < -MISFIT or (surplus > MISFIT and stimulus.audio is not None):
        out.append(
            f"{event.where}: duration={event.duration:g} s, but stimulus {stimulus.id!r} lasts {length:.3f} s; they "
            f"must agree to {MISFIT:g} s (n/a takes the stimulus's own)."
        )
    if event.onset < run.start - 1 / run.rate or end > run.end + 1 / run.rate:
        out.append(
            f"{event.where}: stimulus {stimulus.id!r} was played from {event.onset:.3f} s to {end:.3f} s, but the "
            f"recording {event.run} runs from {run.start:.3f} s to {run.end:.3f} s."
        )
    return out


def _usable(subject: str, channels: pd.DataFrame, presentations: list[Presentation]) -> Recording:
    """Leave out, by name, the channels that are marked bad or never vary."""
    reasons = dead_channels([p.response for p in presentations])
    reasons |= {int(c): "marked bad" for c in np.flatnonzero(channels["status"] == "bad")}
    keep = [c for c in range(len(channels)) if c not in reasons]
    dead = {str(channels["electrode"][c]): reasons[c] for c in sorted(reasons)}
    notes = (dropped_note(subject, dead, len(channels)),) if dead else ()
    kept = [Presentation(p.stimulus, p.repeat, p.response[:, keep], p.rate, p.start) for p in presentations]
    return Recording(subject, channels.drop(columns="status").iloc[keep].reset_index(drop=True), kept, notes)
