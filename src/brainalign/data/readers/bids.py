"""iEEG, EEG or MEG in BIDS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.bounds import Bounds
from brainalign.data.formats import RECORDINGS, EventFormat, StimuliFormat
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.data.readers._base import ArchiveReader, ReadSettings
from brainalign.errors import one_of

if TYPE_CHECKING:
    from brainalign.data.types import Dataset

KINDS = {"ieeg": "intracranial EEG", "eeg": "EEG", "meg": "MEG"}
"""``data.recording`` -> what a methods section calls it."""


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

    def described(self) -> str:
        """Which kind of recording was read, and by what."""
        place = Path(self.root).expanduser() / (self.derivative or "")
        kinds = [
            k for k in KINDS if self.recording == k or (self.recording is None and any(place.glob(f"sub-*/**/*_{k}.*")))
        ]
        named = " or ".join(KINDS[k] for k in kinds or KINDS)
        return f"{named} in BIDS (Gorgolewski et al. 2016), read with MNE-BIDS (Appelhoff et al. 2019)"

    def read_files(self, settings: ReadSettings, **options: Any) -> Dataset:
        """As :func:`brainalign.data.bids.read_bids`."""
        from brainalign.data.bids.dataset import read_bids

        return read_bids(**options)
