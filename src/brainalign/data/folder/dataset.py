"""read_folder: a data set in the plain layout, with all its faults told at once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from brainalign.data.faults import Faults
from brainalign.data.folder.events import Event, read_events
from brainalign.data.folder.recording import read_recording
from brainalign.data.folder.runs import list_runs
from brainalign.data.folder.stimuli import list_stimuli, read_stimulus
from brainalign.data.types import Dataset
from brainalign.errors import BrainalignError, nearest
from brainalign.progress import track

log = logging.getLogger(__name__)


def read_folder(root: str | Path, subjects: Sequence[str] | None = None, baseline: float = 0.5) -> Dataset:
    """Read a data set in the project's own plain layout (docs/folder-layout.md), in BIDS vocabulary.

    Args:
        root: Holds ``stimuli/`` and one ``sub-XX/`` for each participant.
        subjects: Participants, with or without ``sub-``; None for all.
        baseline: Seconds of recording kept before each event, where nothing else was played in them.

    Returns:
        The data set, named like the folder, with the stimuli that its participants heard.

    Raises:
        BrainalignError: Something is missing or cannot be; one sentence for each fault, one a line.
    """
    root = Path(root).expanduser()
    people = _participants(root, subjects)
    files = list_stimuli(root / "stimuli")
    faults, notes = Faults(), list[str]()
    events: dict[Path, list[Event]] = {}
    for folder in people:
        with faults.gathered():
            events[folder] = read_events(folder, list_runs(folder), files, faults, notes)
    heard = sorted({event.stimulus for some in events.values() for event in some})
    if len(heard) < len(files) and not faults.sentences:
        notes.append(f"{len(files) - len(heard)} of {len(files)} stimuli were heard by nobody and are left out.")
    read = {s: read_stimulus(files[s], faults, notes) for s in heard}
    stimuli = {s: stimulus for s, stimulus in read.items() if stimulus is not None}
    recordings = []
    for folder in track(list(events), "reading recordings"):
        recording = read_recording(folder, events[folder], stimuli, baseline, faults)
        if recording is not None and len(recording.channels):
            recordings.append(recording)
        elif not faults.sentences:
            why = "no event names a stimulus" if recording is None else recording.notes[0].split(": ", 1)[1]
            notes.append(f"participant {folder.name} is left out: {why.rstrip('.')}.")
    faults.refuse()
    if not recordings:
        raise BrainalignError(f"data.root={root}: no participant is left; {' '.join(notes)}")
    for note in (*notes, *(n for r in recordings for n in r.notes)):
        log.warning(note)
    return Dataset(root.resolve().name, stimuli, recordings, notes=tuple(notes))


def _participants(root: Path, subjects: Sequence[str] | None) -> list[Path]:
    if not root.is_dir():
        raise BrainalignError(
            f"data.root={root} does not exist; it must hold stimuli/ and one sub-XX/ for each participant."
        )
    found = {p.name: p for p in sorted(root.glob("sub-*")) if p.is_dir()}
    if not found:
        raise BrainalignError(f"data.root={root} holds no sub-XX/; each participant needs a folder of that kind.")
    if subjects is None:
        return list(found.values())
    asked = dict.fromkeys(s if s.startswith("sub-") else f"sub-{s}" for s in subjects)
    for name in asked:
        if name not in found:
            raise BrainalignError(f"data.subjects: participant {name!r} is not in {root}; {nearest(name, found)}")
    return [found[name] for name in asked]
