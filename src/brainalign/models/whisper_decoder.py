"""Whisper's decoder: a language model of the transcript, given the sound."""

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
class WhisperDecoder(CheckpointModel):
    """Whisper's decoder: a language model of the transcript, given the sound."""

    family: ClassVar[str] = "decoders that hear"
    needs: ClassVar[tuple[str, ...]] = ("sound", "words")

    def extractor(self, settings: Settings, dataset: Dataset) -> Extractor:
        """The extractor."""
        from brainalign.features.language.whisper_decoder import WhisperDecoder as Extracted

        return settings.clipped(Extracted.from_folder(*self.place(settings), **language_options(self, settings)))
