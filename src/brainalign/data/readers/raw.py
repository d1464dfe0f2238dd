"""Files that MNE reads, with tables beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.bounds import Bounds
from brainalign.data.formats import UNITS, EventFormat, StimuliFormat
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.data.readers._base import ArchiveReader, ReadSettings
from brainalign.errors import one_of

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class Raw(ArchiveReader):
    """Files that MNE reads, with tables beside them."""

    root: str
    files: str
    events_file: str | None
    channels_file: str | None
    electrodes_file: str | None
    unit: str | None
    subjects: list[str] | None
    region: str | None
    sound_channel: str | None
    baseline: float
    events: EventFormat
    stimuli: StimuliFormat
    preprocessing: Preprocessing | None = None

    requires: ClassVar[tuple[str, ...]] = ("mne",)
    bounds: ClassVar[Bounds] = {"baseline": (0, 600)}

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("data.unit", self.unit, (*UNITS, None))  # type: ignore[arg-type]

    def described(self) -> str:
        """By what the files were read, with its paper."""
        return "files read with MNE-Python (Gramfort et al. 2013)"

    def read_files(self, settings: ReadSettings, **options: Any) -> Dataset:
        """As :func:`brainalign.data.raw.read_raw_files`."""
        from brainalign.data.raw.dataset import read_raw_files

        return read_raw_files(**options)
