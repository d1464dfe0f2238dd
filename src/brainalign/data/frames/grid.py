"""FrameGrid: the times at which features and responses are both known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainalign.data.sound.audio import RATE

WAV2VEC2_WINDOW = 400
WAV2VEC2_HOP = 320
"""Receptive field and hop of the wav2vec2 family's convolutions, in samples at 16 kHz (25 ms and 20 ms)."""


SLOW = 5.0
"""Frames per second below which a grid is slow (fMRI): a frame then holds several words."""


@dataclass(frozen=True)
class FrameGrid:
    """Frames ``start + k / rate`` for k = 0..n-1; ``start`` is the centre of the first frame.

    Attributes:
        start: Centre of frame 0 in seconds from the stimulus's start.
        rate: Frames per second.
        n: Number of frames.

    Example:
        >>> grid = FrameGrid.speech(duration=2.0)
        >>> grid.n, float(grid.times[0]), float(grid.times[1])
        (99, 0.0125, 0.0325)
    """

    start: float
    rate: float
    n: int

    @classmethod
    def speech(cls, duration: float) -> FrameGrid:
        """The frames of the wav2vec2 family at 50 Hz.

        Frame k covers the samples [320 k, 320 k + 400) at 16 kHz; its centre is 12.5 + 20 k ms and there are
        ``floor((N - 400) / 320) + 1`` of them (Baevski et al. 2020).

        Args:
            duration: Length of the stimulus in seconds.
        """
        samples = round(duration * RATE)
        n = max(0, (samples - WAV2VEC2_WINDOW) // WAV2VEC2_HOP + 1)
        return cls(start=WAV2VEC2_WINDOW / 2 / RATE, rate=RATE / WAV2VEC2_HOP, n=n)

    @property
    def slow(self) -> bool:
        """Whether a frame lasts longer than a word, as an fMRI volume does."""
        return self.rate < SLOW

    @property
    def times(self) -> NDArray[np.float64]:
        """(n,) centres of the frames in seconds."""
        return self.start + np.arange(self.n) / self.rate

    @property
    def edges(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n,) begin and end of each frame's own slot: centre -/+ half a period."""
        half = 0.5 / self.rate
        return self.times - half, self.times + half
