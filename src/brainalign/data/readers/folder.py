"""The project's own plain layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from brainalign.data.formats import StimuliFormat
from brainalign.data.readers._base import ArchiveReader, ReadSettings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class Folder(ArchiveReader):
    """Arrays in brainalign's plain layout."""

    root: str
    subjects: list[str] | None
    stimuli: StimuliFormat

    def read_files(self, settings: ReadSettings, **options: Any) -> Dataset:
        """As :func:`brainalign.data.folder.read_folder`."""
        from brainalign.data.folder import read_folder

        return read_folder(**options, responses=settings.responses)
