"""TIMIT's ``.wrd`` and ``.phn``: begin and end in samples, and a label."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from brainalign.data.files.reading import read_text
from brainalign.data.sound.audio import RATE
from brainalign.errors import BrainalignError


def timit_in_seconds(
    path: Path, label: str, rate: float | None, duration: float | None, notes: list[str]
) -> pd.DataFrame:
    """Read counts of the sound's own samples; where these end behind the sound and TIMIT's 16 kHz do not, those of TIMIT's.

    Args:
        path: As for :func:`read_timit`.
        label: The same.
        rate: Samples per second of the sound; None: there is none, and TIMIT's are taken.
        duration: Of the sound in seconds.
        notes: Gets a sentence where the sound has another rate than TIMIT's.
    """
    if rate is None or duration is None or rate == RATE:
        return read_timit(path, label)
    table = read_timit(path, label, rate)
    end = float(table["offset"].max()) if len(table) else 0.0
    other = end * rate / RATE
    if end > duration + 0.5 / RATE >= other:
        notes.append(
            f"{path.name}: its samples are read at TIMIT's {RATE} Hz, because at the sound's {rate:g} Hz its last {label} would end at "
            f"{end:.2f} s, behind the sound's {duration:.2f} s."
        )
        return read_timit(path, label)
    notes.append(
        f"{path.name}: its samples are read at the sound's {rate:g} Hz: the last {label} ends at {end:.2f} of {duration:.2f} s "
        f"(at TIMIT's {RATE} Hz: {other:.2f} s)."
    )
    return table


def read_timit(path: Path, label: str, rate: float = RATE) -> pd.DataFrame:
    """Read the words or phones of one sentence.

    Args:
        path: ``SA1.WRD`` or ``SA1.PHN``.
        label: ``word`` or ``phone``.
        rate: Samples per second of the counts; TIMIT's sound has 16 kHz.

    Returns:
        Columns label, onset, offset in seconds, unchecked; the index, named ``line``, holds the lines.

    Raises:
        BrainalignError: The file is missing, or a line is not ``begin end label``.
    """
    lines = read_text(path, "TIMIT's lines of text").splitlines()
    rows: dict[int, tuple[str, float, float]] = {}
    for n, line in enumerate(lines, start=1):
        cells = line.split(maxsplit=2)
        if not cells:
            continue
        if len(cells) != 3 or not (cells[0].isdigit() and cells[1].isdigit()):
            raise BrainalignError(
                f"{path}, line {n}: {line.strip()!r} is not TIMIT's 'begin end label' with sample numbers, such as '9640 11240 she'."
            )
        rows[n] = (cells[2].strip(), int(cells[0]) / rate, int(cells[1]) / rate)
    return pd.DataFrame(
        list(rows.values()), columns=[label, "onset", "offset"], index=pd.Index(list(rows), name="line")
    )
