"""Each word's identity, smoothed within its stimulus: a control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.bounds import Bounds
from brainalign.errors import within
from brainalign.models._base import Model, Settings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class Oasm(Model):
    """Each word's identity, smoothed within its stimulus: a control."""

    sigma: float

    bounds: ClassVar[Bounds] = {"sigma": (0.01, 1e4)}

    needs: ClassVar[tuple[str, ...]] = ("words",)

    def __post_init__(self) -> None:
        super().__post_init__()
        within("model.sigma", self.sigma, 0.01)

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.words.controls import Oasm as Extracted

        return Extracted(dataset.stimuli, self.sigma, self.name)
