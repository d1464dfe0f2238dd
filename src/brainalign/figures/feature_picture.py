"""A model's features of one stimulus under its waveform and words: what went where, at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.figures.prediction_example import write_words
from brainalign.figures.style import DOUBLE, INK, new_figure, style
from brainalign.figures.text import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 20.0
"""Seconds of a long stimulus that are drawn."""

COLUMNS = 1600
"""Moments in time of the picture."""

DIMS = 64
"""Dimensions drawn: those with the largest variance."""


def feature_picture(
    values: NDArray[np.floating],
    onset: NDArray[np.float64],
    offset: NDArray[np.float64],
    *,
    sound: NDArray[np.float32] | None,
    duration: float,
    words: pd.DataFrame,
    title: str,
) -> tuple[Figure, str]:
    """Waveform, words, z-scored features and the norm of each row, on one time axis.

    Args:
        values: (rows, dims).
        onset: (rows,) seconds: a word's onset or a frame's centre.
        offset: (rows,) seconds: a word's offset or a frame's centre.
        sound: The waveform, or None.
        duration: Of the stimulus in seconds.
        words: Columns word, onset, offset.
        title: Of the figure.

    Returns:
        The figure and its caption, which states sizes and norms.

    Example:
        >>> import numpy as np
        >>> import pandas as pd
        >>> words = pd.DataFrame({"word": ["so", "it"], "onset": [0.1, 0.4], "offset": [0.3, 0.6]})
        >>> onset, offset = words["onset"].to_numpy(), words["offset"].to_numpy()
        >>> figure, caption = feature_picture(np.eye(2), onset, offset, sound=None, duration=1.0, words=words, title="gpt2, layer 3")
        >>> print(caption[:60])
        gpt2, layer 3: 2 rows, all 2 dimensions, z-scored over the r
    """
    end = min(duration, SHOWN)
    kept = np.flatnonzero(onset < end)
    values, onset, offset = values[kept].astype(np.float64), onset[kept], offset[kept]
    spread = values.std(axis=0) if len(values) else np.zeros(values.shape[1])
    dims = np.sort(np.argsort(-spread, kind="stable")[:DIMS])
    scaled = (values[:, dims] - values[:, dims].mean(axis=0)) / np.where(spread[dims] > 0, spread[dims], 1)
    norms = np.linalg.norm(values, axis=1)
    with style():
        figure, (wave, picture, line) = new_figure(DOUBLE, 4.6, nrows=3, sharex=True, height_ratios=[1, 2.4, 0.8])
        if sound is not None:
            step = max(1, len(sound) // 8000)
            times = np.arange(0, len(sound), step) * duration / len(sound)
            wave.plot(times, sound[::step], color=INK, linewidth=0.4, gid="waveform")
        wave.set_yticks([])
        wave.set_ylabel("sound" if sound is not None else "no sound")
        wave.set_title(title, loc="left")
        starts, stops = _extents(onset, offset, end)
        image = np.full((len(dims), COLUMNS), np.nan)
        at = (np.arange(COLUMNS) + 0.5) * end / COLUMNS
        for row, start, stop in zip(scaled, starts, stops, strict=True):
            image[:, (at >= start) & (at < stop)] = row[:, None]
        extent = (0, end, -0.5, len(dims) - 0.5)
        picture.imshow(
            image, origin="lower", aspect="auto", extent=extent, cmap="RdBu_r", vmin=-2.5, vmax=2.5, interpolation="nearest",
            gid="features",
        )  # fmt: skip
        picture.set_ylabel("dimension (z)")
        line.plot(
            np.c_[starts, stops, stops].ravel(),
            np.c_[norms, norms, np.full(len(norms), np.nan)].ravel(),
            color=INK,
            gid="norm",
        )
        line.set_ylabel("norm")
        line.set_ylim(bottom=0)
        line.set_xlim(0, end)
        hidden = write_words(line, words[words["onset"] < end])
        line.set_xlabel("time from stimulus onset (s)")
    width = values.shape[1]
    unshown = (
        f"the {len(dims)} of {width} dimensions that vary most" if len(dims) < width else f"all {width} dimensions"
    )
    caption = (
        f"{title}: {len(values)} rows, {unshown}, z-scored over the rows shown (colour from -2.5 to 2.5 SD); norms of the rows "
        f"{number(float(norms.min()))} to {number(float(norms.max()))}." if len(values) else f"{title}: no rows."
    )  # fmt: skip
    return figure, caption + (f" {hidden} words are not written for want of room." if hidden else "")


def _extents(
    onset: NDArray[np.float64], offset: NDArray[np.float64], end: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where a row is drawn: over its word, or half way to the neighbouring frames."""
    if len(onset) and np.array_equal(onset, offset):
        half = np.median(np.diff(onset)) / 2 if len(onset) > 1 else end / 2
        return onset - half, onset + half
    return onset, offset
