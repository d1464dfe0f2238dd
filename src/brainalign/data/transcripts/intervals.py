"""Words and phones with their times: checked, repaired, and brought to the columns word, onset, offset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.files.tsv import MISSING

TOLERANCE = 1e-3
"""Seconds that are put down to rounding: of an overlap, of an end past the audio's, of an onset before it."""

_EXACT = 1e-9
"""Seconds below which an overlap is the arithmetic of onset + duration, not worth a count."""


def check_intervals(table: pd.DataFrame, duration: float | None, where: str, remedy: str = "") -> list[str]:
    """Find what cannot be true of words in time.

    Args:
        table: Columns label, onset, offset; its index numbers the rows as a person would, its name says what it counts.
        duration: Length of the stimulus in seconds, or None where only the words tell it.
        where: The file, as the sentences name it.
        remedy: What could be done where words stand out of order, overlap, have no length or end after the sound.

    Returns:
        One sentence for each kind of fault, with the first place and the number of others; empty where all is well.

    Example:
        >>> words = pd.DataFrame({"word": ["so", "it"], "onset": [0.0, 0.4], "offset": [0.5, 0.9]})
        >>> check_intervals(words, 1.0, "a_words.tsv")
        ["a_words.tsv, row 1: 'it' begins at 0.4 s, before 'so' ends at 0.5 s; words must not overlap."]
    """
    kind, unit = str(table.columns[0]), str(table.index.name or "row")
    names = [str(name).strip() for name in table.iloc[:, 0]]
    onset, offset = _times(table)
    before, ended = np.r_[np.nan, onset[:-1]], np.r_[np.nan, offset[:-1]]
    backwards = onset < before
    overlap = ~backwards & ((ended - onset > TOLERANCE) | (onset == before))
    end = np.inf if duration is None else duration

    def begins(i: int) -> str:
        return f"{names[i]!r} begins at {_s(onset[i])}, before"

    def ends(i: int) -> str:
        return f"{names[i]!r} ends at {_s(offset[i])},"

    rules: list[tuple[NDArray[np.bool_], Callable[[int], str]]] = [
        (~np.isfinite(onset), lambda i: f"the onset {table['onset'].iloc[i]!r} of {names[i]!r} is no number"),
        (~np.isfinite(offset), lambda i: f"the end {table['offset'].iloc[i]!r} of {names[i]!r} is no number"),
        (np.isin(names, ("", MISSING)), lambda i: f"the {kind} is empty; name it or take the {unit} out"),
        (onset < -TOLERANCE, lambda i: f"{begins(i)} the stimulus does"),
    ]
    mendable: list[tuple[NDArray[np.bool_], Callable[[int], str]]] = [
        (offset <= onset, lambda i: f"{ends(i)} not after its onset at {_s(onset[i])}"),
        (backwards, lambda i: f"{begins(i)} {names[i - 1]!r} above it at {_s(before[i])}; onsets must rise"),
        (overlap, lambda i: f"{begins(i)} {names[i - 1]!r} ends at {_s(ended[i])}; {kind}s must not overlap"),
        (offset > end + TOLERANCE, lambda i: f"{ends(i)} past the end of the audio at {_s(end)}"),
    ]
    found = []
    for bad, sentence in (*rules, *mendable):
        at = np.flatnonzero(bad)
        if len(at):
            more = f" ({len(at) - 1} more such {unit}{'s' * (len(at) > 2)})" if len(at) > 1 else ""
            how = f"; {remedy}" if remedy and any(bad is b for b, _ in mendable) else ""
            found.append(f"{where}, {unit} {table.index[at[0]]}: {sentence(int(at[0]))}{more}{how}.")
    return found


def clip_overlaps(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Bring checked intervals to their final form: labels stripped, times as floats, overlaps from rounding clipped.

    Args:
        table: Columns label, onset, offset in which :func:`check_intervals` found nothing.

    Returns:
        The table with index 0..n-1, in which no interval ends after the next one's onset; how many ends were moved.
    """
    label = str(table.columns[0])
    onset, offset = _times(table)
    following = np.r_[onset[1:], np.inf]
    clipped = int(np.sum(offset - following > _EXACT))
    names = table[label].astype(str).str.strip().to_numpy(dtype=object)
    more = {c: table[c].to_numpy(dtype=object) for c in table.columns[3:]}
    return pd.DataFrame({label: names, "onset": onset, "offset": np.minimum(offset, following), **more}), clipped


def repaired(table: pd.DataFrame, duration: float | None) -> tuple[pd.DataFrame, list[str]]:
    """What archives need: rows sorted by onset, overlaps cut at the next onset, rows of no length and beyond the sound taken out.

    Rows whose times are no numbers stay: they are for :func:`check_intervals`.

    Args:
        table: Columns label, onset, offset.
        duration: Of the sound in seconds, or None.

    Returns:
        The table, with its index, and a sentence on each kind of repair with its count.

    Example:
        >>> words = pd.DataFrame({"word": ["b", "a"], "onset": [0.4, 0.0], "offset": [0.9, 0.5]})
        >>> table, said = repaired(words, None)
        >>> table.word.tolist(), table.offset.tolist(), said[0]
        (['a', 'b'], [0.4, 0.9], '1 word(s) stood out of order and were sorted')
    """
    kind, said = str(table.columns[0]), list[str]()
    onset, offset = _times(table)
    if not (np.isfinite(onset).all() and np.isfinite(offset).all()):
        return table, said
    backwards = int(np.sum(np.diff(onset) < 0))
    order = np.lexsort((offset, onset))
    table, onset, offset = table.iloc[order], onset[order], offset[order]
    if backwards:
        said.append(f"{backwards} {kind}(s) stood out of order and were sorted")
    ends = np.minimum(offset, np.r_[onset[1:], np.inf])
    cut = int(np.sum(offset - ends > TOLERANCE))
    if cut:
        said.append(f"{cut} {kind}(s) ended after the next one began and were cut there")
    if duration is not None:
        late = int(np.sum((ends > duration + TOLERANCE) & (onset < duration)))
        ends = np.where(onset < duration, np.minimum(ends, duration), ends)
        if late:
            said.append(f"{late} {kind}(s) ended after the sound and were cut at its end")
    heard = onset < (np.inf if duration is None else duration)
    keep = (ends > onset) & heard
    if not heard.all():
        said.append(f"{int((~heard).sum())} {kind}(s) beyond the end of the sound were left out")
    if (heard & ~keep).any():
        stay = "have no time: they stay in the text" if kind == "word" else "were left out"
        said.append(f"{int((heard & ~keep).sum())} {kind}(s) of no length {stay}")
    return table.assign(onset=onset, offset=ends)[keep], said


def _times(table: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Onset and offset as floats, NaN where the cell is no finite number."""
    both: list[Any] = [pd.to_numeric(table[c], errors="coerce").to_numpy(dtype=np.float64) for c in ("onset", "offset")]
    onset, offset = (np.where(np.isfinite(v), v, np.nan) for v in both)
    return onset, offset


def _s(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + " s"
