"""Words and phones with their times: read from a TSV, checked, and brought to the columns word, onset, offset."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from brainalign.errors import BrainalignError, nearest

log = logging.getLogger(__name__)

ROUNDING = 1e-3
"""Seconds by which neighbours may overlap, or the last word pass the end, through rounding: clipped, and counted."""


def read_tsv(path: Path) -> pd.DataFrame:
    """A tab-separated table with a header; a byte-order mark is no matter, ``n/a`` is missing.

    Raises:
        BrainalignError: The file is missing, empty or no table.
    """
    try:
        return pd.read_csv(path, sep="\t", encoding="utf-8-sig", na_values=["n/a"], keep_default_na=False, dtype_backend="numpy_nullable")
    except FileNotFoundError:
        raise BrainalignError(f"{path} does not exist.") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise BrainalignError(f"{path} is no tab-separated table ({str(error).strip()}).") from error


def column(table: pd.DataFrame, name: str, path: Path) -> pd.Series:
    """A column that must be there.

    Raises:
        BrainalignError: It is not; the columns that are there are named.
    """
    if name not in table.columns:
        raise BrainalignError(f"{path} has no column {name!r}; {nearest(name, map(str, table.columns))}")
    return table[name]


def numbers(table: pd.DataFrame, name: str, path: Path) -> np.ndarray:
    """A column of finite numbers.

    Raises:
        BrainalignError: A value is none; its line is named.
    """
    values = pd.to_numeric(column(table, name, path), errors="coerce").astype(float).to_numpy(dtype=np.float64, na_value=np.nan)
    if len(bad := np.flatnonzero(~np.isfinite(values))):
        raise BrainalignError(f"{path}, line {bad[0] + 2}: {name}={table[name].iloc[bad[0]]!s} is no finite number.")
    return values


def read_intervals(path: Path, label: str, duration: float | None = None) -> pd.DataFrame:
    """Read a words or phones table.

    Args:
        path: TSV with the columns ``label``, ``onset`` and ``offset`` (or ``duration``), in seconds.
        label: ``word`` or ``phone``.
        duration: Length of the stimulus in seconds, where it is known.

    Returns:
        Columns ``label``, onset, offset.

    Raises:
        BrainalignError: See :func:`check_intervals`.
    """
    table = read_tsv(path)
    onset = numbers(table, "onset", path)
    offset = numbers(table, "offset", path) if "offset" in table.columns else onset + numbers(table, "duration", path)
    labels = column(table, label, path).fillna("").astype(str).str.strip()
    frame = pd.DataFrame({label: labels.to_numpy(dtype=object), "onset": onset, "offset": offset})
    return check_intervals(frame, duration, str(path), first_line=2)


def check_intervals(table: pd.DataFrame, duration: float | None, where: str, first_line: int = 1) -> pd.DataFrame:
    """Refuse intervals that cannot be true; clip what rounding alone explains.

    Args:
        table: Columns label, onset, offset.
        duration: Length of the stimulus in seconds, or None where it is not known.
        where: The file, as errors name it.
        first_line: The line of the first row in that file.

    Returns:
        The table, with index 0..n-1.

    Raises:
        BrainalignError: An empty label, no length, an onset before the one above it, an overlap, or an end beyond the stimulus.

    Example:
        >>> words = pd.DataFrame({"word": ["a", "b"], "onset": [0.0, 0.4], "offset": [0.5, 0.9]})
        >>> check_intervals(words, 1.0, "words.tsv")
        Traceback (most recent call last):
        brainalign.errors.BrainalignError: words.tsv, line 2: 'b' begins at 0.400 s, before 'a' ends at 0.500 s; words must not overlap.
    """
    label = str(table.columns[0])
    out = table.reset_index(drop=True).copy()
    names, onset, offset = out[label].tolist(), out["onset"].to_numpy(dtype=float).copy(), out["offset"].to_numpy(dtype=float).copy()
    clipped = 0
    for i, name in enumerate(names):
        place = f"{where}, line {first_line + i}"
        if not str(name).strip():
            raise BrainalignError(f"{place}: the {label} is empty; name it or take the row out.")
        if onset[i] < -ROUNDING:
            raise BrainalignError(f"{place}: {name!r} begins at {onset[i]:.3f} s, before the stimulus does.")
        if offset[i] <= onset[i]:
            raise BrainalignError(f"{place}: {name!r} ends at {offset[i]:.3f} s, not after its onset at {onset[i]:.3f} s.")
        if i and onset[i] < onset[i - 1]:
            raise BrainalignError(
                f"{place}: {name!r} begins at {onset[i]:.3f} s, before {names[i - 1]!r} above it at {onset[i - 1]:.3f} s; onsets must rise."
            )
        if i and onset[i] < offset[i - 1]:
            if offset[i - 1] - onset[i] > ROUNDING:
                raise BrainalignError(
                    f"{place}: {name!r} begins at {onset[i]:.3f} s, before {names[i - 1]!r} ends at {offset[i - 1]:.3f} s; "
                    f"{label}s must not overlap."
                )
            offset[i - 1] = onset[i]
            clipped += 1
        if duration is not None and offset[i] > duration:
            if offset[i] - duration > ROUNDING:
                raise BrainalignError(f"{place}: {name!r} ends at {offset[i]:.3f} s, past the end of the audio at {duration:.3f} s.")
            offset[i] = duration
            clipped += 1
    if clipped:
        log.info("%s: %d overlap(s) of at most 1 ms clipped", where, clipped)
    out["onset"], out["offset"] = onset, offset
    return out
