"""From rows (a word, a model frame) to the frames of the responses, and from frames to words."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.frames.grid import FrameGrid
from brainalign.features.base import Placement, Rows, Unit
from brainalign.signal.hrf import convolve_hrf

Align = Literal["onset", "offset"]
Resample = Literal["box", "lanczos", "mean", "last", "hrf"]
"""How rows come to a slow grid: what lies in a frame's slot (words summed, their mean, or the last of them), a low-pass filter that
reaches into its neighbours, or the haemodynamic response to what came before."""
LOBES = 3
"""Frames to either side that the Lanczos kernel reaches."""

SAME = 1e-6
"""Seconds within which two times are one."""


def to_grid(
    rows: Rows,
    unit: Unit,
    grid: FrameGrid,
    *,
    placement: Placement = "hold",
    align: Align = "onset",
    resample: Resample = "box",
) -> NDArray[np.floating[Any]]:
    """Put rows on a frame grid of period P.

    =======  =================  ==============================================================================
    rows     grid               a frame at time t holds
    =======  =================  ==============================================================================
    words    fast, ``hold``     the word with onset <= t < offset; zero where there is none
    words    fast, ``impulse``  the sum of the words whose first frame it is: t - P < onset <= t
    words    slow               the sum of the words whose onset lies in its slot: t - P/2 <= onset < t + P/2
    frames   the rows' own      the row itself, where times are equal to a microsecond
    frames   faster             the rows on either side, interpolated
    frames   slower             the mean of the rows over its slot (a box against aliasing)
    =======  =================  ==============================================================================

    With ``resample="mean"`` or ``"last"`` a frame of a slow grid holds the mean, or the last, of those words in place of their sum;
    impulses are counted all the same.

    With ``resample="lanczos"`` a frame of a slow grid holds, in place of the sum or mean over its slot, all rows within
    three frames of it, weighted by ``sinc(x) sinc(x / 3)``, x frames apart (Huth et al. 2016); model frames are
    divided by the weights' sum, so that what is constant stays so. The kernel reaches three frames into the
    future: no latency below that can be read.

    With ``resample="hrf"`` a frame holds all earlier rows, each at its own time, convolved with Glover's function
    (:func:`brainalign.signal.hrf.convolve_hrf`): words as impulses, model frames as samples of something continuous.

    Beyond their first and last row, model frames go on as they began and ended. Of two words that overlap,
    the later counts.

    Args:
        rows: (rows, dims) with their times, onsets rising.
        unit: What a row is.
        grid: The frames wanted.
        placement: Of words on a fast grid.
        align: ``onset``, or ``offset``: a word is then placed from its offset, for as long as it lasted or
            until the next one has ended, so that nothing is known before it was heard.
        resample: On a slow grid.

    Returns:
        (grid.n, dims).

    Example:
        >>> word = Rows(np.ones((1, 1)), np.array([0.02]), np.array([0.06]))
        >>> to_grid(word, "words", FrameGrid(start=0.0, rate=50.0, n=5)).ravel()
        array([0., 1., 1., 0., 0.])
    """
    if grid.n == 0 or len(rows.values) == 0:
        return np.zeros((grid.n, rows.values.shape[1]), dtype=rows.values.dtype)
    if resample == "hrf":
        times = rows.onset if unit == "frames" else _span(rows, align)[0]
        return convolve_hrf(rows.values, times, grid.times, _period(rows) if unit == "frames" else 1.0)
    if grid.slow and resample == "lanczos":
        times = rows.onset if unit == "frames" else _span(rows, align)[0]
        return _lanczos(rows.values, times, grid, mean=unit == "frames")
    if unit == "frames":
        return _frames(rows, grid)
    begin, end = _span(rows, align)
    if grid.slow:
        place = np.floor((begin - grid.edges[0][0] + SAME) * grid.rate)
        if placement == "impulse" or resample == "box":
            return _sum(rows.values, place, grid.n)
        return _mean(rows.values, place, grid.n) if resample == "mean" else _last(rows.values, place, grid.n)
    if placement == "impulse":
        return _sum(rows.values, np.ceil((begin - grid.start - SAME) * grid.rate), grid.n)
    place = np.searchsorted(begin, grid.times + SAME, side="right") - 1
    inside = (place >= 0) & (grid.times + SAME < end[place])
    out = rows.values[np.maximum(place, 0)]
    out[~inside] = 0
    return out


def words_without_frame(rows: Rows, grid: FrameGrid, *, placement: Placement = "hold", align: Align = "onset") -> int:
    """How many words :func:`to_grid` leaves out: beyond the grid, or held where no frame's centre falls.

    Args:
        rows: A row a word.
        grid: The frames.
        placement: As in :func:`to_grid`.
        align: As in :func:`to_grid`.
    """
    values = np.arange(1.0, len(rows.values) + 1)[:, None]
    summed = grid.slow or placement == "impulse"
    marks = Rows(np.ones_like(values) if summed else values, rows.onset, rows.offset)
    shown = to_grid(marks, "words", grid, placement=placement, align=align)
    return len(values) - int(shown.sum() if summed else len(np.unique(shown[shown > 0])))


def words_from_frames(rows: Rows, words: pd.DataFrame) -> NDArray[np.floating[Any]]:
    """Mean of the model frames inside each word; a word too short for any takes that nearest its middle.

    Args:
        rows: A row a model frame.
        words: Columns onset and offset in seconds.

    Returns:
        (words, dims).

    Example:
        >>> times = np.array([0.01, 0.03, 0.05])
        >>> frames = Rows(np.array([[1.0], [2.0], [4.0]]), times, times)
        >>> words_from_frames(frames, pd.DataFrame({"onset": [0.0, 0.04], "offset": [0.04, 0.045]})).ravel()
        array([1.5, 4. ])
    """
    out = np.empty((len(words), rows.values.shape[1]), dtype=rows.values.dtype)
    spans = zip(words["onset"], words["offset"], strict=True)
    for i, (onset, offset) in enumerate(spans):
        first, last = np.searchsorted(rows.onset, [onset - SAME, offset - SAME])
        if last > first:
            out[i] = rows.values[first:last].mean(axis=0, dtype=np.float64)
        else:
            out[i] = rows.values[np.argmin(np.abs(rows.onset - (onset + offset) / 2))]
    return out


def _span(rows: Rows, align: Align) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(rows,) begin and end of each word on the grid."""
    if align == "onset":
        return rows.onset, rows.offset
    return rows.offset, 2 * rows.offset - rows.onset  # ended by the next word's begin, if that is earlier


def _lanczos(
    values: NDArray[np.floating[Any]], times: NDArray[np.float64], grid: FrameGrid, *, mean: bool
) -> NDArray[np.floating[Any]]:
    """(n, dims): each frame's rows within LOBES frames, weighted, a frame at a time."""
    out = np.zeros((grid.n, values.shape[1]), dtype=values.dtype)
    order = np.argsort(times, kind="stable")
    values, times = values[order], times[order]
    firsts, lasts = (np.searchsorted(times, grid.times + side * LOBES / grid.rate) for side in (-1, 1))
    for frame, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        apart = (grid.times[frame] - times[first:last]) * grid.rate
        weights = np.sinc(apart) * np.sinc(apart / LOBES)
        if mean and last > first:
            weights /= weights.sum()
        out[frame] = weights @ values[first:last]
    return out


def _sum(values: NDArray[np.floating[Any]], place: NDArray[np.float64], n: int) -> NDArray[np.floating[Any]]:
    """(n, dims): the values added up by place; what lies outside 0..n-1 is left out."""
    out = np.zeros((n, values.shape[1]), dtype=values.dtype)
    inside = (place >= 0) & (place < n)
    np.add.at(out, place[inside].astype(int), values[inside])
    return out


def _mean(values: NDArray[np.floating[Any]], place: NDArray[np.float64], n: int) -> NDArray[np.floating[Any]]:
    """(n, dims): the mean of the values of each place; zero where there is none."""
    count = _sum(np.ones((len(values), 1)), place, n)
    mean: NDArray[np.floating[Any]] = (_sum(values.astype(np.float64), place, n) / np.maximum(count, 1)).astype(
        values.dtype
    )
    return mean


def _last(values: NDArray[np.floating[Any]], place: NDArray[np.float64], n: int) -> NDArray[np.floating[Any]]:
    """(n, dims): the last of the values of each place; zero where there is none."""
    out = np.zeros((n, values.shape[1]), dtype=values.dtype)
    for row in np.flatnonzero((place >= 0) & (place < n)):
        out[int(place[row])] = values[row]
    return out


def _frames(rows: Rows, grid: FrameGrid) -> NDArray[np.floating[Any]]:
    times, wanted = rows.onset, grid.times
    if len(times) == 1:
        return np.repeat(rows.values, grid.n, axis=0)
    nearest = np.clip(np.searchsorted(times, wanted - SAME), 0, len(times) - 1)
    if np.abs(times[nearest] - wanted).max() < SAME:
        return rows.values[nearest]
    period = _period(rows)
    if grid.rate * period >= 1 - SAME:
        return _between(rows.values, np.interp(wanted, times, np.arange(len(times))))
    # rows are steps of one period each: their mean over a slot is a difference of their integral at its edges
    zero = np.zeros((1, rows.values.shape[1]))
    integral = np.vstack([zero, np.cumsum(rows.values, axis=0, dtype=np.float64)])
    edges = np.stack(grid.edges)
    low, high = np.clip((edges - times[0]) / period + 0.5, 0, len(times))
    covered = high - low > SAME
    low, high = np.where(covered, [low, high], [nearest, nearest + 1])
    mean = (_between(integral, high) - _between(integral, low)) / (high - low)[:, None]
    return np.asarray(mean, dtype=rows.values.dtype)


def _period(rows: Rows) -> float:
    """Seconds from one model frame to the next; 1 where there is but one."""
    return float((rows.onset[-1] - rows.onset[0]) / (len(rows.onset) - 1)) if len(rows.onset) > 1 else 1.0


def _between(values: NDArray[np.floating[Any]], place: NDArray[np.float64]) -> NDArray[np.floating[Any]]:
    """Linear interpolation of (n, dims) at fractional row numbers."""
    low = np.minimum(place.astype(int), len(values) - 2)
    share = (place - low)[:, None].astype(values.dtype)
    return np.asarray((1 - share) * values[low] + share * values[low + 1])
