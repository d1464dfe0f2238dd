"""From rows (a word, a model frame) to the frames of the responses, and from frames to words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.grid import FrameGrid
from brainalign.features.base import Placement, Rows, Unit

SLOW = 5.0
"""Frames per second below which a grid is slow (fMRI): a frame then sums the words that begin in its slot."""

SAME = 1e-6
"""Seconds within which two frame centres are one."""


def to_grid(
    rows: Rows, unit: Unit, grid: FrameGrid, *, placement: Placement = "hold", align: str = "onset"
) -> NDArray[np.floating[Any]]:
    """Put rows on a frame grid.

    Args:
        rows: (rows, dims) with their times.
        unit: What a row is.
        grid: The frames wanted.
        placement: Of words on a fast grid: ``hold`` repeats the vector over the frames whose centre lies in
            [onset, offset), zero elsewhere; ``impulse`` puts it on the frame nearest to the onset alone.
        align: ``onset``, or ``offset``: the word's vector then stands from its offset on, for as long as the word lasted or
            until the next one has ended: nothing is known before it was heard.

    Returns:
        (grid.n, dims). On slow grids words are summed over each frame's slot, model frames averaged.
    """
    out = np.zeros((grid.n, rows.values.shape[1]), dtype=rows.values.dtype)
    if grid.n == 0 or len(rows.values) == 0:
        return out
    if unit == "frames":
        return _frames(rows, grid, out)
    onset, offset = _placed(rows, align)
    begin, end = grid.edges
    if grid.rate < SLOW or placement == "impulse":
        slot = np.floor((onset - begin[0]) * grid.rate + 1e-9).astype(int)
        inside = (slot >= 0) & (slot < grid.n)
        np.add.at(out, slot[inside], rows.values[inside])
        return out
    first = np.ceil((onset - grid.start) * grid.rate - 1e-9).astype(int)
    last = np.ceil((offset - grid.start) * grid.rate - 1e-9).astype(int)
    for value, a, b in zip(rows.values, np.maximum(first, 0), np.minimum(last, grid.n), strict=True):
        out[a:b] = value
    return out


def _placed(rows: Rows, align: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if align == "onset":
        return rows.onset, rows.offset
    following = np.append(rows.offset[1:], np.inf)
    return rows.offset, np.minimum(rows.offset + (rows.offset - rows.onset), following)


def _frames(rows: Rows, grid: FrameGrid, out: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    times = rows.onset
    if len(times) == grid.n and np.abs(times - grid.times).max() < SAME:
        return rows.values
    begin, end = grid.edges
    if len(times) > 1 and grid.rate < 0.75 / float(np.median(np.diff(times))):
        lo, hi = np.searchsorted(times, begin - SAME), np.searchsorted(times, end - SAME)
        sums = np.vstack([np.zeros((1, out.shape[1])), np.cumsum(rows.values, axis=0, dtype=np.float64)])
        count = hi - lo
        some = count > 0
        out[some] = (sums[hi[some]] - sums[lo[some]]) / count[some, None]
        return out
    covered = (grid.times > times[0] - 0.5 / grid.rate) & (grid.times < times[-1] + 0.5 / grid.rate)
    place = np.interp(grid.times, times, np.arange(len(times)))
    low = np.floor(place).astype(int)
    high, share = np.minimum(low + 1, len(times) - 1), (place - low)[:, None]
    out[covered] = ((1 - share) * rows.values[low] + share * rows.values[high])[covered]
    return out


def words_from_frames(rows: Rows, words: pd.DataFrame) -> NDArray[np.floating[Any]]:
    """Mean of the model frames inside each word; a word between two centres takes the nearest frame.

    Args:
        rows: A row a model frame.
        words: Columns onset and offset in seconds.

    Returns:
        (words, dims).
    """
    out = np.empty((len(words), rows.values.shape[1]), dtype=rows.values.dtype)
    for i, (onset, offset) in enumerate(zip(words["onset"], words["offset"], strict=True)):
        inside = (rows.onset >= onset) & (rows.onset < offset)
        if inside.any():
            out[i] = rows.values[inside].mean(axis=0)
        else:
            out[i] = rows.values[np.argmin(np.abs(rows.onset - (onset + offset) / 2))]
    return out
