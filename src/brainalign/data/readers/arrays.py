"""NPZ, HDF5 or MATLAB files of responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.bounds import Bounds
from brainalign.data.formats import ArrayKeys, EventFormat, StimuliFormat
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.data.readers._base import ArchiveReader, ReadSettings

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class Arrays(ArchiveReader):
    """NPZ, HDF5 or MATLAB files of responses."""

    root: str
    files: str
    axes: list[str]
    keys: ArrayKeys
    events_file: str | None
    channels_file: str | None
    subjects: list[str] | None
    region: str | None
    baseline: float
    events: EventFormat
    stimuli: StimuliFormat
    preprocessing: Preprocessing | None = None

    requires: ClassVar[tuple[str, ...]] = ("h5py", "pymatreader")
    bounds: ClassVar[Bounds] = {"baseline": (0, 600)}

    def read_files(self, settings: ReadSettings, **options: Any) -> Dataset:
        """As :func:`brainalign.data.arrays.read_arrays`."""
        from brainalign.data.arrays import read_arrays

        return read_arrays(**options)
