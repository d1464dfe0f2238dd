"""wav2vec 2.0's architecture, small, with seeded untrained weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.models._base import Settings
from brainalign.models._hidden_states import speech_options
from brainalign.models._tiny import TinyModel

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class TinyWav2vec2(TinyModel):
    """wav2vec 2.0's architecture, small, with seeded untrained weights."""

    family: ClassVar[str] = "speech models"
    needs: ClassVar[tuple[str, ...]] = ("sound",)
    partner: ClassVar[str | None] = "tiny_gpt2"

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.checkpoints.tiny import tiny_wav2vec2
        from brainalign.features.speech.model import SpeechModel

        options = speech_options(self, settings)
        return settings.clipped(SpeechModel(*tiny_wav2vec2(self.seed), self.identity, self.name, **options))
