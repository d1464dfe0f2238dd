"""Speech-responsive electrodes: whether the response after a stimulus begins differs from the one before."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.types import Presentation, Recording
from brainalign.errors import BrainalignError

BEFORE, AFTER = (-0.2, 0.1), (0.15, 1.0)
"""Seconds around the stimulus's onset whose means are compared; a response takes about 100 ms to begin."""


def responsive(recording: Recording) -> pd.DataFrame:
    """Two-sided paired t-test over presentations: mean of -200..100 ms against mean of 150..1000 ms around the onset.

    Args:
        recording: Of one participant; its presentations must begin at least 200 ms before their stimulus.

    Returns:
        One row a channel, in their order: responsive_t, responsive_p; NaN where fewer than two presentations are valid or the
        difference is constant.

    Raises:
        BrainalignError: The presentations do not reach back 200 ms, or are too slow to have a sample in either window.
    """
    from scipy.stats import ttest_rel

    late = [p for p in recording.presentations if p.start > BEFORE[0] + 1.0 / p.rate]
    if late:
        raise BrainalignError(
            f"electrodes.select=responsive needs {-1000 * BEFORE[0]:g} ms before each stimulus, but participant {recording.subject}'s "
            f"presentation of {late[0].stimulus!r} begins at {1000 * late[0].start:g} ms; use electrodes=all, or data with a baseline."
        )
    before, after = (
        np.stack([_mean(p, window, recording.subject) for p in recording.presentations]) for window in (BEFORE, AFTER)
    )
    t, p = np.full(before.shape[1], np.nan), np.full(before.shape[1], np.nan)
    for c in range(before.shape[1]):
        valid = np.isfinite(before[:, c]) & np.isfinite(after[:, c])
        difference = (after[:, c] - before[:, c])[valid]
        if len(difference) > 1 and np.ptp(difference) > 0:
            t[c], p[c] = ttest_rel(after[valid, c], before[valid, c])
    return pd.DataFrame({"responsive_t": t, "responsive_p": p})


def _mean(p: Presentation, window: tuple[float, float], subject: str) -> NDArray[np.float64]:
    """(c,) mean over the samples in a window; NaN where none is valid."""
    times = p.start + np.arange(len(p.response)) / p.rate
    inside = p.response[(times >= window[0] - 1e-9) & (times <= window[1] + 1e-9)]
    if not len(inside):
        raise BrainalignError(
            f"electrodes.select=responsive needs samples from {1000 * window[0]:g} to {1000 * window[1]:g} ms around each onset, but participant "
            f"{subject}'s {p.stimulus!r} at {p.rate:g} Hz has none there; use electrodes=all."
        )
    known = np.isfinite(inside)
    n = known.sum(axis=0)
    return np.where(n > 0, np.where(known, inside, 0.0).sum(axis=0) / np.maximum(n, 1), np.nan)
