"""Simulated representations of known content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from brainalign.bounds import SEED, Bounds
from brainalign.models._base import Model


@dataclass
class PlantedModel(Model):
    """A simulated representation of known content; needs simulated data."""

    seed: int

    bounds: ClassVar[Bounds] = {"seed": SEED}


@dataclass
class Mixture(PlantedModel):
    """A stated mixture of the latents that drive the simulated electrodes, with private dimensions beside them."""

    dims: int
    private_dims: int

    bounds: ClassVar[Bounds] = {"dims": (1, 100_000), "private_dims": (0, 100_000)}

    @property
    def mixed(self) -> dict[str, Any]:
        """What both mixtures are made with."""
        return {
            "dims": self.dims, "private_dims": self.private_dims, "seed": self.seed, "name": self.name, "layers": self.chosen_layers,
        }  # fmt: skip
