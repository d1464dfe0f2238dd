"""Log-mel spectrogram and amplitude envelope at given frame centres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

N_FFT = 512
FLOOR = 1e-10
"""Power below which the logarithm is cut: -100 dB of full scale."""


def hz_to_mel(hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Frequency in mel by the HTK formula, ``2595 log10(1 + f / 700)``.

    Example:
        >>> round(float(hz_to_mel(1000.0)))
        1000
    """
    return 2595.0 * np.log10(1.0 + np.asarray(hz, dtype=np.float64) / 700.0)


def mel_filters(n_mels: int, rate: int, fmin: float, fmax: float) -> NDArray[np.float64]:
    """Triangular filters, equally spaced in mel (HTK), each with peak 1.

    Args:
        n_mels: Number of filters.
        rate: Sampling rate in Hz.
        fmin, fmax: Range in Hz.

    Returns:
        (n_mels, N_FFT // 2 + 1).
    """
    edges = 700.0 * (10.0 ** (np.linspace(hz_to_mel(fmin), hz_to_mel(fmax), n_mels + 2) / 2595.0) - 1.0)
    bins = np.fft.rfftfreq(N_FFT, 1.0 / rate)
    low, mid, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.maximum(0.0, np.minimum((bins - low) / (mid - low), (high - bins) / (high - mid)))


def frames_at(
    samples: NDArray[np.floating], rate: int, centres: NDArray[np.float64], width: float
) -> NDArray[np.float64]:
    """Stretches of a waveform around frame centres, zeros beyond its ends.

    Args:
        samples: (n,) waveform.
        rate: Sampling rate in Hz.
        centres: (frames,) seconds.
        width: Length of a stretch in seconds.

    Returns:
        (frames, round(width rate)).
    """
    size = round(width * rate)
    padded = np.pad(np.asarray(samples, dtype=np.float64), size)
    first = np.round(np.asarray(centres) * rate - size / 2).astype(int) + size
    return padded[np.clip(first, 0, len(padded) - size)[:, None] + np.arange(size)]


def mel_spectrogram(
    samples: NDArray[np.floating],
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
        fmin, fmax: Range of the bands in Hz.

    Returns:
        (frames, n_mels).
    """
    stretches = frames_at(samples, rate, centres, window)
    stretches = stretches * np.hanning(stretches.shape[1] + 2)[1:-1]
    power = np.abs(np.fft.rfft(stretches, N_FFT)) ** 2 / stretches.shape[1]
    return np.log(np.maximum(power @ mel_filters(n_mels, rate, fmin, min(fmax, rate / 2)).T, FLOOR))


def envelope(
    samples: NDArray[np.floating], rate: int, centres: NDArray[np.float64], window: float = 0.025
) -> NDArray[np.float64]:
    """Root mean square of the waveform in a window around each frame centre.

    Args:
        samples: (n,) waveform.
        rate: Sampling rate in Hz.
        centres: (frames,) seconds.
        window: Seconds.

    Returns:
        (frames, 1).
    """
    return np.sqrt((frames_at(samples, rate, centres, window) ** 2).mean(axis=1, keepdims=True))
