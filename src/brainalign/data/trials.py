"""One value a channel a trial: the mean response in a window around speech onset."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.types import Dataset, Recording
from brainalign.errors import BrainalignError


def trial_means(
    dataset: Dataset, recording: Recording, tmin: float, tmax: float
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Mean response of each trial in a window around the first word's onset (the stimulus's start where it has no words).

    Args:
        dataset: Holds the stimuli.
        recording: Of one participant.
        tmin, tmax: The window in seconds from speech onset, both ends included; negative is before it.

    Returns:
        One row a trial: ``word`` (all words of the stimulus, in lower case: the identity) and ``stimulus``; and (trials, channels)
        means over the valid samples, NaN where there is none.

    Raises:
        BrainalignError: A trial has no sample in the window.
    """
    rows, values = [], []
    for p in recording.presentations:
        words = dataset.stimuli[p.stimulus].words
        onset = float(words["onset"].iloc[0]) if len(words) else 0.0
        times = p.start + np.arange(len(p.response)) / p.rate - onset
        inside = p.response[(times >= tmin - 1e-9) & (times <= tmax + 1e-9)]
        if not len(inside):
            raise BrainalignError(
                f"participant {recording.subject}, stimulus {p.stimulus}: no sample lies in analysis.tmin={tmin:g} to "
                f"analysis.tmax={tmax:g} s around speech onset; the trial runs from {times[0]:.3g} to {times[-1]:.3g} s."
            )
        valid = np.isfinite(inside)
        count = valid.sum(axis=0)
        total = np.where(valid, inside, 0.0).sum(axis=0)
        values.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
        rows.append({"word": " ".join(words["word"]).lower() or p.stimulus, "stimulus": p.stimulus})
    return pd.DataFrame(rows), np.stack(values)
