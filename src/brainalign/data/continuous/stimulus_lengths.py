"""How long stimuli last of which there is neither sound nor a transcript: as long as their events, or as the responses to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, isfinite, isnan

from brainalign.data.events.event import Event
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.types import Stimulus

SAME = 0.1
"""Seconds to which the events of one stimulus must agree."""


def with_lengths(
    stimuli: Mapping[str, Stimulus], events: Sequence[Event], errors: ReadErrors, notes: list[str]
) -> dict[str, Stimulus]:
    """The stimuli, those of unknown length (NaN) with that of their shortest event; one whose events say nothing is a fault.

    Args:
        stimuli: By id.
        events: Of all participants.
        errors: Gets the sentences on stimuli of no known length.
        notes: Gets the sentence that says what is not there.

    Example:
        >>> notes = []
        >>> found = with_lengths({"a": Stimulus("a", float("nan"))}, [Event("", "a", 2.0, 3.5, "")], ReadErrors(), notes)
        >>> found["a"].duration, notes[0].split(":")[0]
        (3.5, '1 stimuli have neither sound nor transcripts')
    """
    unknown = [s for s, stimulus in stimuli.items() if isnan(stimulus.duration)]
    out = dict(stimuli)
    apart = []
    for name in unknown:
        own = [e for e in events if e.stimulus == name]
        lengths = [e.duration if isfinite(e.duration) else e.last - e.onset for e in own]
        spoken = 0.0 if stimuli[name].words.empty else stimuli[name].spoken[1]
        shortest = min(lengths, default=inf)
        if shortest == inf:
            shortest = spoken
        if not shortest > 0:
            errors.add(
                [
                    f"{own[0].where}: stimulus {name!r} has neither sound nor words, and no event says how long it lasts; give its "
                    "duration."
                ]
            )
            del out[name]
            continue
        if isfinite(longest := max(lengths)) and longest - shortest > SAME:
            apart.append(f"{name} {shortest:g} to {longest:g} s")
        out[name] = replace(stimuli[name], duration=shortest)
    bare = [s for s in unknown if stimuli[s].words.empty]  # words may stand among the events
    if bare and not errors.sentences:
        notes.append(
            f"{len(bare)} stimuli have neither sound nor transcripts: they last as long as their events, and features of one's own are "
            "all that can be fitted."
        )
    if apart:
        notes.append(f"Events of one stimulus differ in length, and the shortest counts: {'; '.join(apart)}.")
    return out
