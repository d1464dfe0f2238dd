"""Peaks of participants' curves over lags: latency and amplitude of the grand mean, with the jackknife's error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from brainalign.errors import BrainalignError, one_of

Array = NDArray[np.float64]

TOP = 0.8
"""Share of the highest value above which neighbouring lags belong to the peak."""


@dataclass(frozen=True)
class Peak:
    """A measure of the grand mean's peak.

    Attributes:
        value: In the unit of ``times``, or of the curves.
        error: Its standard error, by the jackknife.
        low, high: Interval at 1 - alpha, by Student's t with n - 1 degrees of freedom.
        n: Participants.
        leave_one_out: (n,) the measure without each participant.
    """

    value: float
    error: float
    low: float
    high: float
    n: int
    leave_one_out: Array


def peak(
    curves: Array,
    times: Array,
    side: str = "positive",
    window: tuple[float, float] | None = None,
    alpha: float = 0.05,
) -> tuple[Peak, Peak]:
    """Latency and amplitude of the peak of the mean curve over participants.

    A participant's own curve is often too noisy for a peak; the mean of all but one is not (Miller et al. 1998):

        error^2 = (n - 1) / n sum_i (m_-i - mean m_-i)^2,   m_-i the measure of the mean without participant i

    The peak is that of a parabola fitted to the lags around the highest one at which the curve has ``TOP`` of its height: latencies are
    then no steps, and do not leap from one noisy lag to the next, under which a jackknife's intervals would be too short.

    Args:
        curves: (participants, lags), finite, three participants or more.
        times: (lags,) rising.
        side: ``positive``, ``negative`` or ``either`` (the larger in size).
        window: First and last time of the search; None: all. A peak at its end is no peak of the curve, and is refused.
        alpha: 1 - alpha is the level of the intervals.

    Returns:
        Latency and amplitude.

    Raises:
        BrainalignError: Shapes, missing values, an empty window, or no peak inside it.

    Example:
        >>> times = np.arange(0, 0.4, 0.02)
        >>> curves = np.array([h * np.exp(-(((times - m) / 0.05) ** 2)) for h, m in ((1, 0.11), (2, 0.12), (3, 0.13), (2, 0.12))])
        >>> latency, amplitude = peak(curves, times)
        >>> round(latency.value, 3), round(amplitude.value, 2), latency.low < 0.12 < latency.high
        (0.122, 1.96, True)
    """
    curves, times = np.asarray(curves, dtype=np.float64), np.asarray(times, dtype=np.float64)
    one_of("side", side, ("positive", "negative", "either"))
    if curves.ndim != 2 or len(curves) < 3 or curves.shape[1:] != times.shape or not np.isfinite(curves).all():
        raise BrainalignError(
            f"curves {curves.shape} and times {times.shape} must be (participants, lags) and (lags,), of three participants or more, "
            "without missing values."
        )
    inside = np.ones(len(times), dtype=bool) if window is None else (times >= window[0]) & (times <= window[1])
    if inside.sum() < 3:
        raise BrainalignError(
            f"window={window} holds {int(inside.sum())} lags of {times[0]:g} to {times[-1]:g}; three are needed."
        )
    n, total = len(curves), curves.sum(axis=0)
    mean = total[inside] / n
    sign = {"positive": 1.0, "negative": -1.0}.get(side) or float(np.sign(mean[np.argmax(np.abs(mean))]) or 1.0)
    at = times[inside]
    whole = _vertex(sign * mean, at)
    each = np.array([_vertex(sign * (total[inside] - curve[inside]) / (n - 1), at) for curve in curves])
    latency, amplitude = (_peak(whole[k] * s, each[:, k] * s, alpha) for k, s in ((0, 1.0), (1, sign)))
    return latency, amplitude


def peak_difference(first: Peak, second: Peak) -> tuple[float, float, float]:
    """Paired test of two conditions' peaks of the same participants: the t of leave-one-out measures, corrected.

        t_c = t / (n - 1),   t the paired t of the leave-one-out measures (Ulrich and Miller 2001)

    Leave-one-out means vary (n - 1)^2 times less than participants do, by which the plain t would be too large. Of a mean, which a
    peak is not, it is Student's paired t itself.

    Args:
        first: Latency or amplitude of one condition.
        second: The same of the other, the participants in the same order.

    Returns:
        Difference of the grand means' measures, corrected t with n - 1 degrees of freedom, and two-sided p; t and p are NaN where
        nothing varies.

    Raises:
        BrainalignError: The numbers of participants differ.

    Example:
        >>> a, b = (Peak(v, 0.0, v, v, 3, np.array(w)) for v, w in ((2.0, [1.9, 2.0, 2.1]), (1.0, [1.0, 1.0, 1.0])))
        >>> [round(v, 3) for v in peak_difference(a, b)]
        [1.0, 8.66, 0.013]
    """
    if first.n != second.n:
        raise BrainalignError(
            f"the two peaks are of {first.n} and {second.n} participants; a paired test needs the same ones."
        )
    n, difference = first.n, first.leave_one_out - second.leave_one_out
    error = float(np.std(difference, ddof=1) / np.sqrt(n)) * (n - 1)
    gap = first.value - second.value
    if not error > 0:
        return gap, float("nan"), float("nan")
    t = float(difference.mean()) / error
    return gap, t, float(2 * stdtr(n - 1, -abs(t)))


def _vertex(curve: Array, times: Array) -> tuple[float, float]:
    """Time and height of the peak, by a parabola."""
    k = int(np.argmax(curve))
    if k in (0, len(curve) - 1):
        raise BrainalignError(
            f"the largest value from {times[0]:g} to {times[-1]:g} stands at the end, {times[k]:g}: no peak; set the window around one."
        )
    first = last = k
    while first > 0 and curve[first - 1] >= TOP * curve[k]:
        first -= 1
    while last < len(curve) - 1 and curve[last + 1] >= TOP * curve[k]:
        last += 1
    top = slice(min(first, k - 1), max(last, k + 1) + 1)
    bend, slope, height = np.polyfit(times[top] - times[k], curve[top], 2)
    if not bend < 0:
        return float(times[k]), float(curve[k])
    return float(times[k] - slope / (2 * bend)), float(height - slope**2 / (4 * bend))


def _peak(value: float, each: Array, alpha: float) -> Peak:
    n = len(each)
    error = float(np.sqrt((n - 1) / n * ((each - each.mean()) ** 2).sum()))
    half = float(stdtrit(n - 1, 1 - alpha / 2)) * error
    return Peak(value, error, value - half, value + half, n, each)
