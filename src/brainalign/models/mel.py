"""Log-mel spectrogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.models._acoustic import BandedModel
from brainalign.models._base import Settings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class Mel(BandedModel):
    """Log-mel spectrogram."""

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.acoustic.spectral import Mel as Extracted

        return Extracted(self.n_mels, self.name, self.causal)
