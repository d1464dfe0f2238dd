"""Which electrodes answer to speech: a paired t-test of each presentation's response against what came before it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.frames.grid import SLOW
from brainalign.data.types import Presentation, Recording
from brainalign.errors import BrainalignError

BEFORE = (-0.2, 0.1)
AFTER = (0.15, 1.0)
"""Seconds from the stimulus's onset that are averaged, both ends included; speech reaches cortex later than 0.1 s."""

_SAME = 1e-6


def speech_response(recording: Recording) -> pd.DataFrame:
    """Two-sided paired t-test over presentations, in the recording's own samples.

        d_n = mean of y over 150..1000 ms - mean of y over -200..100 ms,    t = mean(d) / (sd(d) / sqrt(N))

    A presentation shorter than 1 s gives what it has. One that was not recorded from 200 ms before its onset on takes no
    part, and a channel leaves out the presentations in which it has no valid sample on either side.

    Args:
        recording: Of one participant.

    Returns:
        One row a channel, in order: responsive_t (above 0: more during speech), responsive_p, n_presentations; t and p are
        NaN where fewer than two presentations are left or the channel is constant.

    Raises:
        BrainalignError: Nothing was recorded before the onsets, or the recording is too slow for these times (fMRI).

    References:
        Chen et al. 2024 keep electrodes with p < .01, Bonferroni-corrected for a participant's channels.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> data = simulate(subjects=1, electrodes=10, sentences=40, repeated=0, evoked=2.0)
        >>> table = speech_response(data.recordings[0])
        >>> bool((table.responsive_p < 0.001).sum() >= 8)
        True
    """
    from scipy.special import stdtr

    usable = [p for p in recording.presentations if p.start <= BEFORE[0] + 1 / p.rate + _SAME]
    if not usable or recording.presentations[0].rate < SLOW:
        _refuse(recording)
    difference = np.stack([_mean(p, AFTER) - _mean(p, BEFORE) for p in usable])  # (presentations, channels)
    known = np.isfinite(difference)
    n = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, difference, 0.0).sum(axis=0) / n
        variance = np.where(known, (difference - mean) ** 2, 0.0).sum(axis=0) / (n - 1)
        t = mean / np.sqrt(variance / n)
    p_value = 2 * stdtr(np.maximum(n - 1, 1), -np.abs(t))
    return pd.DataFrame({"responsive_t": t, "responsive_p": p_value, "n_presentations": n})


def _mean(p: Presentation, window: tuple[float, float]) -> NDArray[np.float64]:
    """(channels,) mean of the valid samples in a window; NaN where there is none."""
    times = p.start + np.arange(len(p.response)) / p.rate
    inside = p.response[(times >= window[0] - _SAME) & (times <= window[1] + _SAME)]
    known = np.isfinite(inside)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, inside, 0.0).sum(axis=0) / known.sum(axis=0))


def _refuse(recording: Recording) -> None:
    rate = recording.presentations[0].rate if recording.presentations else 0.0
    if 0 < rate < SLOW:
        why = f"those of participant {recording.subject} have one sample each {1 / rate:g} s"
    else:
        start = min((p.start for p in recording.presentations), default=np.nan)
        why = f"those of participant {recording.subject} start at {start:g} s"
    raise BrainalignError(
        f"electrodes.select=responsive needs data from {-BEFORE[0]:g} s before each stimulus's onset on, to hold the response "
        f"against; {why}; use electrodes=all."
    )
