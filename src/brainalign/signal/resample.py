"""Anti-aliased resampling onto the centres of a frame grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ATTENUATION = 70.0
"""Decibels by which the kernel's stop band lies below its pass band (3e-4 in amplitude)."""
PASS = 0.6
"""Upper edge of the pass band as a share of the Nyquist frequency, where the stop band begins."""
SAME = 1e-6
"""Seconds within which two times are one."""
_ROWS = 1024
"""Times that are computed at once."""


def resample_to(
    values: NDArray[np.floating[Any]], start: float, rate: float, times: NDArray[np.float64]
) -> NDArray[np.floating[Any]]:
    """Bring samples to other uniform times, inside one presentation.

        y(t) = sum_k h(t - t_k) x_k / sum_k h(t - t_k),    h(t) = sinc(2 f t) kaiser(t)

    With ``N`` half the lower of both rates, the Kaiser design (Oppenheim & Schafer, Discrete-Time Signal Processing,
    7.6) passes 0 to 0.6 N, cuts off at ``f = 0.8 N`` (-6 dB) and lets 3e-4 through from N on, so that nothing folds
    back. From 100 Hz to 50 Hz the kernel is 0.22 s long on either side. The sums run over the samples that exist, so
    the weights sum to 1 at the edges, too.

    Where all times are samples and the rates are equal, the samples are handed out as they are, float32 as float32.

    Args:
        values: (T, c), not finite where nothing valid was recorded.
        start: Time of the first sample in seconds.
        rate: Samples per second.
        times: (n,) seconds, uniform.

    Returns:
        (n, c). NaN where a missing sample lies under the kernel's main lobe (25 ms either side at 50 Hz), and at times
        more than half a sample period outside the record.

    Raises:
        ValueError: The times are not uniform.

    Example:
        >>> t = np.arange(200) / 100.0
        >>> frames = 0.0125 + np.arange(99) / 50.0
        >>> slow = resample_to(np.sin(2 * np.pi * 5 * t)[:, None], 0.0, 100.0, frames)[:, 0]
        >>> bool(np.abs(slow - np.sin(2 * np.pi * 5 * frames))[15:-15].max() < 1e-3)
        True
    """
    x = np.asarray(values)
    times = np.asarray(times, dtype=np.float64)
    place = (times - start) * rate
    wanted = _rate_of(times, rate)
    nearest = np.rint(place).astype(np.int64)
    if abs(wanted / rate - 1) < 1e-6 and np.abs(nearest - place).max(initial=0.0) < SAME * rate:
        here = (nearest >= 0) & (nearest < len(x))
        dtype = x.dtype if x.dtype == np.float32 else np.float64
        out = np.full((len(times), x.shape[1]), np.nan, dtype=dtype)
        out[here] = x[nearest[here]]
        out[~np.isfinite(out)] = np.nan
        return out
    out = _filtered(x, place, 0.5 * min(rate, wanted) / rate)
    out[(place < -0.5 - SAME * rate) | (place > len(x) - 0.5 + SAME * rate)] = np.nan
    return out


def _rate_of(times: NDArray[np.float64], default: float) -> float:
    if len(times) < 2:
        return default
    step = (times[-1] - times[0]) / (len(times) - 1)
    if step <= 0 or np.abs(times - times[0] - step * np.arange(len(times))).max() > SAME:
        raise ValueError("times must be uniform and rising")
    return float(1.0 / step)


def _filtered(x: NDArray[np.floating[Any]], place: NDArray[np.float64], nyquist: float) -> NDArray[np.float64]:
    """The sums of ``resample_to``; ``place`` counts input samples, ``nyquist`` is in cycles a sample.

    Some times at once, as a sparse matrix of the kernel, so that memory stays of the order of the output however long the record.
    """
    from scipy.sparse import csr_array

    cutoff = 0.5 * (1 + PASS) * nyquist
    half = (ATTENUATION - 7.95) / (2.285 * 2 * np.pi * (1 - PASS) * nyquist) / 2
    beta = 0.1102 * (ATTENUATION - 8.7)
    taps = np.arange(-int(np.ceil(half)), int(np.ceil(half)) + 2)
    out = np.full((len(place), x.shape[1]), np.nan)
    for first in range(0, len(place), _ROWS):
        here = place[first : first + _ROWS, None]
        at = np.floor(here).astype(np.int64) + taps
        distance = np.abs(here - at)
        inside = (at >= 0) & (at < len(x)) & (distance < half)
        if not inside.any():
            continue
        of = at[inside]
        low, high = int(of.min()), int(of.max()) + 1
        distance = distance[inside]
        window = np.i0(beta * np.sqrt(1 - (distance / half) ** 2)) / np.i0(beta)
        begins = np.concatenate([[0], np.cumsum(inside.sum(axis=1))])
        kernel = csr_array((np.sinc(2 * cutoff * distance) * window, of - low, begins), shape=(len(here), high - low))
        part = x[low:high].astype(np.float64, order="C")
        valid = np.isfinite(part)
        if valid.all():  # the weights are then those of every channel
            weight, lost = (kernel @ np.ones(len(part)))[:, None], np.False_
        else:
            part[~valid] = 0.0
            lobe = csr_array(((distance < 0.5 / cutoff).astype(np.float64), of - low, begins), shape=kernel.shape)
            weight, lost = kernel @ valid.astype(np.float64), lobe @ (~valid).astype(np.float64) > 0
        total = kernel @ part
        np.divide(total, weight, out=out[first : first + _ROWS], where=~lost & (weight > 0))
    return out
