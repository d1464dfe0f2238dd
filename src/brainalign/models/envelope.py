"""Root-mean-square amplitude."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.models._acoustic import AcousticModel
from brainalign.models._base import Settings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class Envelope(AcousticModel):
    """Root-mean-square amplitude."""

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.acoustic.spectral import Envelope as Extracted

        return Extracted(self.name, self.causal)
