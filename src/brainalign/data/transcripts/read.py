"""read_transcript: a file of words or phones, by its ending."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from brainalign.data.formats import TranscriptFormat
from brainalign.data.intervals import check_intervals, clip_overlaps, repaired
from brainalign.data.pointers import check_fetched
from brainalign.data.textgrid import TextGrid
from brainalign.data.transcripts.aligners import read_json
from brainalign.data.transcripts.form import SILENCES, split_forms, without_silences
from brainalign.data.transcripts.table import column_of, read_table
from brainalign.data.transcripts.timit import timit_in_seconds
from brainalign.errors import BrainalignError

ENDINGS = (".textgrid", ".tsv", ".txt", ".csv", ".json", ".wrd", ".phn")


def read_transcript(
    path: Path,
    label: str,
    form: TranscriptFormat,
    duration: float | None,
    notes: list[str],
    within: str | None = None,
    rate: float | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Read, clean and check one file of words or phones.

    Args:
        path: TextGrid, TSV, CSV, TIMIT's .wrd or .phn, or an aligner's JSON.
        label: ``word`` or ``phone``.
        form: How it is written.
        duration: Of the stimulus in seconds, or None where only the words tell it.
        notes: Gets the sentences on what was repaired or left out.
        within: The stimulus, in a table that holds the words of many (``form.stimulus``).
        rate: Samples per second of the stimulus's sound, which .wrd and .phn count; None: there is no sound.

    Returns:
        Columns label, onset, offset, index 0..n-1, and for words ``text`` where writing differs from the aligned
        form; and the faults, a sentence
        each, in which case the table is of no use.

    Raises:
        BrainalignError: The file is missing or of another kind.
    """
    check_fetched(path)
    if path.suffix.lower() in (".wrd", ".phn"):
        table = timit_in_seconds(path, label, rate, duration, notes)
    else:
        table = _read(path, label, form, notes, within)
    table = without_silences(table, SILENCES if form.silences is None else form.silences)
    if label == "word":
        table = split_forms(table)
    if form.repair:
        table, said = repaired(table, duration)
        notes += [f"{path.name}: {sentence}" for sentence in said]
    faults = check_intervals(table, duration, str(path))
    if faults:
        return table, faults
    clean, clipped = clip_overlaps(table)
    if clipped:
        notes.append(f"{path.name}: {clipped} overlap(s) of {label}s by at most 1 ms were clipped.")
    return clean, []


def stimuli_in(path: Path, form: TranscriptFormat) -> list[str]:
    """Names of the stimuli whose words one table holds, in its order.

    Raises:
        BrainalignError: The table is missing, or lacks the column.
    """
    check_fetched(path)
    return list(dict.fromkeys(column_of(path, form)))


def _read(path: Path, label: str, form: TranscriptFormat, notes: list[str], within: str | None) -> pd.DataFrame:
    ending = path.suffix.lower()
    if ending == ".textgrid":
        return TextGrid(path).intervals(label, form.tier if label == "word" else form.phone_tier)
    if ending == ".json":
        table, untimed = read_json(path, label, form.tier if label == "word" else form.phone_tier)
        if untimed:
            notes.append(
                f"{path.name}: {untimed} {label}(s) without times (the aligner did not find them) are left out."
            )
        return table
    if ending in (".tsv", ".txt", ".csv"):
        return read_table(path, label, form, within)
    raise BrainalignError(f"{path} is no transcript that can be read; its ending must be one of {', '.join(ENDINGS)}.")
