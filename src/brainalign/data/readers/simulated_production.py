"""Simulated participants who speak single words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.bounds import COUNT, SEED, SHARE, Bounds
from brainalign.data.readers._base import ReadSettings, Simulator
from brainalign.errors import within

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class SimulatedProduction(Simulator):
    """Simulated participants who speak single words."""

    subjects: int
    electrodes: int
    words: int
    repeated: int
    repeats: int
    related: float
    spread: float
    seed: int

    bounds: ClassVar[Bounds] = {
        "subjects": (1, 1000), "electrodes": (1, 100_000), "words": (5, 200), "repeated": COUNT, "repeats": (1, 1000), "related": SHARE,
        "spread": (0, 1000), "seed": SEED,
    }  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        within("data.repeated", self.repeated, 0, self.words)

    def read(self, settings: ReadSettings) -> Dataset:
        """Draw stimuli and responses (:func:`brainalign.data.simulated.simulate_production`)."""
        from brainalign.data.simulated import simulate_production

        return simulate_production(**self.options, cache_dir=settings.cache)
