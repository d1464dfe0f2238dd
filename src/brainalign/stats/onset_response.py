"""The mean response around the onsets of stimuli, by region, with its interval over presentations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from brainalign.data.types import Recording
from brainalign.signal.resample import resample_to
from brainalign.stats.interval import mean_ci


def onset_response(recording: Recording, before: float = 0.5, after: float = 1.5) -> pd.DataFrame:
    """Mean over a region's channels, then over presentations, at the recording's own rate.

    A presentation gives what was recorded of it: one that is shorter than ``after`` takes part up to its end.

    Args:
        recording: Of one participant.
        before: Seconds before the onset.
        after: Seconds after it.

    Returns:
        Columns region, time (s from onset), mean, low, high (95 % over presentations), n (presentations), channels; no row where
        fewer than two presentations have a valid sample.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> table = onset_response(simulate(subjects=1, electrodes=4, sentences=10, repeated=0).recordings[0])
        >>> bool(table[table.time > 0.3]["mean"].mean() > table[table.time < 0]["mean"].mean() + 0.5)
        True
    """
    regions = recording.channels["region"].astype(str)
    names = list(dict.fromkeys(regions))
    if not recording.presentations:
        return pd.DataFrame(columns=["region", "time", "mean", "low", "high", "n", "channels"])
    rate = recording.presentations[0].rate
    times = np.arange(np.ceil(-before * rate), np.floor(after * rate) + 1) / rate
    parts = []
    for p in recording.presentations:
        known = np.isfinite(p.response)
        clean = np.where(known, p.response, 0.0)
        own = [(regions == name).to_numpy() for name in names]
        sums = np.column_stack([clean[:, c].sum(axis=1) for c in own])
        n = np.column_stack([known[:, c].sum(axis=1) for c in own])
        mean = np.divide(sums, n, out=np.full(sums.shape, np.nan), where=n > 0)
        parts.append(resample_to(mean, p.start, p.rate, times))
    stacked = np.stack(parts)  # (presentations, times, regions)
    rows = []
    for place, name in enumerate(names):
        for at, time in enumerate(times):
            found = mean_ci(stacked[:, at, place])
            if found.n >= 2:
                rows.append((name, time, *found[:4], int((regions == name).sum())))
    return pd.DataFrame(rows, columns=["region", "time", "mean", "low", "high", "n", "channels"])
