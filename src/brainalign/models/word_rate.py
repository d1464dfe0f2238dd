"""Word onsets; on slow grids the number of words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.models._base import Model, Settings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class WordRate(Model):
    """Word onsets; on slow grids the number of words."""

    family: ClassVar[str] = "word rate"
    needs: ClassVar[tuple[str, ...]] = ("words",)

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.words.timed import WordRate as Extracted

        return Extracted(self.name)
