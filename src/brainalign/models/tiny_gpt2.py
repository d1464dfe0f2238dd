"""GPT-2's architecture, small, with seeded untrained weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.models._base import Settings
from brainalign.models._hidden_states import language_options
from brainalign.models._tiny import TinyModel

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class TinyGpt2(TinyModel):
    """GPT-2's architecture, small, with seeded untrained weights."""

    family: ClassVar[str] = "language models"
    needs: ClassVar[tuple[str, ...]] = ("words",)
    partner: ClassVar[str | None] = "tiny_wav2vec2"
    contextual: ClassVar[bool] = True

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.checkpoints.tiny import tiny_gpt2
        from brainalign.features.language.model import LanguageModel

        options = language_options(self, settings)
        return settings.clipped(LanguageModel(*tiny_gpt2(self.seed), self.identity, self.name, **options))

    def embedding(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The model's input embedding."""
        from brainalign.features.checkpoints.tiny import tiny_gpt2
        from brainalign.features.language.embedding import InputEmbedding

        pooling, device = settings.features.pooling, settings.model_device
        name = f"{self.name} embedding"
        return InputEmbedding(*tiny_gpt2(self.seed), self.identity, name, pooling=pooling, device=device)
