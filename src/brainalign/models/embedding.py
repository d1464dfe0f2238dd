"""A language model's input embedding of each word, without position or context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.models._base import Settings
from brainalign.models._checkpoint import CheckpointModel

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class Embedding(CheckpointModel):
    """A language model's input embedding of each word, without position or context."""

    needs: ClassVar[tuple[str, ...]] = ("words",)

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.language.embedding import InputEmbedding

        pooling, device = settings.features.pooling, settings.model_device
        return InputEmbedding.from_folder(*self.place(settings), pooling=pooling, device=device)
