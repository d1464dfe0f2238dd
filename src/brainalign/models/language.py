"""Hidden states of a language model, a vector a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.models._base import Settings
from brainalign.models._checkpoint import CheckpointModel
from brainalign.models._hidden_states import language_options

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class Language(CheckpointModel):
    """Hidden states of a language model, a vector a word."""

    family: ClassVar[str] = "language models"
    needs: ClassVar[tuple[str, ...]] = ("words",)
    contextual: ClassVar[bool] = True

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.language.model import LanguageModel

        made = LanguageModel.from_folder(*self.place(settings), **language_options(self, settings))
        return settings.clipped(made)

    def embedding(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The checkpoint's input embedding."""
        from brainalign.features.language.embedding import InputEmbedding

        folder, name, loading = self.place(settings)
        pooling, device = settings.features.pooling, settings.model_device
        return InputEmbedding.from_folder(folder, f"{name} embedding", loading, pooling=pooling, device=device)
