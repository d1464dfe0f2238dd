"""One value a trial: the mean of a response over a stretch of time around its onset."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from brainalign.data.types import Dataset, Presentation
from brainalign.errors import BrainalignError

_SAME = 1e-6


def one_value_a_trial(dataset: Dataset, begin: float, end: float) -> Dataset:
    """Replace each presentation's response by its mean between two times.

    The single sample stands at the middle of the stretch and lasts as long as it, so that features are averaged over the same time.

    Args:
        dataset: As read.
        begin: Seconds from the onset; negative: before it.
        end: Seconds from the onset.

    Returns:
        The data set with one sample a presentation; NaN where a channel has no valid sample in the stretch.

    Raises:
        BrainalignError: A presentation was not recorded over all of it.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> data = simulate(subjects=1, electrodes=3, sentences=6, repeated=0)
        >>> trials = one_value_a_trial(data, -0.2, 0.8)
        >>> first = trials.recordings[0].presentations[0]
        >>> first.response.shape, round(first.start, 3), first.rate
        ((1, 3), 0.3, 1.0)
    """
    if end <= begin:
        raise BrainalignError(f"window.trial=[{begin:g}, {end:g}] is no stretch of time; the second must be later.")

    def mean(subject: str, p: Presentation) -> Presentation:
        times = p.start + np.arange(len(p.response)) / p.rate
        if begin < times[0] - 1 / p.rate or end > times[-1] + 1 / p.rate:
            raise BrainalignError(
                f"window.trial=[{begin:g}, {end:g}]: participant {subject}, stimulus {p.stimulus!r} was recorded from {times[0]:.3f} s to "
                f"{times[-1]:.3f} s of its onset only; a longer data.baseline keeps more before it."
            )
        inside = p.response[(times >= begin - _SAME) & (times < end - _SAME)].astype(np.float64)
        known = np.isfinite(inside)
        n = known.sum(axis=0)
        value = np.divide(
            np.where(known, inside, 0.0).sum(axis=0), n, out=np.full(inside.shape[1], np.nan), where=n > 0
        )
        return replace(p, response=value[None], rate=1 / (end - begin), start=(begin + end) / 2)

    recordings = [replace(r, presentations=[mean(r.subject, p) for p in r.presentations]) for r in dataset.recordings]
    return replace(dataset, recordings=recordings)
