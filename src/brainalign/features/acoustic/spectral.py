"""Acoustic features on the speech frames: mel spectrogram, envelope, intensity, pitch, spectral onsets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.frames.grid import WAV2VEC2_HOP, FrameGrid
from brainalign.data.sound.audio import RATE
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import Placement, ReceptiveField, Rows, Unit
from brainalign.signal.spectrogram import envelope, mel_spectrogram, spectral_onsets

WIDTH = 0.025
"""Seconds of sound in a frame's window."""
HOP = WAV2VEC2_HOP / RATE
"""Seconds from frame to frame."""
INTENSITY_FLOOR = 1e-5
"""Amplitude below which intensity is cut: -100 dB of full scale."""

Array = NDArray[np.float64]


def needs_audio(stimulus: Stimulus, model: str) -> None:
    """Refuse a stimulus without sound, or with too little for one frame."""
    if stimulus.audio is None:
        raise BrainalignError(
            f"model {model} needs audio, but stimulus {stimulus.id!r} has none; choose a model of words."
        )
    if FrameGrid.speech(stimulus.duration).n < 1:
        raise BrainalignError(
            f"stimulus {stimulus.id!r} lasts {stimulus.duration:.3f} s, too short for one frame of 25 ms."
        )


class Acoustic(ABC):
    """A feature of the waveform at the centres of the speech frames; each is a window of 25 ms.

    Args:
        name: As it stands in tables.
        causal: Whether the window ends at the frame's centre, so that a row knows no later sound.
    """

    kind: str
    unit: Unit = "frames"
    placement: Placement = "hold"
    layers: Sequence[int] = (0,)
    version = 1

    def __init__(self, name: str, causal: bool = False) -> None:
        self.name, self.causal = name, causal

    @property
    def receptive_field(self) -> ReceptiveField:
        """The window around a frame's centre."""
        return ReceptiveField(WIDTH, 0) if self.causal else ReceptiveField(WIDTH / 2, WIDTH / 2)

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {"kind": self.kind, **({"causal": True} if self.causal else {})}

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have sound."""
        needs_audio(stimulus, self.name)

    @abstractmethod
    def describe(self) -> str:
        """The model in a sentence."""

    @abstractmethod
    def values(self, samples: NDArray[np.float32], centres: Array) -> Array:
        """(frames, dims) of a waveform at 16 kHz, in windows around ``centres`` in seconds."""

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time."""
        for stimulus in stimuli:
            assert stimulus.audio is not None
            times = FrameGrid.speech(stimulus.duration).times
            values = self.values(stimulus.audio.load(), times - WIDTH / 2 if self.causal else times)
            yield stimulus.id, {0: Rows(values.astype(np.float32), times, times)}


class Mel(Acoustic):
    """Log-mel spectrogram.

    Args:
        n_mels: Number of bands.
        name: As it stands in tables.
        causal: Whether the window ends at the frame's centre.
    """

    kind = "mel"

    def __init__(self, n_mels: int = 40, name: str = "mel", causal: bool = False) -> None:
        super().__init__(name, causal)
        self.n_mels = n_mels

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {**super().identity(), "n_mels": self.n_mels}

    def describe(self) -> str:
        """The model in a sentence."""
        return f"log-mel spectrogram, {self.n_mels} bands from 50 to 8000 Hz, 25 ms windows every 20 ms"

    def values(self, samples: NDArray[np.float32], centres: Array) -> Array:
        """(frames, n_mels)."""
        return mel_spectrogram(samples, RATE, centres, self.n_mels)


class Envelope(Acoustic):
    """Root-mean-square amplitude.

    Args:
        name: As it stands in tables.
        causal: Whether the window ends at the frame's centre.
    """

    kind = "envelope"

    def __init__(self, name: str = "envelope", causal: bool = False) -> None:
        super().__init__(name, causal)

    def describe(self) -> str:
        """The model in a sentence."""
        return "root-mean-square amplitude, 25 ms windows every 20 ms"

    def values(self, samples: NDArray[np.float32], centres: Array) -> Array:
        """(frames, 1)."""
        return envelope(samples, RATE, centres)


class Intensity(Envelope):
    """The envelope in decibels of full scale, ``20 log10 max(rms, 1e-5)``."""

    kind = "intensity"

    def describe(self) -> str:
        """The model in a sentence."""
        return "root-mean-square amplitude in decibels of full scale, 25 ms windows every 20 ms"

    def values(self, samples: NDArray[np.float32], centres: Array) -> Array:
        """(frames, 1)."""
        return 20 * np.log10(np.maximum(super().values(samples, centres), INTENSITY_FLOOR))


class SpectralOnsets(Acoustic):
    """Rises of the log-mel spectrogram from one frame to the next, band by band.

    Args:
        n_mels: Number of bands.
        name: As it stands in tables.
        causal: Whether the window ends at the frame's centre.
    """

    kind = "spectral_onsets"

    def __init__(self, n_mels: int = 8, name: str = "spectral_onsets", causal: bool = False) -> None:
        super().__init__(name, causal)
        self.n_mels = n_mels

    @property
    def receptive_field(self) -> ReceptiveField:
        """The windows of a frame and of the one before it."""
        own = super().receptive_field
        return ReceptiveField(own.past + HOP, own.future)

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {**super().identity(), "n_mels": self.n_mels}

    def describe(self) -> str:
        """The model in a sentence."""
        return f"rises of the log-mel spectrogram in {self.n_mels} bands from 50 to 8000 Hz, 25 ms windows every 20 ms"

    def values(self, samples: NDArray[np.float32], centres: Array) -> Array:
        """(frames, n_mels)."""
        return spectral_onsets(mel_spectrogram(samples, RATE, centres, self.n_mels))
