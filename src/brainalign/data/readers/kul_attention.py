"""KU Leuven's auditory attention set: EEG of two stories at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.data.readers._base import ArchiveReader, ReadSettings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class KulAttention(ArchiveReader):
    """EEG of two stories at once, one of them listened to."""

    root: str
    subjects: list[str] | None
    repetitions: bool
    preprocessing: Preprocessing | None = None

    requires: ClassVar[tuple[str, ...]] = ("h5py", "pymatreader", "mne")

    def read_files(self, settings: ReadSettings, **options: Any) -> Dataset:
        """As :func:`brainalign.data.published.kul_attention.read_kul_attention`."""
        from brainalign.data.published.kul_attention import read_kul_attention

        return read_kul_attention(**options)
