"""One participant: continuous runs cut into presentations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.data.continuous.run import Run
from brainalign.data.continuous.speech import aligned_to_speech
from brainalign.data.continuous.sync_check import check_sync, unstated_start
from brainalign.data.electrodes.channels import dead_channels, dropped_note
from brainalign.data.electrodes.names import listed
from brainalign.data.events.event import Event
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.plausibility import swapped_axes
from brainalign.data.preprocessing.quality import Quality, combined
from brainalign.data.sync.result import Sync
from brainalign.data.types import Presentation, Recording, Stimulus
from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    from brainalign.data.continuous.source import Source

MISFIT = 0.1
"""Seconds by which an event's duration may differ from that of its stimulus."""

RATES = 1e-6
"""By what share the rates of a participant's runs may differ and still be one."""


def read_recording(
    source: Source, events: Sequence[Event], stimuli: Mapping[str, Stimulus], baseline: float, errors: ReadErrors
) -> Recording | None:
    """Read a participant's channels and responses, a run at a time.

    A presentation runs from ``baseline`` seconds before its event, but not into the event before it, to the end of the
    stimulus.

    Args:
        source: The participant.
        events: Run after run, in the order in which they happened.
        stimuli: Those that could be read; events of others are passed over, their fault is known already.
        baseline: Seconds.
        errors: Gets the sentences on what is wrong.

    Returns:
        The participant; None where something is wrong. Channels marked bad, those that not every run has, constant ones and those without
        a valid sample are left out, and the notes name them.
    """
    before = len(errors.sentences)
    tables: list[pd.DataFrame] = []
    parts: list[list[Presentation]] = []
    notes: dict[str, None] = {}
    heard = dict.fromkeys(stimuli, 0)
    qualities: list[Quality] = []
    checks: list[Sync] = []
    rate, first = 0.0, ""
    for name in dict.fromkeys(event.run for event in events):
        with errors.collected():
            run = source.open(name)
            if rate and abs(run.rate / rate - 1) > RATES:
                raise BrainalignError(
                    f"participant {source.subject}: the recording {name} has {run.rate:g} samples a second, but {first} has {rate:g}; "
                    "all runs of a participant must have one rate (a preprocessing with data.preprocessing.rate brings them to one)."
                )
            rate, first = rate or run.rate, first or name
            own = [e for e in events if e.run == name and e.stimulus in stimuli]
            found = len(errors.sentences)
            if source.align == "speech":
                own, silent = aligned_to_speech(run, own, max(stimuli[e.stimulus].duration for e in own))
                if not own:
                    raise BrainalignError(
                        f"participant {source.subject}, {name}: in none of {silent} trials does anybody speak; check the channel "
                        f"of the sound, or leave "
                        "the participant out by data.subjects."
                    )
                if silent:
                    notes[
                        f"participant {source.subject}, {name}: in {silent} of {silent + len(own)} trials nobody speaks; they are left out."
                    ] = None
            if (said := unstated_start(own, stimuli, f"participant {source.subject}, {name}")) is not None:
                notes[said] = None
            if lying := [(e.stimulus, e.last - e.first, e.across) for e in own if np.isfinite(e.across)]:
                notes |= dict.fromkeys(swapped_axes(lying, stimuli, f"participant {source.subject}, {name}", 0.01))
            notes |= dict.fromkeys(events_over_boundaries(run, own, stimuli))
            parts.append(_cut(run, own, stimuli, heard, baseline, errors))
            tables.append(run.channels)
            notes |= dict.fromkeys(run.notes)
            if run.quality is not None:
                qualities.append(run.quality)
            if len(errors.sentences) > found:
                continue
            if (
                source.align == "onset"
                and (check := check_sync(run, own, stimuli, f"participant {source.subject}, {name}")) is not None
            ):
                checks.append(check)
                notes |= dict.fromkeys(check.warnings)
            del run  # one run at a time is in memory
    if len(errors.sentences) > before or not any(parts):
        return None
    recording = usable(source.subject, tables, parts, list(notes))
    return replace(recording, quality=combined(qualities) if qualities else None, checks=tuple(checks))


def _cut(
    run: Run,
    events: Sequence[Event],
    stimuli: Mapping[str, Stimulus],
    heard: dict[str, int],
    baseline: float,
    errors: ReadErrors,
) -> list[Presentation]:
    """The presentations of one run; ``heard`` counts the playings of each stimulus."""
    out, ended = [], -np.inf
    for event in events:
        end = event.onset + stimuli[event.stimulus].duration
        errors.add(_misfits(event, run, stimuli[event.stimulus]))
        begin = min(event.onset, max(event.onset - baseline, ended, event.first))
        if event.stopped and event.last < end:
            response, start = run.cut(begin, event.last - 1 / run.rate)
            missing = round((end - event.last) * run.rate)
            response = np.pad(response, ((0, missing), (0, 0)), constant_values=np.nan)
        else:
            response, start = run.cut(begin, end)
        out.append(Presentation(event.stimulus, heard[event.stimulus], response, run.rate, start - event.onset))
        heard[event.stimulus] += 1
        ended = min(end, event.last)
    return out


def events_over_boundaries(run: Run, events: Sequence[Event], stimuli: Mapping[str, Stimulus]) -> list[str]:
    """The sentence on presentations during which a recording was interrupted, or joined to another."""
    times = np.sort(run.boundaries)
    crossed = []
    for event in events:
        end = min(event.onset + stimuli[event.stimulus].duration, event.last)
        inside = times[(times > max(event.onset, event.first) + 1 / run.rate) & (times < end - 1 / run.rate)]
        if len(inside):
            crossed.append(f"{event.stimulus!r} at {inside[0]:.3f} s")
    if not crossed:
        return []
    return [
        f"{events[0].run}: {len(crossed)} of {len(events)} presentations run over a joint, where the recording was interrupted or put "
        f"together ({listed(crossed)}); what follows it may not be when the events say."
    ]


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
            f"{_in_ms(abs(event.duration / 1000 - length) <= MISFIT)}"
        )
    first, last = max(run.start, event.first), min(run.end, event.last)
    if event.onset < first - 1 / run.rate or (end > last + 1 / run.rate and not event.stopped):
        out.append(
            f"{event.where}: stimulus {stimulus.id!r} was played from {event.onset:.3f} s to {end:.3f} s, but the "
            f"recording {event.run} runs from {first:.3f} s to {last:.3f} s."
            f"{_on_its_side(run) or _in_ms(event.onset > 100 and event.onset / 1000 < last < event.onset)}"
        )
    return out


def _in_ms(fits: bool) -> str:
    return (
        " It looks like milliseconds: data.events.unit=milliseconds, or for data=folder seconds in the file."
        if fits
        else ""
    )


def _on_its_side(run: Run) -> str:
    samples, channels = run.values.shape
    return f" It has {channels} channels of {samples} samples: are they swapped?" if channels > samples else ""


def usable(
    subject: str, tables: Sequence[pd.DataFrame], parts: Sequence[Sequence[Presentation]], notes: list[str]
) -> Recording:
    """Bring the runs to the same channels, and leave out, by name, those that are marked bad or never vary.

    Args:
        subject: The participant.
        tables: The channels of each run.
        parts: The presentations of each run.
        notes: What was said already; it is added to.
    """
    channels = tables[0].reset_index(drop=True)
    names = channels["electrode"].tolist()
    everywhere = [n for n in names if all((t["electrode"] == n).any() for t in tables)]
    lost = [n for n in dict.fromkeys(n for t in tables for n in t["electrode"]) if n not in everywhere]
    if lost:
        notes.append(
            f"participant {subject}: {len(lost)} channel(s) are not in every run and are left out: {', '.join(lost)}."
        )
        channels = channels[channels["electrode"].isin(everywhere)].reset_index(drop=True)
    presentations = []
    for table, own in zip(tables, parts, strict=True):
        place = pd.Index(table["electrode"]).get_indexer(pd.Index(everywhere))
        same = len(place) == len(table) and (place == np.arange(len(table))).all()
        presentations += [
            p if same else Presentation(p.stimulus, p.repeat, p.response[:, place], p.rate, p.start) for p in own
        ]
    reasons = dead_channels([p.response for p in presentations])
    bad = {n for t in tables for n in t["electrode"][t["status"] == "bad"]}
    why = {} if "why" not in channels else dict(zip(channels["electrode"], channels["why"], strict=True))
    reasons |= {c: why.get(n) or "marked bad" for c, n in enumerate(everywhere) if n in bad}
    keep = [c for c in range(len(channels)) if c not in reasons]
    dead = {str(channels["electrode"][c]): reasons[c] for c in sorted(reasons)}
    if dead:
        notes.append(dropped_note(subject, dead, len(channels)))
    kept = [Presentation(p.stimulus, p.repeat, p.response[:, keep], p.rate, p.start) for p in presentations]
    table = channels.drop(columns=["status", "why"], errors="ignore").iloc[keep].reset_index(drop=True)
    return Recording(subject, table, kept, tuple(notes))
