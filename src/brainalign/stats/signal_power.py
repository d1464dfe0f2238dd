"""Signal power: how much of a response comes back when a stimulus does (Sahani and Linden 2003)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RepeatSums:
    """What the variances need of stimuli that were all presented N times: sums a unit, so that units can be drawn again.

    Attributes:
        frames: (units, c) frames valid in all repeats.
        total: (units, N, c) sum of each repeat.
        square: (units, c) sum of squares, mean over repeats.
        mean_square: (units, c) sum of squares of the mean over repeats.
    """

    frames: Array
    total: Array
    square: Array
    mean_square: Array

    @classmethod
    def of(cls, units: Sequence[NDArray[np.floating[Any]]]) -> RepeatSums:
        """Sums of each unit.

        Args:
            units: One (N, T, c) array each, the same N; NaN = not recorded. A frame counts for an electrode where all its
                repeats are valid.
        """
        frames, total, square, mean_square = [], [], [], []
        for responses in units:
            valid = np.isfinite(responses).all(axis=0)
            known = np.where(valid, responses, 0.0)
            frames.append(valid.sum(axis=0))
            total.append(known.sum(axis=1))
            square.append((known**2).sum(axis=1).mean(axis=0))
            mean_square.append((known.mean(axis=0) ** 2).sum(axis=0))
        return cls(np.array(frames, dtype=np.float64), np.array(total), np.array(square), np.array(mean_square))

    @property
    def repeats(self) -> int:
        """N."""
        return int(self.total.shape[1])

    def powers(self, weights: Array) -> tuple[Array, Array, Array]:
        """Signal power and single-trial variance of the units laid end to end, each as often as its weight says.

            SP = [N Var(m) - mean_n Var(R_n)] / (N - 1),   m = mean over repeats,   Var over time

        It equals the mean covariance of two different repeats.

        Args:
            weights: (draws, units).

        Returns:
            Signal power, mean single-trial variance, and frames, each (draws, c); NaN where there is no frame.
        """
        n = self.repeats
        t = weights @ self.frames
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.einsum("du,unc->dnc", weights, self.total, optimize=True) / t[:, None]
            single = weights @ self.square / t - (means**2).mean(axis=1)
            average = weights @ self.mean_square / t - means.mean(axis=1) ** 2
        return (n * average - single) / (n - 1), single, t


def signal_power(responses: NDArray[np.floating[Any]]) -> tuple[Array, Array]:
    """Signal power and single-trial variance of one stimulus, or of several laid end to end.

    Args:
        responses: (N, T, c).

    Returns:
        Each (c,).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> signal = rng.normal(size=(4000, 1))
        >>> power, variance = signal_power(signal + rng.normal(size=(10, 4000, 1)))
        >>> round(float(power[0]), 1), round(float(variance[0]), 1)
        (1.0, 2.0)
    """
    power, variance, _ = RepeatSums.of([responses]).powers(np.ones((1, 1)))
    return power[0], variance[0]
