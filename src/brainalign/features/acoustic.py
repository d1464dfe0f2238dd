"""Acoustic baselines: log-mel spectrogram and envelope, at the centres of the speech frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from brainalign.data.audio import RATE
from brainalign.data.grid import FrameGrid
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import Placement, Rows, Unit
from brainalign.signal.spectrogram import envelope, mel_spectrogram


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


class Mel:
    """Log-mel spectrogram, 25 ms windows centred on the frames.

    Args:
        n_mels: Number of bands.
        name: As it stands in tables.
    """

    unit: Unit = "frames"
    placement: Placement = "hold"
    layers: Sequence[int] = (0,)
    version = 1

    def __init__(self, n_mels: int = 40, name: str = "mel") -> None:
        self.n_mels, self.name = n_mels, name

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {"kind": "mel", "n_mels": self.n_mels}

    def describe(self) -> str:
        """The model in a sentence."""
        return f"log-mel spectrogram, {self.n_mels} bands from 50 to 8000 Hz, 25 ms windows every 20 ms"

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have sound."""
        needs_audio(stimulus, self.name)

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time."""
        for stimulus in stimuli:
            assert stimulus.audio is not None
            times = FrameGrid.speech(stimulus.duration).times
            values = mel_spectrogram(stimulus.audio.load(), RATE, times, self.n_mels)
            yield stimulus.id, {0: Rows(values.astype(np.float32), times, times)}


class Envelope:
    """Root-mean-square amplitude, 25 ms windows centred on the frames.

    Args:
        name: As it stands in tables.
    """

    unit: Unit = "frames"
    placement: Placement = "hold"
    layers: Sequence[int] = (0,)
    version = 1

    def __init__(self, name: str = "envelope") -> None:
        self.name = name

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {"kind": "envelope"}

    def describe(self) -> str:
        """The model in a sentence."""
        return "root-mean-square amplitude, 25 ms windows every 20 ms"

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have sound."""
        needs_audio(stimulus, self.name)

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time."""
        for stimulus in stimuli:
            assert stimulus.audio is not None
            times = FrameGrid.speech(stimulus.duration).times
            values = envelope(stimulus.audio.load(), RATE, times)
            yield stimulus.id, {0: Rows(values.astype(np.float32), times, times)}
