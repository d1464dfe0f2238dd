"""The public Alice fMRI set: six regions, TR 2 s, one story of 12 minutes.

Brennan, Stabler, Van Wagenen, Luh & Hale (2016), Brain and Language 157-158, 81-94.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.electrodes.channels import dead_channels, dropped_note
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.files.reading import reading
from brainalign.data.formats import TranscriptFormat
from brainalign.data.stimuli.summary import stimuli_notes
from brainalign.data.transcripts import read_transcript
from brainalign.data.transcripts.form import Tally
from brainalign.data.types import CHANNEL_COLUMNS, Dataset, Presentation, Recording, Stimulus
from brainalign.errors import BrainalignError, nearest
from brainalign.signal.drift import cosine_highpass

REGIONS = ("LATL", "RATL", "LPTL", "LIPL", "LPreM", "LIFG")
"""Columns of a time-course file: left and right anterior temporal, then left posterior temporal, inferior parietal,
premotor and inferior frontal."""
STORY = "alice_ch1"
VOLUMES = 362
TR = 2.0
START = 20.0
"""Row i of a time course is at 20 + 2 i seconds of the TextGrid: ten volumes were dropped before publication."""

log = logging.getLogger(__name__)


def read_alice_fmri(
    root: str | Path, radius: str = "6mm", subjects: Sequence[str] | None = None, highpass: float = 128.0
) -> Dataset:
    """Read the set; each time course is high-pass filtered and z-scored over its 362 volumes.

    Args:
        root: The folder ``alice_fmri``, or the one that holds it.
        radius: Sphere that a region's signal was averaged over: ``6mm`` or ``10mm``.
        subjects: Participants such as ``s18``; None for all.
        highpass: Seconds; slower drifts are regressed out (:func:`brainalign.signal.drift.cosine_highpass`).

    Returns:
        One stimulus, ``alice_ch1``, without audio: clitics (``'s``, ``n't``) are words of their own, as in the
        TextGrid. The channels are the six regions; their coordinates are not published (NaN). A participant whose
        data are all zero is left out, and the notes say so.

    Raises:
        BrainalignError: A file is missing or has another shape, a participant is unknown, or none is left.
    """
    folder = _find(Path(root), radius)
    files = {p.name.split("-")[0]: p for p in sorted((folder / radius).glob("*-timecourses.txt"))}
    errors = ReadErrors()
    asked = list(dict.fromkeys(subjects)) if subjects is not None else list(files)
    errors.add(
        f"data.subjects: participant {s!r} is not in {folder / radius}; {nearest(s, files)}"
        for s in asked
        if s not in files
    )
    notes: list[str] = []
    stimulus = _stimulus(folder / f"{STORY}.TextGrid", errors, notes)
    recordings = []
    for subject in [s for s in asked if s in files]:
        with errors.collected():
            values = _time_courses(files[subject])
            if not values.any():
                notes.append(f"participant {subject} is left out: all of {files[subject].name} ({radius}) is zero.")
                log.warning(notes[-1])
                continue
            recordings.append(_recording(subject, values, highpass))
    errors.raise_all()
    notes += stimuli_notes({STORY: stimulus}, keys=False)
    if not recordings:
        raise BrainalignError(f"data.subjects={asked}: nobody is left; {' '.join(notes)}")
    return Dataset(f"alice_fmri_{radius}", {STORY: stimulus}, recordings, notes=tuple(notes))


def _find(root: Path, radius: str) -> Path:
    root = root.expanduser()
    for folder in (root, root / "alice_fmri"):
        if (folder / radius).is_dir() and any((folder / radius).glob("*-timecourses.txt")):
            return folder
    raise BrainalignError(
        f"data.root={root} is not the Alice fMRI set; the folder (or a folder alice_fmri in it) must hold "
        f"{STORY}.TextGrid and {radius}/sNN-timecourses.txt."
    )


def _stimulus(path: Path, errors: ReadErrors, notes: list[str]) -> Stimulus:
    tally = Tally()
    words, wrong = read_transcript(path, "word", TranscriptFormat(), None, notes, tally=tally)
    errors.add(wrong)
    return Stimulus(STORY, float(words["offset"].max()), words, tally=tally)


def _time_courses(path: Path) -> NDArray[np.float64]:
    with reading(path, "a table of numbers"):
        values = np.loadtxt(path, ndmin=2)
    if values.shape != (VOLUMES, len(REGIONS)):
        raise BrainalignError(
            f"{path} has {values.shape[0]} rows and {values.shape[1]} columns; {VOLUMES} rows (volumes) and "
            f"{len(REGIONS)} columns ({' '.join(REGIONS)}) are needed."
        )
    return values


def _recording(subject: str, values: NDArray[np.float64], highpass: float) -> Recording:
    dead = dead_channels([values])
    notes = (dropped_note(subject, {REGIONS[c]: why for c, why in dead.items()}, len(REGIONS)),) if dead else ()
    keep = [c for c in range(len(REGIONS)) if c not in dead]
    if not keep:
        raise BrainalignError(f"participant {subject}: no region varies; leave the participant out by data.subjects.")
    clean = cosine_highpass(values[:, keep], TR, highpass)
    clean /= np.nanstd(clean, axis=0)  # the mean is gone with the drift
    names = [REGIONS[c] for c in keep]
    channels = pd.DataFrame({"subject": subject, "electrode": names, "region": names})
    channels["hemisphere"] = [name[0] for name in names]
    channels[["x", "y", "z"]] = np.nan
    return Recording(subject, channels[list(CHANNEL_COLUMNS)], [Presentation(STORY, 0, clean, 1 / TR, START)], notes)
