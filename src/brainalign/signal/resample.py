"""Anti-aliased resampling of a response onto the centres of a frame grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ZEROS = 24
"""Zero crossings of the kernel on either side: the transition band is about 10 % of the cut-off."""
BETA = 8.0
"""Kaiser window: side lobes below -80 dB."""
SAME = 1e-6
"""Seconds within which two times are one."""


def resample_to(
    values: NDArray[np.floating], start: float, rate: float, times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values at given times, by a Kaiser-windowed sinc inside one presentation.

    The cut-off is 0.9 times the lower of both Nyquist frequencies, so that what the new rate cannot hold is removed. Kernels
    are renormalised at the presentation's ends; no filter crosses them.

    Args:
        values: (T, c), NaN where not recorded.
        start: Time of the first sample in seconds.
        rate: Samples per second.
        times: (n,) uniform times wanted.

    Returns:
        (n, c); NaN where a missing sample lies under the kernel's main lobe, or beyond the recorded span.
    """
    x = np.asarray(values, dtype=np.float64)
    rate_out = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else rate
    place = np.round((times - start) * rate).astype(int)
    if abs(rate_out - rate) < 1e-6 * rate and np.abs(start + place / rate - times).max(initial=0.0) < SAME:
        out = np.full((len(times), x.shape[1]), np.nan)
        inside = (place >= 0) & (place < len(x))
        out[inside] = x[place[inside]]
        return out
    cutoff = 0.9 * min(rate, rate_out) / 2  # Hz
    half = ZEROS / (2 * cutoff)
    nearest = np.floor((times - start) * rate).astype(int)
    taps = np.arange(-int(np.ceil(half * rate)), int(np.ceil(half * rate)) + 2)
    total, weight = np.zeros((len(times), x.shape[1])), np.zeros((len(times), x.shape[1]))
    touched = np.zeros(total.shape, dtype=bool)
    valid = np.isfinite(x)
    for tap in taps:  # a tap at a time: memory stays that of the output, however long the recording
        at = nearest + tap
        here = (at >= 0) & (at < len(x))
        at = np.clip(at, 0, len(x) - 1)
        distance = times - (start + at / rate)
        window = np.i0(BETA * np.sqrt(np.clip(1 - (distance / half) ** 2, 0, None))) * (np.abs(distance) < half)
        kernel = (np.sinc(2 * cutoff * distance) * window * here)[:, None]
        total += kernel * np.where(valid[at], x[at], 0.0)
        weight += kernel * valid[at]
        touched |= (np.abs(distance) < 1 / (2 * cutoff))[:, None] & here[:, None] & ~valid[at]
    out = total / np.where(np.abs(weight) > 1e-12, weight, 1.0)
    out[touched] = np.nan
    last = start + (len(x) - 1) / rate
    out[(times < start - 0.5 / rate) | (times > last + 0.5 / rate)] = np.nan
    return out
