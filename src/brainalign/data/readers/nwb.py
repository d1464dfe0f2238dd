"""Neurodata Without Borders; ``stimuli`` None = they stand in the files."""

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
class Nwb(ArchiveReader):
    """Neurodata Without Borders; ``stimuli`` None = they stand in the files."""

    root: str
    files: str
    series: str | None
    trials: str
    sound: str | None
    events_file: str | None
    channels_file: str | None
    electrodes_file: str | None
    subjects: list[str] | None
    region: str | None
    unit: str | None
    baseline: float
    events: EventFormat
    stimuli: StimuliFormat | None = None
    preprocessing: Preprocessing | None = None

    requires: ClassVar[tuple[str, ...]] = ("pynwb", "h5py")
    bounds: ClassVar[Bounds] = {"baseline": (0, 600)}

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("data.unit", self.unit, (*UNITS, None))  # type: ignore[arg-type]

    def described(self) -> str:
        """The format, with its paper."""
        return "Neurodata Without Borders (Rübel et al. 2022)"

    def read_files(self, settings: ReadSettings, **options: Any) -> Dataset:
        """As :func:`brainalign.data.nwb.read_nwb`."""
        from brainalign.data.nwb.dataset import read_nwb

        return read_nwb(**options)
