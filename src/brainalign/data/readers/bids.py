"""iEEG, EEG or MEG in BIDS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.bounds import Bounds
from brainalign.data.formats import RECORDINGS, EventFormat, StimuliFormat
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.data.readers._base import ArchiveReader, ReadSettings
from brainalign.errors import one_of

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class Bids(ArchiveReader):
    """iEEG, EEG or MEG in BIDS."""

    root: str
    subjects: list[str] | None
    recording: str | None
    task: str | None
    session: str | None
    derivative: str | None
    description: str | None
    electrodes_file: str | None
    entities: dict[str, str] | None
    region: str | None
    sound_channel: str | None
    baseline: float
    events: EventFormat
    stimuli: StimuliFormat
    preprocessing: Preprocessing | None = None

    requires: ClassVar[tuple[str, ...]] = ("mne", "mne_bids")
    bounds: ClassVar[Bounds] = {"baseline": (0, 600)}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.recording is not None:
            one_of("data.recording", self.recording, RECORDINGS)

    def read_files(self, settings: ReadSettings, **options: Any) -> Dataset:
        """As :func:`brainalign.data.bids.read_bids`."""
        from brainalign.data.bids.dataset import read_bids

        return read_bids(**options)
