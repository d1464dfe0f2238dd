"""Electrodes: the options of ``conf/electrodes``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from brainalign.bounds import Bounds, check_bounds
from brainalign.errors import one_of


@dataclass
class Electrodes:
    """Which electrodes take part, and how they are grouped."""

    select: str
    level: float
    regions: dict[str, list[str]] | None
    hemispheres: str
    components: int | None

    bounds: ClassVar[Bounds] = {"level": (1e-12, 1), "components": (1, 100_000)}

    def __post_init__(self) -> None:
        check_bounds("electrodes", self)
        one_of("electrodes.select", self.select, ("all", "responsive"))
        one_of("electrodes.hemispheres", self.hemispheres, ("together", "apart"))
