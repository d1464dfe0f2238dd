"""Simulated listeners of simulated stories in a scanner; successive layers drive successive regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.bounds import SEED, SHARE, Bounds
from brainalign.data.readers._base import ReadSettings, Simulator
from brainalign.errors import within

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class SimulatedFmri(Simulator):
    """Simulated listeners of simulated stories in a scanner; successive layers drive successive regions."""

    subjects: int
    voxels: int
    stories: int
    sentences: int
    repeats: int
    tr: float
    correlation: float
    rho: float
    noise_ar: float
    drift: float
    highpass: float
    seed: int

    bounds: ClassVar[Bounds] = {
        "subjects": (1, 1000), "voxels": (1, 1_000_000), "stories": (1, 1000), "sentences": (1, 100_000), "repeats": (1, 1000),
        "tr": (0.25, 10), "correlation": SHARE, "rho": (0.001, 0.999), "noise_ar": (0, 0.999), "drift": (0, 1000),
        "highpass": (0.5, 1e5), "seed": SEED,
    }  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        within("data.highpass", self.highpass, 2 * self.tr)

    def read(self, settings: ReadSettings) -> Dataset:
        """Draw stimuli and responses (:func:`brainalign.data.simulated.simulate_fmri`)."""
        from brainalign.data.simulated import simulate_fmri

        return simulate_fmri(**self.options, cache_dir=settings.cache)
