"""Simulated representation of language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.models._base import Settings
from brainalign.models._planted import Mixture

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class PlantedLanguage(Mixture):
    """Simulated representation of language."""

    partner: ClassVar[str | None] = "planted_speech"
    contextual: ClassVar[bool] = True

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.planted.mixtures import PlantedLanguage as Extracted

        return Extracted(dataset, **self.mixed)

    def embedding(self, settings: Settings, dataset: Dataset) -> Extractor:
        """Layer 0, which is free of context."""
        from brainalign.features.planted.mixtures import PlantedLanguage as Extracted

        return Extracted(dataset, **{**self.mixed, "name": f"{self.name} embedding", "layers": [0]})
