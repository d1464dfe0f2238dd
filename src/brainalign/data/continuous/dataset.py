"""assemble: participants' runs and events, and the stimuli they heard, made into one data set with all errors told at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence

from brainalign.data.continuous.recording import read_recording
from brainalign.data.continuous.source import Source
from brainalign.data.continuous.stimulus_lengths import with_lengths
from brainalign.data.events.event import Event
from brainalign.data.events.words import with_words
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.stimuli.summary import stimuli_notes
from brainalign.data.types import Dataset, Stimulus
from brainalign.errors import BrainalignError, nearest
from brainalign.progress import track

log = logging.getLogger(__name__)


def assemble(
    name: str,
    sources: Sequence[Source],
    known: Collection[str] | None,
    read: Callable[[str, ReadErrors, list[str]], Stimulus | None],
    baseline: float,
    errors: ReadErrors,
    where: str,
    notes: Sequence[str] = (),
    keys: bool = True,
) -> Dataset:
    """Read all participants, one after the other; only what was cut out of the runs stays in memory.

    Args:
        name: Of the data set.
        sources: The participants.
        known: Ids of the stimuli that there are; None: the events themselves say.
        read: Stimulus id -> the stimulus, or None where something is wrong with it, which it adds to the errors.
        baseline: Seconds of recording kept before each event, where nothing else was played in them.
        errors: Those found already.
        where: The key and folder, as in ``data.root=/data``.
        notes: What was said already.
        keys: Whether the reader has the keys ``data.stimuli``, so that a sentence may name them.

    Raises:
        BrainalignError: Something is missing or cannot be, one sentence for each fault, one a line; or no participant is left.
    """
    notes = list(notes)
    events: list[tuple[Source, list[Event]]] = []
    for source in sources:
        with errors.collected():
            events.append((source, source.events(known, errors, notes)))
    heard = sorted({event.stimulus for _, some in events for event in some})
    errors.add(_of_two_folders([event for _, some in events for event in some if event.folder]))
    if known is not None and len(heard) < len(known) and not errors.sentences:
        notes.append(f"{len(known) - len(heard)} of {len(known)} stimuli were heard by nobody and are left out.")
    stimuli = {s: stimulus for s in heard if (stimulus := read(s, errors, notes)) is not None}
    for source, _ in events:  # words that stand among the events
        for s, words in getattr(source, "spoken", {}).items():
            if s in stimuli:
                stimuli[s] = with_words(stimuli[s], words, errors, notes)
    stimuli = with_lengths(stimuli, [event for _, some in events for event in some], errors, notes)
    notes += stimuli_notes(stimuli, keys=keys)
    recordings = []
    for source, some in track(events, "reading recordings"):
        recording = read_recording(source, some, stimuli, baseline, errors)
        if recording is not None and len(recording.channels):
            recordings.append(recording)
        elif not errors.sentences:
            why = "no event names a stimulus" if recording is None else recording.notes[-1].split(": ", 1)[1]
            notes.append(f"participant {source.subject} is left out: {why.rstrip('.')}.")
    errors.raise_all()
    if not recordings:
        raise BrainalignError(f"{where}: no participant is left; {' '.join(notes)}")
    for note in (*notes, *(n for r in recordings for n in r.named_notes)):
        log.warning(note)
    return Dataset(name, stimuli, recordings, notes=tuple(notes))


def _of_two_folders(events: Sequence[Event]) -> list[str]:
    """Stimuli that the events find in different folders: what has one id would be two sounds."""
    first: dict[str, Event] = {}
    errors: dict[str, str] = {}
    for event in events:
        other = first.setdefault(event.stimulus, event)
        if other.folder != event.folder:
            errors.setdefault(
                event.stimulus,
                f"{event.where}: stimulus {event.stimulus!r} lies in {event.folder!r}, but in {other.folder!r} by {other.where}; two "
                "sounds need two ids (data.stimuli.patterns with a field for the folder, and data.stimuli.patterns.id).",
            )
    return list(errors.values())


def chosen_subjects(found: Sequence[str], asked: Sequence[str] | None, where: str) -> list[str]:
    """The participants that were asked for, with or without ``sub-``.

    Args:
        found: Labels that there are.
        asked: ``data.subjects``; None for all.
        where: The folder, for the sentence.

    Raises:
        BrainalignError: Somebody is not there.

    Example:
        >>> chosen_subjects(["sub-01", "sub-02"], ["02"], "/data")
        ['sub-02']
    """
    if asked is None:
        return list(found)
    plain = {label.removeprefix("sub-"): label for label in found} | {label: label for label in found}
    out = []
    for name in dict.fromkeys(str(s) for s in asked):
        label = plain.get(name, plain.get(name.removeprefix("sub-")))
        if label is None:
            raise BrainalignError(f"data.subjects: participant {name!r} is not in {where}; {nearest(name, found)}")
        out.append(label)
    return list(dict.fromkeys(out))
