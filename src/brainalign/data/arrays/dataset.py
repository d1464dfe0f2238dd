"""read_arrays: a data set of NPZ, HDF5 or MATLAB files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from brainalign.data.arrays.source import AXES, ArraysSource
from brainalign.data.continuous.dataset import assemble, chosen_subjects
from brainalign.data.continuous.processed import Processing, processed
from brainalign.data.files.participants import participants
from brainalign.data.files.patterns import files_under
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.formats import ArrayKeys, EventFormat, StimuliFormat
from brainalign.data.stimuli.files import open_stimuli
from brainalign.data.types import Dataset
from brainalign.errors import BrainalignError, nearest


def read_arrays(
    root: str | Path,
    files: str,
    keys: ArrayKeys,
    stimuli: StimuliFormat,
    axes: Sequence[str] = ("time", "channel"),
    subjects: Sequence[str] | None = None,
    events_file: str | None = None,
    events: EventFormat | None = None,
    channels_file: str | None = None,
    region: str | None = None,
    processing: Processing | None = None,
    baseline: float = 0.5,
    name: str | None = None,
) -> Dataset:
    """Read responses that a lab has exported from elsewhere (docs/your-data.md).

    Args:
        root: The folder.
        files: Pattern of the files under it, with a field ``{subject}`` (without one there is one participant, ``01``), and ``{run}`` or
            ``{stimulus}`` where each is a file of its own.
        keys: Which keys of the files hold what.
        stimuli: Where sound and transcripts lie.
        axes: Names of the responses' axes: ``time``, ``channel``, and ``trial`` or ``repeat``.
        subjects: Participants; None for all.
        events_file: Pattern of the tables of events under the root, with the files' fields; None: the keys say.
        events: How these are to be read.
        channels_file: Pattern of a table of the channels, with the files' fields; None: the keys say.
        region: Column of regions.
        processing: What is done with each run; None: the values are taken as they are.
        baseline: Seconds of recording kept before each event, where nothing else was played in them.
        name: Of the data set; None: the folder's.

    Raises:
        BrainalignError: Something is missing or cannot be; one sentence for each fault, one a line.
    """
    root, found = files_under(root, files, "the files")
    for axis in axes:
        if axis not in AXES:
            raise BrainalignError(f"data.axes={list(axes)}: {axis!r} is no axis; {nearest(axis, AXES)}")
    if not {"time", "channel"} <= set(axes):
        raise BrainalignError(f"data.axes={list(axes)} must name time and channel.")
    errors, notes = ReadErrors(), list[str]()
    people = participants(root, found, files, errors, notes, subjects)
    sources = [
        ArraysSource(
            subject,
            people[subject],
            keys,
            axes,
            events_file,
            events or EventFormat(),
            channels_file,
            region,
            root,
        )
        for subject in chosen_subjects(list(people), subjects, str(root))
    ]
    known, read = open_stimuli(stimuli, root)
    return assemble(
        name or root.resolve().name,
        [processed(source, processing) for source in sources],
        known,
        read,
        baseline,
        errors,
        f"data.root={root}",
        notes,
    )
