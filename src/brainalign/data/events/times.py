"""Cells of an events table as times: units, and a column of samples that is more exact than the onsets beside it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.formats import SECONDS, EventFormat
from brainalign.data.unread_options import refuse_unread

SAMPLE = "sample"
"""BIDS's column of the events' samples."""


def counts_samples(table: pd.DataFrame, form: EventFormat) -> bool:
    """Whether the recording's rate is needed to read a table's times."""
    return form.unit == "samples" or (SAMPLE in table and form.onset != SAMPLE)


def scale_of(form: EventFormat, rate: float) -> float:
    """Seconds in one unit of the table."""
    return SECONDS.get(form.unit, 1.0 / rate)


def onsets_of(
    table: pd.DataFrame, where: Path | str, rate: float, form: EventFormat, start: float, notes: list[str]
) -> NDArray[np.float64]:
    """Onsets in seconds, NaN where a cell is no number.

    Samples count from the recording's first. Where a column ``sample`` stands beside onsets in seconds, and every onset is its time
    rounded to the digits that are written, the samples are taken: the digits are too few. Where they contradict each other, the onsets are
    (the samples of a derivative are often those of the recording that it was made of), and a note says so.

    Args:
        table: Text cells; the rows that are presentations.
        where: The file, for sentences.
        rate: Samples per second of the recording.
        form: How the table is to be read.
        start: Time of the first sample on the clock of the events.
        notes: Gets the sentences.

    Example:
        >>> table, said = pd.DataFrame({"onset": ["5", "9"], "sample": ["2710", "4400"]}), []
        >>> onsets_of(table, "e.tsv", 500.0, EventFormat(), 0.0, said).tolist(), said[0][:55]
        ([5.42, 8.8], "e.tsv: 'onset' is rounded (by up to 0.42 s); the times ")
    """
    scale = scale_of(form, rate)
    onsets = np.array([number(c) for c in table[form.onset]]) * scale
    if form.unit == "samples":
        onsets = onsets + start
    elif counts_samples(table, form):
        exact = start + np.array([number(c) for c in table[SAMPLE]]) / rate
        both = np.isfinite(onsets) & np.isfinite(exact)
        apart = np.abs(onsets - exact)
        digit = scale * np.array([_last_digit(c) for c in table[form.onset]])
        within = apart < digit + 1.5 / rate  # rounded, or cut; samples may count from 1
        name, worst = Path(where).name, float(np.max(apart, where=both, initial=0.0))
        if both.any() and within[both].all() and worst > 1.5 / rate:
            notes.append(
                f"{name}: {form.onset!r} is rounded (by up to {worst:.2g} s); the times are those of the column {SAMPLE!r} at {rate:g} Hz."
            )
            onsets = np.where(both, exact, onsets)
        elif worst > 1.5 / rate and not within[both].all():
            row = int(np.argmax(np.where(both & ~within, apart, -1.0)))
            notes.append(
                f"{name}: {form.onset!r} and {SAMPLE!r} disagree in {int((both & ~within).sum())} of {len(table)} events, by up to "
                f"{apart[row]:.3g} s (line {table.index[row]}: {onsets[row]:g} s, but sample {table[SAMPLE].iloc[row]} is at "
                f"{exact[row]:g} s where the recording has {rate:g} Hz); {form.onset!r} is taken (data.events.onset={SAMPLE} with "
                f"data.events.unit=samples takes the other)."
            )
    return onsets + form.shift


def refuse_unused(form: EventFormat, where: str, read: Collection[str] = ("shift", "align", "whole")) -> None:
    """Refuse settings that read a table, where none is read.

    Args:
        form: Of the config.
        where: The file.
        read: What counts all the same.

    Raises:
        BrainalignError: One of them is set.
    """
    refuse_unread("data.events", form, read, where, "no table of events is read")


def number(cell: str) -> float:
    """A cell as a number; NaN where it is none."""
    try:
        return float(cell)
    except (TypeError, ValueError):
        return float("nan")


def _last_digit(cell: str) -> float:
    """What one step of a written number's last digit is worth: 0.01 for ``5.42``."""
    mantissa, _, power = cell.strip().lower().partition("e")
    return 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2])) if np.isfinite(number(cell)) else np.nan
