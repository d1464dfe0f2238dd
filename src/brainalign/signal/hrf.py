"""The haemodynamic response: Glover's function, and events convolved with it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LENGTH = 32.0
"""Seconds after an event beyond which its response is taken to be over."""
_PEAK, _UNDERSHOOT, _SCALE, _RATIO = 6.0, 12.0, 0.9, 0.48


def glover_hrf(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Glover's (1999) haemodynamic response to an impulse at 0, of integral 1.

        h(t) = [ g(t; 6 / .9, .9) - .48 g(t; 12 / .9, .9) ] / .52,    g(t; a, s) = t^(a-1) exp(-t/s) / (s^a Gamma(a))

    It is nilearn's ``glover_hrf``, which samples h from its second sample on and scales the samples to the sum 1. No time grid
    and so no oversampling is needed: h is evaluated at the very delays that occur.

    Args:
        seconds: Delays after the impulse, of any shape.

    Returns:
        Of the same shape, 1 / s; 0 before the impulse and from 32 s on.

    Example:
        >>> t = np.arange(0, 32, 0.01)
        >>> float(t[glover_hrf(t).argmax()]), round(float(glover_hrf(t).sum() * 0.01), 3)
        (5.01, 1.0)
    """
    from scipy.special import gammaln

    t = np.asarray(seconds, dtype=np.float64)
    inside = (t > 0) & (t < LENGTH)
    log_t = np.log(np.where(inside, t, 1.0))

    def gamma(delay: float) -> NDArray[np.float64]:
        a = delay / _SCALE
        return np.asarray(np.exp((a - 1) * log_t - t / _SCALE - a * np.log(_SCALE) - gammaln(a)))

    found = (gamma(_PEAK) - _RATIO * gamma(_UNDERSHOOT)) / (1 - _RATIO)
    return np.where(inside, found, 0.0)


def convolve_hrf(
    values: NDArray[np.floating[Any]], onsets: NDArray[np.float64], times: NDArray[np.float64], step: float = 1.0
) -> NDArray[np.floating[Any]]:
    """Impulses at their own times, convolved with Glover's function and sampled.

        y(t) = step sum_k h(t - onset_k) x_k

    Args:
        values: (rows, dims) heights of the impulses.
        onsets: (rows,) seconds, rising or not.
        times: (n,) seconds at which the sum is wanted.
        step: 1 for events; the rows' period in seconds where they are samples of something continuous, of which the sum is then the
            integral.

    Returns:
        (n, dims), in the type of ``values``.

    Example:
        >>> word = np.ones((1, 1))
        >>> convolve_hrf(word, np.array([0.3]), np.array([0.0, 5.3])).ravel().round(2)
        array([0.  , 0.35])
    """
    order = np.argsort(onsets, kind="stable")
    values, onsets = values[order], onsets[order]
    out = np.zeros((len(times), values.shape[1]), dtype=values.dtype)
    firsts, lasts = np.searchsorted(onsets, times - LENGTH), np.searchsorted(onsets, times)
    for row, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        weights = step * glover_hrf(times[row] - onsets[first:last])
        out[row] = weights.astype(values.dtype) @ values[first:last]
    return out
