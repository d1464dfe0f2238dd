"""Words whose times a transcript does not tell, or not wholly: they were said, so they stay in the text."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainalign.data.transcripts.form import Tally

LASTS = 0.5
"""Seconds that a word of unknown length is taken to last at most; the next word ends it before."""

MISSING = ("", "n/a", "na", "nan", "none", "null", "<na>")
"""What tables write where a time is missing, lower case."""

NOTHING = 1e-3
"""Seconds: a gap too short to put a word into."""


def _missing(column: pd.Series) -> pd.Series:
    return column.isna() | column.astype(str).str.strip().str.lower().isin(MISSING)


def with_lengths(table: pd.DataFrame, duration: float | None) -> tuple[pd.DataFrame, int]:
    """Words that have an onset but no end, or end where they begin, last until the next one, and at most half a second.

    Args:
        table: Columns label, onset, offset.
        duration: Of the stimulus in seconds, or None.

    Returns:
        The table, and how many lengths were filled in.

    Example:
        >>> said = pd.DataFrame({"word": ["so", "it"], "onset": [0.1, 0.3], "offset": ["n/a", 0.3]})
        >>> with_lengths(said, 0.7)[0]["offset"].tolist()
        [0.3, 0.7]
    """
    onset = pd.to_numeric(table["onset"], errors="coerce").to_numpy(dtype=np.float64)
    offset = pd.to_numeric(table["offset"], errors="coerce").to_numpy(dtype=np.float64)
    unknown = np.isfinite(onset) & (_missing(table["offset"]).to_numpy() | (offset == onset))
    if not unknown.any():
        return table, 0
    timed = np.unique(onset[np.isfinite(onset)])
    after = np.searchsorted(timed, onset, side="right")
    following = np.r_[timed, np.inf][np.minimum(after, len(timed))]
    ends = np.minimum(onset + LASTS, np.minimum(following, np.inf if duration is None else max(duration, 0.0)))
    filled = table["offset"].astype(object).to_numpy().copy()
    fits = unknown & (ends > onset)
    filled[fits] = ends[fits]
    return table.assign(offset=filled), int(fits.sum())


def set_aside(table: pd.DataFrame, tally: Tally) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with an onset, and rows without; a column ``place`` in both keeps the order of the text.

    That is the order of the onsets; a word without one follows the word before it in the file.

    Args:
        table: Columns label, onset, offset.
        tally: Gets the rows without an onset.
    """
    without = _missing(table["onset"])
    onset = pd.to_numeric(table["onset"], errors="coerce").mask(without).ffill().fillna(-np.inf)
    place = np.empty(len(table))
    place[np.argsort(onset.to_numpy(), kind="stable")] = np.arange(len(table))
    table = table.assign(place=place)
    untimed = table[without].assign(onset=np.nan, offset=np.nan)
    label = str(table.columns[0])
    tally.update(("untimed", str(w)) for w in untimed["text" if "text" in untimed else label])
    return table[~without], untimed


def put_back(timed: pd.DataFrame, untimed: pd.DataFrame, duration: float | None, interpolate: bool) -> pd.DataFrame:
    """The text as a whole: each word without a time after the word that it follows in the file.

    Args:
        timed: Checked and in order, with the column ``place``.
        untimed: As :func:`set_aside` gave them; columns ``low`` and ``high`` bound the time of some (their segment's).
        duration: Of the stimulus in seconds, or None.
        interpolate: Whether they share the time between their neighbours evenly; where there is none, they go without.

    Returns:
        Index 0..n-1, without the columns of the order.
    """
    if untimed.empty:
        return timed.drop(columns=["place", "low", "high"], errors="ignore").reset_index(drop=True)
    places = timed["place"].to_numpy()
    # after the kept word that comes last among those before it in the file
    before = [
        int(np.flatnonzero(places == places[places < p].max())[0]) if (places < p).any() else -1
        for p in untimed["place"]
    ]
    order = np.lexsort((np.r_[np.full(len(timed), -1.0), untimed["place"]], np.r_[np.arange(len(timed)), before]))
    both = pd.concat([timed, untimed], ignore_index=True).iloc[order].reset_index(drop=True)
    both["onset"], both["offset"] = both["onset"].astype(np.float64), both["offset"].astype(np.float64)
    if interpolate:
        _interpolate(both, duration)
    return both.drop(columns=["place", "low", "high"], errors="ignore")


def _interpolate(table: pd.DataFrame, duration: float | None) -> None:
    onset, offset = table["onset"].to_numpy(copy=True), table["offset"].to_numpy(copy=True)
    bounds = [
        table[c].to_numpy(dtype=np.float64) if c in table else np.full(len(table), np.nan) for c in ("low", "high")
    ]
    first = 0
    while first < len(table):
        if np.isfinite(onset[first]):
            first += 1
            continue
        last = first
        same = [b[first] for b in bounds]
        while (
            last < len(table)
            and not np.isfinite(onset[last])
            and np.array_equal([b[last] for b in bounds], same, equal_nan=True)
        ):
            last += 1
        following = onset[last:][np.isfinite(onset[last:])]
        begin = np.fmax(offset[first - 1] if first and np.isfinite(offset[first - 1]) else 0.0, same[0])
        end = np.fmin(following[0] if len(following) else np.inf if duration is None else duration, same[1])
        if np.isfinite(end) and end - begin > NOTHING:
            edges = np.linspace(begin, end, last - first + 1)
            onset[first:last], offset[first:last] = edges[:-1], edges[1:]
        first = last
    table["onset"], table["offset"] = onset, offset
