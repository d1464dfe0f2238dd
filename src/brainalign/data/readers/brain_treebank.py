"""The Brain Treebank's own files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.bounds import Bounds
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.data.readers._base import ArchiveReader, ReadSettings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class BrainTreebank(ArchiveReader):
    """Files of the Brain Treebank."""

    root: str
    subjects: list[str] | None
    region: str
    baseline: float
    preprocessing: Preprocessing | None = None

    requires: ClassVar[tuple[str, ...]] = ("h5py",)
    bounds: ClassVar[Bounds] = {"baseline": (0, 600)}

    def read_files(self, settings: ReadSettings, **options: Any) -> Dataset:
        """As :func:`brainalign.data.published.brain_treebank.read_brain_treebank`."""
        from brainalign.data.published.brain_treebank import read_brain_treebank

        return read_brain_treebank(**options)
