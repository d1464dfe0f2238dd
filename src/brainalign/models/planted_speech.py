"""Simulated representation of speech."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.models._base import Settings
from brainalign.models._planted import Mixture

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class PlantedSpeech(Mixture):
    """Simulated representation of speech."""

    partner: ClassVar[str | None] = "planted_language"

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.planted.mixtures import PlantedSpeech as Extracted

        return Extracted(dataset, **self.mixed)
