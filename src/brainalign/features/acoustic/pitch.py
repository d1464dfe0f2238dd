"""Pitch: the voice's fundamental frequency, by Praat's autocorrelation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.sound.audio import RATE
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.acoustic.spectral import Acoustic, Array
from brainalign.features.base import ReceptiveField


class Pitch(Acoustic):
    """Two columns: ln(F0 / 100 Hz), zero where there is no voice, and whether there is one.

    Praat's ``To Pitch (ac)`` (Boersma 1993) through praat-parselmouth: windows of 3 / floor seconds every 10 ms, the
    best path through all candidates of the stimulus, so that a row knows the future. A frame takes the nearest of
    those values.

    Args:
        name: As it stands in tables.
        floor: Lowest pitch in Hz.
        ceiling: Highest pitch in Hz.
    """

    kind = "pitch"

    def __init__(self, name: str = "pitch", floor: float = 75.0, ceiling: float = 500.0) -> None:
        super().__init__(name)
        self.floor, self.ceiling = floor, ceiling

    @property
    def receptive_field(self) -> ReceptiveField:
        """All: the path is the best through the whole stimulus."""
        return ReceptiveField(float("inf"), float("inf"))

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {**super().identity(), "floor": self.floor, "ceiling": self.ceiling}

    def describe(self) -> str:
        """The model in a sentence."""
        return f"pitch (Praat's autocorrelation, {self.floor:g} to {self.ceiling:g} Hz): ln(F0 / 100 Hz) and voicing"

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have sound, and Praat must be installed and have one window of it."""
        super().check(stimulus)
        _praat()
        if stimulus.duration < 3 / self.floor:
            raise BrainalignError(
                f"stimulus {stimulus.id!r} lasts {stimulus.duration:.3f} s, too short for pitch from "
                f"{self.floor:g} Hz; at least {3 / self.floor:.3f} s are needed."
            )

    def values(self, samples: NDArray[np.float32], centres: Array) -> Array:
        """(frames, 2)."""
        sound = _praat().Sound(samples.astype(np.float64), RATE)
        pitch = sound.to_pitch_ac(time_step=0.01, pitch_floor=self.floor, pitch_ceiling=self.ceiling)
        times, found = pitch.xs(), pitch.selected_array["frequency"]
        hz = found[_nearest(times, centres)]
        voiced = hz > 0
        return np.stack([np.log(np.where(voiced, hz, 100.0) / 100.0), voiced], axis=1)


def _nearest(times: Array, wanted: Array) -> NDArray[np.int64]:
    """Numbers of the uniform times that lie nearest."""
    step = (times[-1] - times[0]) / max(1, len(times) - 1) or 1.0
    return np.asarray(np.clip(np.rint((wanted - times[0]) / step), 0, len(times) - 1), dtype=np.int64)


def _praat() -> Any:
    try:
        import parselmouth
    except ImportError as error:
        raise BrainalignError(
            "model=pitch needs praat-parselmouth, which is not installed; pip install 'brainalign[pitch]'."
        ) from error
    return parselmouth
