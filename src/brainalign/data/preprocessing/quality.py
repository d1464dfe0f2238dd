"""The record of what preprocessing found and left out: spectra, channels, rejected samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

SECONDS = 2.0
"""Length of the windows that spectra are estimated from; they are resolved to half its inverse or so."""
BAND = (10.0, 90.0)
"""Percentiles over channels that a spectrum is given with."""
_TOGETHER = 32
"""Windows that are transformed at once; it keeps them in the processor's cache."""


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


def powers(
    data: NDArray[np.floating[Any]], rate: float, pieces: Sequence[slice]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Power density of each channel by Welch's method (windows of 2 s, Hann, half overlapping, each less its mean).

    As ``scipy.signal.welch``, with some windows of a channel in one transform: its own loop over windows takes eight times as long.

    Args:
        data: (c, T) finite.
        rate: Samples per second.
        pieces: Of the data, which windows do not cross.

    Returns:
        (f,) frequencies from 0 on in Hz and (c, f) densities in squared units a Hz.
    """
    from scipy.fft import rfft
    from scipy.signal.windows import hann

    fit, window = windowed(pieces, SECONDS, rate)
    taper = hann(window, sym=False)
    lengths = np.array([p.stop - p.start for p in fit], dtype=np.float64)
    out = np.zeros((len(data), window // 2 + 1))
    for c, row in enumerate(data):
        for piece, share in zip(fit, lengths / lengths.sum(), strict=True):
            windows = sliding_window_view(row[piece], window)[:: window - window // 2]
            for first in range(0, len(windows), _TOGETHER):
                some = windows[first : first + _TOGETHER].astype(np.float64)
                some -= some.mean(axis=1, keepdims=True)
                some *= taper
                found = rfft(some, overwrite_x=True)
                out[c] += (share / len(windows)) * (found.real**2 + found.imag**2).sum(axis=0)
    out /= rate * (taper**2).sum()
    out[:, 1 : (window + 1) // 2] *= 2  # what lies at negative frequencies; 0 and half the rate have none
    return np.asarray(np.fft.rfftfreq(window, 1 / rate), dtype=np.float64), out


def spectrum(frequencies: NDArray[np.float64], densities: NDArray[np.float64], stage: str) -> pd.DataFrame:
    """Median and percentiles over channels of what :func:`powers` gives.

    Args:
        frequencies: (f,) Hz.
        densities: (c, f).
        stage: As it stands in the table.

    Returns:
        Columns stage, frequency, median, low, high, from the first frequency above 0 on.

    Example:
        >>> wave = np.sin(2 * np.pi * 20 * np.arange(4000) / 200)[None]
        >>> table = spectrum(*powers(wave, 200.0, [slice(0, 4000)]), "before")
        >>> float(table.frequency[table["median"].idxmax()])
        20.0
    """
    low, median, high = np.percentile(densities, (BAND[0], 50.0, BAND[1]), axis=0)
    table = {"stage": stage, "frequency": frequencies, "median": median, "low": low, "high": high}
    return pd.DataFrame(table).iloc[1:].reset_index(drop=True)
