"""Words or phones from a tab- or comma-separated table, whatever its columns are called."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from brainalign.data.files.reading import read_text
from brainalign.data.files.tsv import MISSING, read_tsv
from brainalign.data.formats import SECONDS, TRANSCRIPTS, TranscriptFormat
from brainalign.errors import BrainalignError

USUAL: dict[str, Sequence[str]] = {
    "label": ("word", "words", "phone", "phones", "phoneme", "text", "label", "token", "segment"),
    "onset": ("onset", "start", "start_time", "begin", "tmin", "startTime", "word_onset", "xmin"),
    "offset": ("offset", "end", "end_time", "stop", "tmax", "endTime", "word_offset", "xmax"),
    "duration": ("duration", "length", "dur"),
}
"""What the columns are called where nothing else is said."""


def read_table(path: Path, label: str, form: TranscriptFormat, within: str | None = None) -> pd.DataFrame:
    """Read a table of words or phones; nothing is checked yet.

    Args:
        path: ``.tsv`` (or ``.txt``), tab-separated; ``.csv``, comma- or semicolon-separated with quotes as usual.
        label: ``word`` or ``phone``.
        form: What its columns are called, and the unit of its times.
        within: Only the rows of this stimulus.

    Returns:
        Columns label, onset, offset; times are numbers, or the text as it stands where it is none. The index, named
        ``line``, holds the rows' lines in the file. Rows without a label and without times (an aligner's blanks) are left out.

    Raises:
        BrainalignError: The file is missing or lacks a column; its columns are named.
    """
    table, columns, unit = _read(path, form.header), form.columns, form.unit
    if within is not None:
        table = table[column_of(path, form) == within]
    asked = dict(columns or {})

    def column(role: str) -> str | None:
        if role in asked:
            if asked[role] not in table:
                raise BrainalignError(
                    f"{path} lacks the column {asked[role]!r} ({TRANSCRIPTS}.columns.{role}); its columns are "
                    f"{', '.join(map(repr, table))}."
                )
            return asked[role]
        names = (label, f"{label}s", *USUAL[role]) if role == "label" else USUAL[role]
        return next((name for name in names if name in table), None)

    found = {role: column(role) for role in USUAL}
    if found["label"] is None or found["onset"] is None or not (found["offset"] or found["duration"]):
        raise BrainalignError(
            f"{path} has no columns for a {label}, its onset and its offset (or duration) under the usual names; say which they are by "
            f"{TRANSCRIPTS}.columns; its columns are {', '.join(map(repr, table))}."
        )
    onset = [_time(cell, unit) for cell in table[found["onset"]]]
    end = [_time(cell, unit) for cell in table[found["offset"] or found["duration"]]]
    if not found["offset"]:
        end = [a + b if isinstance(a, float) and isinstance(b, float) else b for a, b in zip(onset, end, strict=True)]
    out = pd.DataFrame({label: table[found["label"]], "onset": onset, "offset": end}, index=table.index)
    nothing = ("", MISSING)
    kept = [not (w in nothing and t in nothing) for w, t in zip(out[label], out["onset"], strict=True)]
    return out if all(kept) else out[kept]


def column_of(path: Path, form: TranscriptFormat) -> pd.Series:
    """The column that names the stimulus of each row.

    Raises:
        BrainalignError: There is none of that name.
    """
    table = _read(path, form.header)
    if form.stimulus not in table:
        raise BrainalignError(
            f"{path} lacks the column {form.stimulus!r} ({TRANSCRIPTS}.stimulus); its columns are {', '.join(map(repr, table))}."
        )
    return table[form.stimulus]


def _read(path: Path, header: Sequence[str] | None) -> pd.DataFrame:
    if path.suffix.lower() != ".csv" and header is None:
        return read_tsv(path, [])
    lines = read_text(path, "a table of words in UTF-8").splitlines()
    comma = path.suffix.lower() == ".csv"
    first = lines[0] if lines else ""
    mark = "\t" if not comma else ";" if first.count(";") > first.count(",") else ","
    rows = list(csv.reader(lines, delimiter=mark, quoting=csv.QUOTE_MINIMAL if comma else csv.QUOTE_NONE))
    names = list(header) if header is not None else [name.strip() for name in rows[0]] if rows else []
    begin = 1 if header is not None else 2
    body = rows if header is not None else rows[1:]
    kept = {n: [c.strip() for c in cells] for n, cells in enumerate(body, start=begin) if any(c.strip() for c in cells)}
    for n, cells in kept.items():
        if len(cells) > len(names):
            raise BrainalignError(f"{path}, line {n} has {len(cells)} cells, but there are {len(names)} columns.")
        kept[n] = cells + [MISSING] * (len(names) - len(cells))
    return pd.DataFrame(list(kept.values()), columns=names, index=pd.Index(list(kept), name="line"), dtype=object)


def _time(cell: str, unit: str) -> float | str:
    try:
        return float(cell) * SECONDS[unit]
    except ValueError:
        return cell
