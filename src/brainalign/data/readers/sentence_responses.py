"""One response a sentence, without a time series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.data.formats import SentenceColumns
from brainalign.data.readers._base import ArchiveReader, ReadSettings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class Sentences(ArchiveReader):
    """One response a sentence, without a time series."""

    root: str
    files: str
    table: str | None
    columns: SentenceColumns
    channels_file: str | None
    region: str | None
    subjects: list[str] | None

    requires: ClassVar[tuple[str, ...]] = ("h5py",)
    timed: ClassVar[bool] = False

    def read_files(self, settings: ReadSettings, **options: Any) -> Dataset:
        """As :func:`brainalign.data.sentences.read_sentences`."""
        from brainalign.data.sentences.dataset import read_sentences

        return read_sentences(**options)

    def methods_of_files(self, dataset: Dataset) -> str:
        """What was read, and what stands for a frame."""
        return (
            f"{super().methods_of_files(dataset)} Each sentence has one response; a stimulus is a passage, whose sentences stay "
            "together in every fold."
        )
