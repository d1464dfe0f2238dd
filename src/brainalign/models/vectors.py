"""Static word vectors from a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.models._base import Settings
from brainalign.models._vectors import VectorsModel

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class Vectors(VectorsModel):
    """Static word vectors from a file.

    Attributes:
        reference: Their paper, cited where ``path`` names a file; None: nothing is.
    """

    reference: str | None = None

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.words.vectors import WordVectors

        return WordVectors(self.file(dataset), self.name)
