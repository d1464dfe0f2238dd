"""read_transcript: a file of words or phones, by its ending."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from brainalign.data.files.reading import reading
from brainalign.data.formats import TranscriptFormat
from brainalign.data.transcripts.aligners import Read, holds_phones, read_json
from brainalign.data.transcripts.clean import cleaned
from brainalign.data.transcripts.form import Tally
from brainalign.data.transcripts.table import column_of, read_table
from brainalign.data.transcripts.textgrid import TextGrid
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
    tally: Tally | None = None,
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
        tally: Gets the labels that are no words, and those that have no time.

    Returns:
        Columns label, onset, offset, index 0..n-1, and for words ``text`` where writing differs from the aligned
        form; a word without a time has NaN (phones without are left out). And the errors, a sentence
        each, in which case the table is of no use.

    Raises:
        BrainalignError: The file is missing or of another kind.
    """
    if path.suffix.lower() not in ENDINGS:
        raise BrainalignError(
            f"{path} is no transcript that can be read; its ending must be one of {', '.join(ENDINGS)}."
        )
    with reading(path, "a transcript"):
        if path.suffix.lower() in (".wrd", ".phn"):
            table, kind, said = Read(timit_in_seconds(path, label, rate, duration, notes), "timit", [])
        else:
            table, kind, said = _read(path, label, form, within)
    clean, errors = cleaned(table, kind, form, duration, str(path), Tally() if tally is None else tally, said)
    notes += [f"{path.name}: {sentence}." for sentence in said]
    return clean, errors


def stimuli_in(path: Path, form: TranscriptFormat) -> list[str]:
    """Names of the stimuli whose words one table holds, in its order.

    Raises:
        BrainalignError: The table is missing, or lacks the column.
    """
    with reading(path, "a transcript"):
        return list(dict.fromkeys(column_of(path, form)))


def has_phones(path: Path, form: TranscriptFormat) -> bool:
    """Whether a file that may hold words and phones (TextGrid, JSON) holds phones, or was said to by ``phone_tier``."""
    if path.suffix.lower() == ".textgrid":
        with reading(path, "a TextGrid"):
            return form.phone_tier is not None or TextGrid(path).has("phone")
    return path.suffix.lower() == ".json" and holds_phones(path)


def _read(path: Path, label: str, form: TranscriptFormat, within: str | None) -> Read:
    ending = path.suffix.lower()
    tier = form.tier if label == "word" else form.phone_tier
    if ending == ".textgrid":
        grid = TextGrid(path)
        said = ["neither UTF-8 nor UTF-16, so it is read as Windows Latin-1, as Praat does"] if grid.latin else []
        return Read(grid.intervals(label, tier), "tiers", said)
    if ending == ".json":
        return read_json(path, label, tier)
    return Read(read_table(path, label, form, within), "table", [])
