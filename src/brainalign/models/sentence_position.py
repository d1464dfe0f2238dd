"""Each word's place in its sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.models._base import Model, Settings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class SentencePosition(Model):
    """Each word's place in its sentence."""

    needs: ClassVar[tuple[str, ...]] = ("words",)

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.words.controls import SentencePosition as Extracted

        return Extracted(self.name)
