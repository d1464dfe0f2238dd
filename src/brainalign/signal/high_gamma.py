"""High gamma: the mean Hilbert amplitude of a bank of Gaussian filters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.signal.gaps import bridge, near
from brainalign.signal.threads import in_threads

OCTAVE = 1 / 7
FIRST = 4.0749286538265
"""Centres of the bank lie at FIRST 2^(k/7) Hz, k = 0, 1, 2, ..."""
WIDTH = 0.39
"""A band's standard deviation is WIDTH sqrt(centre), in Hz."""
TAIL = 6.5
"""Standard deviations at which a filter ends; it is 7e-10 of its peak there."""
SPREAD = 0.2
"""Seconds within which an edge, or a sample that is missing, is felt: 2 % at the most is left of it beyond."""
LEAST = 250.0
"""Rate in Hz at and above which amplitudes are sampled: four times the half-width of the widest filter."""
_PAD = 0.5
_BLOCK = 4
"""Seconds that each end is continued by, and channels that a thread transforms at once, which bounds the memory."""


def filter_bank(low: float = 70.0, high: float = 150.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres and standard deviations of the bands between two frequencies, in Hz.

        c_k = 4.0749 2^(k/7),    s_k = 0.39 sqrt(c_k)

    Args:
        low: Lowest centre.
        high: Highest centre.

    Returns:
        (bands,) centres and (bands,) standard deviations.

    Example:
        >>> centres, widths = filter_bank()
        >>> centres.round(1), widths.round(2)
        (array([ 72. ,  79.5,  87.8,  96.9, 107. , 118.1, 130.4, 144. ]), array([3.31, 3.48, 3.65, 3.84, 4.03, 4.24, 4.45, 4.68]))
    """
    steps = np.arange(np.ceil(np.log2(low / FIRST) / OCTAVE), np.floor(np.log2(high / FIRST) / OCTAVE) + 1)
    centres = FIRST * 2.0 ** (steps * OCTAVE)
    return centres, WIDTH * np.sqrt(centres)


def high_gamma(
    values: NDArray[np.floating[Any]],
    rate: float,
    low: float = 70.0,
    high: float = 150.0,
    least: float = LEAST,
) -> tuple[NDArray[np.float32], float]:
    """Amplitude of a band, averaged over the filters of a bank.

        a(t) = (1/B) sum_b | z_b(t) |,    z_b = analytic signal of exp(-(f - c_b)^2 / (2 s_b^2)) X(f)

    One forward transform a channel; each band's inverse runs over the bins around its centre alone, at the rate over the
    largest whole number that leaves ``least``. Moving a band in frequency leaves its modulus as it is and a band is 61 Hz
    wide at the most, so the samples are those of the inverse at the full rate (to 1e-6 of the plateau, float32).

    The amplitude of a sine that starts is at its plateau within 2 % from SPREAD = 0.2 s on. Filters pull its onset forward: at
    110 Hz half of the plateau is reached 43 ms before the onset (32 to 46 ms from 80 to 140 Hz), and the same after an offset.
    So no latency of high gamma is known better than that. The first and last 0.2 s of a record rest on its continuation by
    point reflection.

    Args:
        values: (T, c), not finite where nothing valid was recorded; that is bridged by a line before filtering.
        rate: Samples per second, above twice ``high``.
        low: Lowest centre in Hz; 70 to 150 Hz are 8 bands.
        high: Highest centre in Hz.
        least: Samples per second that are wanted at least.

    Returns:
        (T', c) amplitudes in units of ``values`` and their rate; sample 0 is at the time of sample 0. NaN within 0.2 s of a
        sample that is not finite, and throughout a channel that has fewer than two finite ones.

    Raises:
        ValueError: No band lies between ``low`` and ``high``, or one lies above half the rate.

    References:
        Edwards et al. 2009 (J Neurophysiol 102:377) for centres and widths, as the Chang lab's software has them. That
        software also has widths larger by sqrt(2), which spread an onset over 28 ms and each band into its neighbours.

    Example:
        >>> t = np.arange(2000) / 1000
        >>> a, rate = high_gamma(np.sin(2 * np.pi * 110 * t)[:, None], 1000.0)
        >>> rate, a.shape, bool(np.ptp(a[50:-50]) < 0.02 * a[250, 0])
        (250.0, (500, 1), True)
    """
    from scipy.fft import ifft, next_fast_len, rfft

    centres, widths = filter_bank(low, high)
    if not len(centres) or centres[-1] >= rate / 2:
        raise ValueError(f"no filter bank between {low:g} and {high:g} Hz at {rate:g} Hz")
    step = max(1, int(rate / least + 1e-9))
    pad = -(-round(_PAD * rate) // step)
    kept = -(-len(values) // step)
    short = next_fast_len(kept + 2 * pad)
    bins = np.arange(short * step // 2 + 1) * (rate / (short * step))
    out = np.empty((values.shape[1], kept), dtype=np.float32)

    def fill(channels: slice) -> None:
        block = np.array(values[:, channels].T, dtype=np.float64, order="C")
        missing = bridge(block)
        spectrum = rfft(_continued(block, pad * step, short * step), overwrite_x=True)
        total = out[channels]
        total[:] = 0.0
        for centre, width in zip(centres, widths, strict=True):
            band = slice(*np.searchsorted(bins, (centre - TAIL * width, centre + TAIL * width)))
            weight = (2 / step / len(centres)) * np.exp(-0.5 * ((bins[band] - centre) / width) ** 2)
            narrow = np.zeros((len(block), short), dtype=np.complex64)
            narrow[:, : len(weight)] = spectrum[:, band] * weight
            total += np.abs(ifft(narrow, overwrite_x=True)[:, pad : pad + kept])
        total[near(missing, round(SPREAD * rate), step)] = np.nan

    in_threads(fill, len(out), _BLOCK)
    return out.T, rate / step


def _continued(block: NDArray[np.float64], pad: int, length: int) -> NDArray[np.float64]:
    """(c, length): the rows without their means, continued at either end by reflection about the end point."""
    samples = block.shape[1]
    block -= block.mean(axis=1, keepdims=True)
    reach = min(pad, samples - 1)
    turned = block[:, ::-1]
    out = np.zeros((len(block), length))
    out[:, pad : pad + samples] = block
    out[:, pad - reach : pad] = 2 * block[:, :1] - turned[:, samples - 1 - reach : samples - 1]
    out[:, pad + samples : pad + samples + reach] = 2 * block[:, -1:] - turned[:, 1 : 1 + reach]
    return out
