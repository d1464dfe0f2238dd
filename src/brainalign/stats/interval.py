"""The mean with its confidence interval: over independent values, or over electrodes of participants who differ."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FEWEST = 3
"""Values below which there is no interval; participants from which on an interval over electrodes is over them."""


class MeanInterval(NamedTuple):
    """A mean, its confidence interval, and what it rests on.

    Attributes:
        mean: Mean of the finite values; NaN where there is none.
        low: Lower end; NaN where there are too few values.
        high: Upper end; NaN where there are too few values.
        n: Number of finite values.
        n_dropped: Number of values left out because they are not finite.
        participants: Participants that the interval is over; 0 where it is over the values themselves.
    """

    mean: float
    low: float
    high: float
    n: int
    n_dropped: int
    participants: int = 0

    def over(self, noun: str = "electrode") -> str:
        """What the interval is about, in words.

        Args:
            noun: What a value is.

        Example:
            >>> mean_ci([1.0, 2.0, 3.0]).over("voxel"), mean_ci([1.0, 2.0]).over()
            ('95 % CI, these voxels only', 'no interval: fewer than 3 values')
        """
        if not np.isfinite(self.low):
            return f"no interval: fewer than {FEWEST} values" if self.n < FEWEST else "no interval"
        return f"95 % CI over {self.participants} participants" if self.participants else f"95 % CI, these {noun}s only"


def mean_ci(values: ArrayLike, confidence: float = 0.95) -> MeanInterval:
    """Mean and Student t interval ``m -/+ t_{(1+confidence)/2, n-1} s / sqrt(n)``.

    Args:
        values: (n,) independent values; those that are not finite are left out and counted.
        confidence: Coverage of the interval.

    Returns:
        Mean, ends of the interval, n and the number left out; no interval for fewer than three values: that of
        two is 13 times as long as their distance.

    Example:
        >>> interval = mean_ci([1.0, 2.0, 3.0, float("nan")])
        >>> round(interval.low, 2), round(interval.high, 2), interval.n, interval.n_dropped
        (-0.48, 4.48, 3, 1)
    """
    from scipy.stats import t

    given = np.asarray(values, dtype=np.float64).ravel()
    kept = given[np.isfinite(given)]
    n, dropped = int(kept.size), int(given.size - kept.size)
    if n == 0:
        return MeanInterval(np.nan, np.nan, np.nan, 0, dropped)
    mean = float(kept.mean())
    if n < FEWEST:
        return MeanInterval(mean, np.nan, np.nan, n, dropped)
    half = float(t.ppf((1 + confidence) / 2, n - 1) * kept.std(ddof=1) / np.sqrt(n))
    return MeanInterval(mean, mean - half, mean + half, n, dropped)


def mean_cis(values: ArrayLike, confidence: float = 0.95) -> tuple[NDArray[np.float64], ...]:
    """:func:`mean_ci` of many means at once, such as of each place and lag of participants' maps.

    Args:
        values: (n, ...) without missing values.
        confidence: Coverage of each interval alone.

    Returns:
        Means, lower and upper ends, (...) each; ends are NaN for fewer than three values.

    Example:
        >>> mean, low, high = mean_cis([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
        >>> low.round(2).tolist(), round(mean_ci([1.0, 2.0, 3.0]).low, 2)
        ([-0.48, 5.0], -0.48)
    """
    from scipy.stats import t

    given = np.asarray(values, dtype=np.float64)
    n, mean = len(given), given.mean(axis=0)
    if n < FEWEST:
        return mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    half = float(t.ppf((1 + confidence) / 2, n - 1)) * given.std(axis=0, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half


def electrodes_ci(values: ArrayLike, subjects: ArrayLike, confidence: float = 0.95) -> MeanInterval:
    """Mean over electrodes with an interval for other participants, where there are enough of them.

    Electrodes (or voxels) of one participant are not independent: an interval over them covers the mean of a population in which
    participants differ as little as a third of the time. With three participants or more it is :func:`ratio_ci`'s, which for equally
    many electrodes each is Student's over the participants' means. With fewer it is Student's over the electrodes and about these
    electrodes only (``participants`` is 0), and with fewer than three electrodes there is none.

    Args:
        values: (n,) one an electrode; those that are not finite are left out and counted.
        subjects: (n,) participant of each.
        confidence: Coverage of the interval.

    Example:
        >>> values, who = [1.0, 1.2, 2.0, 2.2, 3.0, 3.2], ["a", "a", "b", "b", "c", "c"]
        >>> interval = electrodes_ci(values, who)
        >>> interval.over(), interval[:3] == mean_ci(values)[:3], round(interval.low, 3) == round(mean_ci([1.1, 2.1, 3.1]).low, 3)
        ('95 % CI over 3 participants', False, True)
    """
    given = np.asarray(values, dtype=np.float64).ravel()
    known = np.isfinite(given)
    kept, who = given[known], np.asarray(subjects, dtype=object).ravel()[known]
    people = len(set(who))
    if people < FEWEST:
        return mean_ci(given, confidence)
    ratio = ratio_ci(kept, np.ones(len(kept)), who, confidence)
    return MeanInterval(ratio.mean, ratio.low, ratio.high, len(kept), int(len(given) - len(kept)), people)


def ratio_ci(
    numerator: ArrayLike, denominator: ArrayLike, subjects: ArrayLike, confidence: float = 0.95
) -> MeanInterval:
    """A ratio of sums over electrodes, with Student's interval over the jackknife by participants.

        R = sum a / sum b,   R -/+ t_{S-1} sqrt( (S - 1) / S  sum_s (R_(s) - mean R_(.))^2 ),   R_(s) without participant s

    (Tukey 1958). Fewer than three participants: each electrode is left out in turn, and the interval is about these electrodes only.

    Args:
        numerator: (n,) a.
        denominator: (n,) b; pairs that are not finite are left out and counted.
        subjects: (n,) participant of each.
        confidence: Coverage of the interval.

    Returns:
        NaN where the denominators' sum is not above 0, and no interval where it is not without one of the units.

    Example:
        >>> found = ratio_ci([0.1, 0.2, 0.1], [0.2, 0.4, 0.2], ["a", "b", "c"])
        >>> round(found.mean, 6), round(found.low, 6), found.participants
        (0.5, 0.5, 3)
    """
    from scipy.stats import t

    a, b = (np.asarray(v, dtype=np.float64).ravel() for v in (numerator, denominator))
    fine = np.isfinite(a) & np.isfinite(b)
    a, b, who = a[fine], b[fine], np.asarray(subjects, dtype=object).ravel()[fine].astype(str)
    n, dropped = len(a), int(fine.size - fine.sum())
    names, place = np.unique(who, return_inverse=True)
    people = len(names) if len(names) >= FEWEST else 0
    unit = place if people else np.arange(n)
    nothing = MeanInterval(np.nan, np.nan, np.nan, n, dropped, people)
    if n == 0 or not b.sum() > 0:
        return nothing
    ratio, units = float(a.sum() / b.sum()), int(unit.max()) + 1
    left = b.sum() - np.bincount(unit, weights=b)
    if units < FEWEST or not (left > 0).all():
        return nothing._replace(mean=ratio)
    without: NDArray[np.float64] = (a.sum() - np.bincount(unit, weights=a)) / left
    half = float(t.ppf((1 + confidence) / 2, units - 1) * np.sqrt((units - 1) * without.var()))
    return MeanInterval(ratio, ratio - half, ratio + half, n, dropped, people)
