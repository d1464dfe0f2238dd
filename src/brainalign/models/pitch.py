"""Pitch by Praat's autocorrelation, between two frequencies in Hz."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.bounds import Bounds
from brainalign.errors import within
from brainalign.models._acoustic import FAMILY
from brainalign.models._base import Model, Settings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class Pitch(Model):
    """Pitch by Praat's autocorrelation, between two frequencies in Hz."""

    floor: float
    ceiling: float

    bounds: ClassVar[Bounds] = {"floor": (10, 8000), "ceiling": (10, 8000)}

    family: ClassVar[str] = FAMILY
    needs: ClassVar[tuple[str, ...]] = ("sound",)

    def __post_init__(self) -> None:
        super().__post_init__()
        within("model.floor", self.floor, 10)
        within("model.ceiling", self.ceiling, self.floor, 8000)

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.acoustic.pitch import Pitch as Extracted

        return Extracted(self.name, self.floor, self.ceiling)
