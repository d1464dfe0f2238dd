"""Word frequencies from a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.models._base import Settings
from brainalign.models._vectors import VectorsModel

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class WordFrequency(VectorsModel):
    """Word frequencies from a file."""

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.words.vectors import WordFrequency as Extracted

        return Extracted(self.file(dataset), self.name)
