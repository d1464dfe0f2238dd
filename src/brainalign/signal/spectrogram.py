"""Log-mel spectrogram and amplitude envelope at given frame centres."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

N_FFT = 2048
"""Length that windows are padded to with zeros: bins 8 Hz apart at 16 kHz, so no filter falls between two."""
FLOOR = 1e-10
"""Power below which the logarithm is cut: -100 dB of full scale."""
_BLOCK = 2048
"""Frames that are transformed at once; it bounds the memory for long stories."""


def hz_to_mel(hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Frequency in mel by the HTK formula, ``2595 log10(1 + f / 700)``.

    Example:
        >>> round(float(hz_to_mel(1000.0)))
        1000
    """
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(hz, dtype=np.float64) / 700.0))


def mel_to_hz(mel: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Inverse of :func:`hz_to_mel`.

    Example:
        >>> round(float(mel_to_hz(hz_to_mel(440.0))), 6)
        440.0
    """
    return np.asarray(700.0 * (10.0 ** (np.asarray(mel, dtype=np.float64) / 2595.0) - 1.0))


def mel_filters(n_mels: int, rate: int, fmin: float, fmax: float) -> NDArray[np.float64]:
    """Triangular filters, equally spaced in mel (HTK), each with peak 1.

    Args:
        n_mels: Number of filters.
        rate: Sampling rate in Hz.
        fmin: Lower end of the first filter in Hz.
        fmax: Upper end of the last filter in Hz.

    Returns:
        (n_mels, N_FFT // 2 + 1).
    """
    edges = mel_to_hz(np.linspace(hz_to_mel(fmin), hz_to_mel(fmax), n_mels + 2))
    bins = np.fft.rfftfreq(N_FFT, 1.0 / rate)
    low, mid, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    sides = np.minimum((bins - low) / (mid - low), (high - bins) / (high - mid))
    return np.asarray(np.maximum(0.0, sides))


def frames_at(
    samples: NDArray[np.floating[Any]], rate: float, centres: NDArray[np.float64], width: float
) -> NDArray[np.float64]:
    """Stretches of a waveform around frame centres, zeros beyond its ends.

    Args:
        samples: (n,) waveform.
        rate: Sampling rate in Hz.
        centres: (frames,) seconds.
        width: Length of a stretch in seconds.

    Returns:
        (frames, round(width rate)).

    Example:
        >>> frames_at(np.arange(1.0, 9.0), 4, np.array([0.5, 2.0]), 1.0)
        array([[1., 2., 3., 4.],
               [7., 8., 0., 0.]])
    """
    size = round(width * rate)
    padded: NDArray[np.float64] = np.pad(np.asarray(samples, dtype=np.float64), size)
    first = np.round(np.asarray(centres) * rate - size / 2).astype(int) + size
    return np.asarray(padded[np.clip(first, 0, len(padded) - size)[:, None] + np.arange(size)])


def mel_spectrogram(
    samples: NDArray[np.floating[Any]],
    rate: int,
    centres: NDArray[np.float64],
    n_mels: int = 40,
    *,
    window: float = 0.025,
    fmin: float = 50.0,
    fmax: float = 8000.0,
) -> NDArray[np.float64]:
    """Log-mel power at frame centres: Hann window, power spectrum, HTK mel filters, natural logarithm.

    Args:
        samples: (n,) waveform.
        rate: Sampling rate in Hz.
        centres: (frames,) seconds; the window is centred on each.
        n_mels: Number of bands.
        window: Length of the window in seconds, at most N_FFT samples.
        fmin: Lower end of the bands in Hz.
        fmax: Their upper end in Hz, at most half the sampling rate.

    Returns:
        (frames, n_mels).

    Example:
        >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
        >>> mel = mel_spectrogram(tone, 16_000, np.array([0.5]))
        >>> centre = mel_to_hz(np.linspace(hz_to_mel(50), hz_to_mel(8000), 42))[1:-1][mel[0].argmax()]
        >>> abs(float(centre) - 1000) < 50
        True
    """
    filters = mel_filters(n_mels, rate, fmin, min(fmax, rate / 2)).T
    hann = np.hanning(round(window * rate) + 2)[1:-1]
    out = np.empty((len(centres), n_mels))
    for first in range(0, len(centres), _BLOCK):
        block = slice(first, first + _BLOCK)
        spectrum = np.fft.rfft(frames_at(samples, rate, centres[block], window) * hann, N_FFT)
        out[block] = np.abs(spectrum) ** 2 / len(hann) @ filters
    return np.log(np.maximum(out, FLOOR))


def envelope(
    samples: NDArray[np.floating[Any]], rate: float, centres: NDArray[np.float64], window: float = 0.025
) -> NDArray[np.float64]:
    """Root mean square of the waveform in a window around each frame centre.

    Args:
        samples: (n,) waveform.
        rate: Sampling rate in Hz.
        centres: (frames,) seconds.
        window: Seconds.

    Returns:
        (frames, 1).

    Example:
        >>> envelope(np.full(16_000, 0.5), 16_000, np.array([0.5]))
        array([[0.5]])
    """
    return np.asarray(np.sqrt((frames_at(samples, rate, centres, window) ** 2).mean(axis=1, keepdims=True)))


def spectral_onsets(log_mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half-wave rectified difference of a log spectrogram in time (spectral flux, band by band; Bello et al. 2005).

        o(t, b) = max(0, s(t, b) - s(t - 1, b)),    o(0, b) = 0

    Args:
        log_mel: (frames, bands).

    Returns:
        (frames, bands).

    Example:
        >>> spectral_onsets(np.array([[1.0], [3.0], [2.0]])).ravel()
        array([0., 2., 0.])
    """
    return np.maximum(0.0, np.diff(log_mel, axis=0, prepend=log_mel[:1]))
