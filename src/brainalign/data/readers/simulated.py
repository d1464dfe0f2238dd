"""Simulated listeners of simulated sentences, with the truth in the channels table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.bounds import COUNT, SEED, SHARE, Bounds
from brainalign.data.readers._base import ReadSettings, Simulator
from brainalign.errors import within

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class Simulated(Simulator):
    """Simulated listeners of simulated sentences, with the truth in the channels table."""

    subjects: int
    electrodes: int
    sentences: int
    repeated: int
    repeats: int
    silent_fraction: float
    rho_min: float
    rho_max: float
    evoked: float
    noise_ar: float
    baseline: float
    mixture: dict[str, float] | None
    seed: int

    bounds: ClassVar[Bounds] = {
        "subjects": (1, 1000), "electrodes": (1, 100_000), "sentences": (5, 100_000), "repeated": COUNT, "repeats": (1, 1000),
        "silent_fraction": SHARE, "rho_min": (0.001, 0.999), "rho_max": (0.001, 0.999), "evoked": (-100, 100), "noise_ar": (0, 0.999),
        "baseline": (0, 600), "mixture": (0, 1e6), "seed": SEED,
    }  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        within("data.repeated", self.repeated, 0, self.sentences)
        within("data.rho_max", self.rho_max, self.rho_min, 0.999)

    def read(self, settings: ReadSettings) -> Dataset:
        """Draw stimuli and responses (:func:`brainalign.data.simulated.simulate`)."""
        from brainalign.data.simulated import simulate

        return simulate(**self.options, cache_dir=settings.cache)
