"""The Alice fMRI set: six regions of 18 listeners of one chapter, TR 2 s (Brennan et al. 2016, Brain and Language 157-158)."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.textgrid import read_textgrid
from brainalign.data.types import CHANNEL_COLUMNS, Dataset, Presentation, Recording, Stimulus
from brainalign.errors import BrainalignError, nearest
from brainalign.signal.drift import cosine_highpass

log = logging.getLogger(__name__)

REGIONS = ("LATL", "RATL", "LPTL", "LIPL", "LPreM", "LIFG")
VOLUMES, TR, START = 362, 2.0, 20.0
"""Row i of a time course is at 20 + 2 i seconds of the TextGrid: ten volumes were dropped before the data were published."""
STORY = "alice_ch1"


def read_alice_fmri(root: str, radius: str = "6mm", subjects: list[str] | None = None, highpass: float = 128.0) -> Dataset:
    """Read the set; each time course is high-pass filtered and z-scored.

    Args:
        root: The folder with ``6mm/``, ``10mm/`` and ``alice_ch1.TextGrid``, or the folder that holds ``alice_fmri``.
        radius: Of the sphere that a region's signal was averaged over: ``6mm`` or ``10mm``.
        subjects: Labels (``s18``), or None for all.
        highpass: Seconds; slower drifts are regressed out by discrete cosines.

    Returns:
        One stimulus without audio, one recording a participant. A participant whose data are all zero is left out and named.

    Raises:
        BrainalignError: A file is missing or of another size, or nobody is left.
    """
    folder = Path(root).expanduser()
    folder = folder / "alice_fmri" if (folder / "alice_fmri").is_dir() else folder
    if not (folder / f"{STORY}.TextGrid").is_file():
        raise BrainalignError(f"data.root={root} is not the Alice fMRI set: {STORY}.TextGrid and the folder {radius}/ must lie there.")
    files = {p.name.split("-")[0]: p for p in sorted((folder / radius).glob("s*-timecourses.txt"))}
    if not files:
        raise BrainalignError(f"{folder / radius} holds no sNN-timecourses.txt; give the folder of the whole set as data.root.")
    for name in subjects or []:
        if name not in files:
            raise BrainalignError(f"data.subjects names {name!r}, which {folder / radius} does not have; {nearest(name, files)}")
    words = read_textgrid(folder / f"{STORY}.TextGrid")
    duration = max(START + VOLUMES * TR, float(words["offset"].max()))
    recordings, notes = [], []
    for name in subjects or files:
        values = _time_course(files[name])
        if not values.any():
            notes.append(f"Participant {name} is left out: all six time courses in {files[name].name} are zero.")
            log.warning(notes[-1])
            continue
        clean = cosine_highpass(values, TR, highpass)
        clean = (clean - clean.mean(axis=0)) / clean.std(axis=0)
        recordings.append(Recording(name, _channels(name), [Presentation(STORY, 0, clean, 1 / TR, START)]))
    if not recordings:
        raise BrainalignError(f"nobody is left of data.subjects={subjects}. {' '.join(notes)}")
    stimulus = Stimulus(STORY, duration, words)
    return Dataset(f"alice_fmri_{radius}", {STORY: stimulus}, recordings, notes=tuple(notes))


def _time_course(file: Path) -> NDArray[np.float64]:
    try:
        values = np.loadtxt(file, ndmin=2)
    except ValueError as error:
        raise BrainalignError(f"{file} is no table of numbers ({error}).") from error
    if values.shape != (VOLUMES, len(REGIONS)):
        raise BrainalignError(f"{file} has {values.shape[0]} rows and {values.shape[1]} columns; {VOLUMES} volumes x {len(REGIONS)} regions are needed.")
    if not np.isfinite(values).all():
        raise BrainalignError(f"{file} holds a value that is no finite number.")
    return values


def _channels(subject: str) -> pd.DataFrame:
    table = pd.DataFrame({"electrode": REGIONS, "region": REGIONS})
    table["subject"], table["hemisphere"] = subject, [r[0] for r in REGIONS]
    table[["x", "y", "z"]] = np.nan
    return table[list(CHANNEL_COLUMNS)]
