"""Hidden states of a speech model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.models._base import Settings
from brainalign.models._checkpoint import CheckpointModel
from brainalign.models._hidden_states import speech_options

if TYPE_CHECKING:
    from brainalign.data.types import Dataset
    from brainalign.features.base import Extractor


@dataclass
class Speech(CheckpointModel):
    """Hidden states of a speech model."""

    family: ClassVar[str] = "speech models"
    needs: ClassVar[tuple[str, ...]] = ("sound",)
    partner: ClassVar[str | None] = "gpt2"

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.speech.model import SpeechModel

        made = SpeechModel.from_folder(*self.place(settings), **speech_options(self, settings))
        return settings.clipped(made)
