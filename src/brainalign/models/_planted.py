"""Simulated representations of known content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from brainalign.bounds import SEED, Bounds
from brainalign.models._base import Model


@dataclass
class PlantedModel(Model):
    """A simulated representation of known content; needs simulated data."""

    seed: int

    bounds: ClassVar[Bounds] = {"seed": SEED}
