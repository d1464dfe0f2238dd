"""read_folder: a data set in the plain layout, with all its errors told at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from brainalign.data.continuous.dataset import assemble, chosen_subjects
from brainalign.data.continuous.run import Run
from brainalign.data.events.event import Event
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.folder.channels import read_channels
from brainalign.data.folder.events import read_events
from brainalign.data.folder.runs import list_runs, read_run
from brainalign.data.formats import StimuliFormat
from brainalign.data.stimuli.files import list_stimuli, open_stimuli, read_stimulus
from brainalign.data.stimuli.summary import stimuli_notes
from brainalign.data.types import Dataset
from brainalign.errors import BrainalignError


class FolderSource:
    """One participant of the plain layout.

    Args:
        folder: ``sub-XX``.
    """

    align = "onset"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.subject = folder.name

    def events(self, known: Collection[str] | None, errors: ReadErrors, notes: list[str]) -> list[Event]:
        """The rows of ``events.tsv``."""
        return read_events(self.folder, list_runs(self.folder), known, errors, notes)

    def open(self, run: str) -> Run:
        """One ``<run>_responses.npy``, mapped from disk."""
        table, notes = self._channels
        return replace(read_run(self.folder, run, table), notes=notes)

    @cached_property
    def _channels(self) -> tuple[pd.DataFrame, tuple[str, ...]]:
        notes: list[str] = []
        return read_channels(self.folder, notes), tuple(notes)


def read_folder(
    root: str | Path,
    subjects: Sequence[str] | None = None,
    baseline: float = 0.5,
    stimuli: StimuliFormat | None = None,
    responses: bool = True,
) -> Dataset:
    """Read a data set in the project's own plain layout (docs/folder-layout.md), in BIDS vocabulary.

    Args:
        root: Holds ``stimuli/`` and one ``sub-XX/`` for each participant.
        subjects: Participants, with or without ``sub-``; None for all.
        baseline: Seconds of recording kept before each event, where nothing else was played in them.
        stimuli: How sound and transcripts are written; None: as in the plain layout.
        responses: Whether somebody must have heard the stimuli. Else a folder without participants will do; its stimuli lie in
            ``stimuli/`` or in the folder itself.

    Returns:
        The data set, named like the folder, with the stimuli that its participants heard, or all where there are no participants.

    Raises:
        BrainalignError: Something is missing or cannot be; one sentence for each fault, one a line.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        raise BrainalignError(
            f"data.root={root} does not exist; it must hold stimuli/ and one sub-XX/ for each participant."
        )
    people = {p.name: p for p in sorted(root.glob("sub-*")) if p.is_dir()}
    if not people and not responses:
        return _stimuli_alone(root, stimuli or StimuliFormat())
    if not people:
        raise BrainalignError(f"data.root={root} holds no sub-XX/; each participant needs a folder of that kind.")
    sources = [FolderSource(people[name]) for name in chosen_subjects(list(people), subjects, str(root))]
    known, read = open_stimuli(stimuli or StimuliFormat(), root)
    return assemble(root.resolve().name, sources, known, read, baseline, ReadErrors(), f"data.root={root}")


def _stimuli_alone(root: Path, form: StimuliFormat) -> Dataset:
    """Sounds and transcripts that nobody heard."""
    errors, notes = ReadErrors(), ["No participant: the stimuli alone are there."]
    files = list_stimuli(root / "stimuli" if (root / "stimuli").is_dir() else root)
    read = {s: read_stimulus(files[s], form, errors, notes) for s in files}
    errors.raise_all()
    found = {s: stimulus for s, stimulus in read.items() if stimulus is not None}
    return Dataset(root.resolve().name, found, [], notes=(*notes, *stimuli_notes(found)))
