"""Simulated listeners with EEG or MEG, whose sensors follow the envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.bounds import SEED, Bounds
from brainalign.data.readers._base import ReadSettings, Simulator
from brainalign.errors import one_of

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class SimulatedMeeg(Simulator):
    """Simulated listeners with EEG or MEG, whose sensors follow the envelope."""

    subjects: int
    sensors: str
    sentences: int
    rho: float
    spread: float
    jitter: float
    noise_ar: float
    baseline: float
    seed: int

    bounds: ClassVar[Bounds] = {
        "subjects": (1, 1000), "sentences": (5, 100_000), "rho": (0, 0.9), "spread": (0, 2), "jitter": (0, 0.1), "noise_ar": (0, 0.999),
        "baseline": (0, 600), "seed": SEED,
    }  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("data.sensors", self.sensors, ("eeg", "meg"))

    def read(self, settings: ReadSettings) -> Dataset:
        """Draw stimuli and responses (:func:`brainalign.data.simulated.simulate_meeg`)."""
        from brainalign.data.simulated import simulate_meeg

        return simulate_meeg(**self.options, cache_dir=settings.cache)
