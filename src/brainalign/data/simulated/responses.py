"""From latents to signals: smooth causal kernels, in shares that are exact; and the noise.

One electrode's kernel over one latent is a weighted sum of smooth bumps in lags of 0..380 ms for each of the latent's
dimensions. Its weights are drawn at random, and then moved by the least that makes the components of the electrode
uncorrelated over the distinct sentences. So Var(signal) = sum of the shares = 1, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from brainalign.data.simulated.latents import LATENTS

Array = NDArray[np.float64]

N_LAGS = 20
"""Lags of every kernel at 50 Hz: 0, 20, ..., 380 ms."""
_CENTRES = np.linspace(1.0, 15.0, 7)
_HALF_WIDTH = 4.0
_LATENCY = {"acoustic": 4.0, "phonetic": 6.0, "lexical": 9.0, "contextual": 11.0}
"""Where the kernels of a latent are largest, in frames of 20 ms."""


def bumps() -> Array:
    """(20 lags, 7) squared cosines, each 160 ms wide: what kernels are made of; zero beyond 380 ms."""
    distance = (np.arange(N_LAGS)[:, None] - _CENTRES) / _HALF_WIDTH
    return np.where(np.abs(distance) < 1, np.cos(0.5 * np.pi * distance) ** 2, 0.0)


class Signals:
    """Signals of electrodes with stated mixtures.

    Args:
        latents: Latent -> stimulus -> (frames, dims).

    Attributes:
        filtered: Stimulus -> (frames, weights): all latents' dimensions through all bumps, zeros before the stimulus.
        gram: (weights, weights) their covariance over the distinct stimuli.
        parts: Latent -> which of the weights are its.
    """

    def __init__(self, latents: Mapping[str, Mapping[str, Array]]) -> None:
        basis = bumps()
        self.filtered = {
            s: np.concatenate([_filter(latents[name][s], basis) for name in LATENTS], axis=1)
            for s in latents[LATENTS[0]]
        }
        rows = np.concatenate(list(self.filtered.values()))
        rows -= rows.mean(axis=0)
        self.gram = rows.T @ rows / len(rows)
        self.parts: dict[str, slice] = {}
        begin = 0
        for name in LATENTS:
            width = next(iter(latents[name].values())).shape[1] * basis.shape[1]
            self.parts[name] = slice(begin, begin + width)
            begin += width

    def weights(self, shares: Mapping[str, float], rng: np.random.Generator) -> Array:
        """(weights,) of one electrode: a random kernel over each latent that has a share.

        Args:
            shares: Latent -> share of the signal's variance; they sum to 1.
            rng: Of the kernels.
        """
        sum_, done = np.zeros(len(self.gram)), np.zeros((len(self.gram), 0))
        for name in LATENTS:
            own = self.parts[name]
            weight = np.zeros(len(self.gram))
            profile = np.exp(-0.5 * ((_CENTRES - _LATENCY[name]) / 3) ** 2) * (
                1 + 0.5 * rng.standard_normal(len(_CENTRES))
            )
            dims = (own.stop - own.start) // len(_CENTRES)
            weight[own] = np.outer(rng.standard_normal(dims), profile).ravel()
            if shares[name] > 0:
                clash = self.gram[own] @ done
                weight[own] -= clash @ np.linalg.lstsq(clash, weight[own], rcond=None)[0]
                weight /= np.sqrt(weight @ self.gram @ weight)
                sum_ += np.sqrt(shares[name]) * weight
                done = np.column_stack([done, weight])
        return sum_


def _filter(values: Array, basis: Array) -> Array:
    """(T, dims * bumps): each dimension convolved with each bump, with zeros before the first frame."""
    padded = np.concatenate([np.zeros((N_LAGS - 1, values.shape[1])), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, N_LAGS, axis=0)
    return np.asarray(windows @ basis[::-1]).reshape(len(values), -1)


def noise(shape: tuple[int, int], ar: float, rng: np.random.Generator) -> Array:
    """Stationary first-order autoregressive noise of variance 1.

    Args:
        shape: (T, channels).
        ar: Correlation of successive samples.
        rng: Of the draws.
    """
    from scipy.signal import lfilter

    drawn = rng.standard_normal(shape)
    drawn[1:] *= np.sqrt(1 - ar**2)
    return np.asarray(lfilter([1.0], [1.0, -ar], drawn, axis=0))
