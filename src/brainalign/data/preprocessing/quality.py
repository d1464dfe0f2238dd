"""The record of what preprocessing found and left out: spectra, channels, rejected samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SECONDS = 2.0
"""Length of the windows that spectra are estimated from; they are resolved to half its inverse or so."""
BAND = (10.0, 90.0)
"""Percentiles over channels that a spectrum is given with."""


@dataclass(frozen=True)
class Quality:
    """What was found in one or more runs of a participant.

    Attributes:
        spectra: Columns run, stage (``before``, ``after``), frequency (Hz), median, low, high: power density over the channels that
            were kept, in squared units a Hz, median and 10th and 90th percentile. ``after`` is after the notch, the reference
            and, for ``signal=band``, the filter; high gamma is taken from there.
        channels: One row a channel of the source and run: run, electrode, region, status (``good``, ``bad``), why (empty for
            the good ones).
        rejected: Columns run, electrode, rejected: share of the result's samples that are NaN, one row a channel of the result.
    """

    spectra: pd.DataFrame
    channels: pd.DataFrame
    rejected: pd.DataFrame

    @property
    def rejected_share(self) -> float:
        """Mean share of rejected samples over channels and runs."""
        return float(self.rejected["rejected"].mean()) if len(self.rejected) else 0.0

    def named(self, run: str) -> Quality:
        """The same under another name of the run."""
        return Quality(*(t.assign(run=run) for t in (self.spectra, self.channels, self.rejected)))


def combined(runs: Sequence[Quality]) -> Quality:
    """The record of a participant from those of the runs, whose names differ.

    Args:
        runs: At least one.
    """

    def stacked(name: str) -> pd.DataFrame:
        return pd.concat([getattr(q, name) for q in runs], ignore_index=True)

    return Quality(stacked("spectra"), stacked("channels"), stacked("rejected"))


def windowed(pieces: Sequence[slice], seconds: float, rate: float) -> tuple[list[slice], int]:
    """The pieces in which a window fits, and its samples: those of some seconds, or of the longest piece.

    Example:
        >>> windowed([slice(0, 30), slice(30, 90)], 0.5, 100.0)
        ([slice(30, 90, None)], 50)
    """
    window = min(round(seconds * rate), max(p.stop - p.start for p in pieces))
    return [p for p in pieces if p.stop - p.start >= window], window


def spectrum(data: NDArray[np.float64], rate: float, stage: str, pieces: Sequence[slice] | None = None) -> pd.DataFrame:
    """Power density by Welch's method (windows of 2 s, Hann, half overlapping): median and percentiles over channels.

    Args:
        data: (c, T) finite.
        rate: Samples per second.
        stage: As it stands in the table.
        pieces: Of the data, which windows do not cross; None: they are one.

    Returns:
        Columns stage, frequency, median, low, high, from the first frequency above 0 on.

    Example:
        >>> t = np.arange(4000) / 200
        >>> table = spectrum(np.sin(2 * np.pi * 20 * t)[None], 200.0, "before")
        >>> float(table.frequency[table["median"].idxmax()])
        20.0
    """
    from scipy.signal import welch

    fit, window = windowed(pieces or [slice(0, data.shape[1])], SECONDS, rate)
    lengths = [p.stop - p.start for p in fit]
    found: list[NDArray[Any]] = []
    for row in data:  # all windows of all channels at once would take more memory than the recording
        powers = [welch(row[piece], rate, nperseg=window) for piece in fit]
        found.append(np.average([power for _, power in powers], axis=0, weights=lengths))
    frequencies = powers[0][0]
    low, median, high = np.percentile(found, (BAND[0], 50.0, BAND[1]), axis=0)
    table = {"stage": stage, "frequency": frequencies, "median": median, "low": low, "high": high}
    return pd.DataFrame(table).iloc[1:].reset_index(drop=True)
