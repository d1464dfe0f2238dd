"""read_raw_files: any files that MNE reads, with tables of events beside them, in whatever folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from brainalign.data.continuous.dataset import assemble, chosen_subjects
from brainalign.data.continuous.processed import Processing, processed
from brainalign.data.files.participants import participants
from brainalign.data.files.patterns import files_under, tables_beside
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.formats import EventFormat, StimuliFormat
from brainalign.data.mne_files.opening import own_id
from brainalign.data.mne_files.source import RawFiles, RawSource
from brainalign.data.stimuli.files import open_stimuli
from brainalign.data.types import Dataset
from brainalign.data.unread_options import refuse_option


def read_raw_files(
    root: str | Path,
    files: str,
    stimuli: StimuliFormat,
    events_file: str | None = None,
    events: EventFormat | None = None,
    channels_file: str | None = None,
    electrodes_file: str | None = None,
    unit: str | None = None,
    subjects: Sequence[str] | None = None,
    region: str | None = None,
    sound_channel: str | None = None,
    processing: Processing | None = None,
    baseline: float = 0.5,
) -> Dataset:
    """Read recordings that MNE reads (EDF, BDF, BrainVision, FIF, EEGLAB, ...), continuous or epoched (``-epo.fif``).

    Args:
        root: The folder.
        files: Pattern of the recordings under it, with a field ``{subject}``, and ``{run}``, ``{session}`` or whatever else their
            names tell.
        stimuli: Where sound and transcripts lie.
        events_file: Pattern of the tables of events, with the same fields; None for epochs, or with ``events.whole``.
        events: How they are to be read.
        channels_file: Pattern of tables with the columns name, and perhaps type and status; None: the header says.
        electrodes_file: Pattern of tables with the columns name, x, y, z and where an electrode lies; None: nothing is known.
        unit: Of their coordinates: mm, cm, m or um; None: told by their size.
        subjects: Participants; None for all.
        region: Column of the electrodes' regions; None: the first of the usual names.
        sound_channel: Channel that recorded the sound.
        processing: What is done with each run; None: the values are taken as they are.
        baseline: Seconds of recording kept before each event, where nothing else was played in them.

    Raises:
        BrainalignError: Something is missing or cannot be; one sentence for each fault, one a line.
    """
    root, found = files_under(root, files, "the recordings")
    if electrodes_file is None:
        refuse_option("data.unit", unit, "data.electrodes_file is not given, so no coordinates are read")
        refuse_option("data.region", region, "data.electrodes_file is not given, so no regions are read")
    if events is not None and events.whole is not None:
        refuse_option("data.events_file", events_file, "data.events.whole names what was played")
    errors, notes, sources = ReadErrors(), list[str](), []
    people = participants(root, found, files, errors, notes, subjects, own_id)
    for subject in chosen_subjects(list(people), subjects, str(root)):
        with errors.collected():
            runs = [
                RawFiles(
                    run,
                    one.path,
                    *tables_beside(root, one, events_file, channels_file, electrodes_file),
                    unit,
                    fields=one.fields,
                )
                for run, one in people[subject].items()
            ]
            sources.append(RawSource(subject, runs, events or EventFormat(), region, sound_channel))
    known, read = open_stimuli(stimuli, root)
    return assemble(
        root.resolve().name,
        [processed(s, processing) for s in sources],
        known,
        read,
        baseline,
        errors,
        f"data.root={root}",
        notes,
    )
