"""Preprocessed fMRI of stories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.bounds import Bounds
from brainalign.data.formats import ArrayKeys, EventFormat, StimuliFormat
from brainalign.data.readers._base import ArchiveReader, ReadSettings
from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class StoryFmri(ArchiveReader):
    """Preprocessed fMRI of stories."""

    root: str
    files: str
    axes: list[str]
    keys: ArrayKeys
    tr: float
    start: float | None
    words_file: str | None
    stories: list[str] | None
    subjects: list[str] | None
    order: list[str] | None
    mask: str | None
    events_file: str | None
    highpass: float | None
    zscore: bool
    events: EventFormat
    stimuli: StimuliFormat

    requires: ClassVar[tuple[str, ...]] = ("nibabel", "h5py", "pymatreader")
    bounds: ClassVar[Bounds] = {
        "tr": (0.01, 60), "start": (-1e5, 1e5), "highpass": (0.02, 1e5),
    }  # fmt: skip

    def __post_init__(self) -> None:
        if self.tr > 60:
            raise BrainalignError(
                f"data.tr={self.tr:g} looks like milliseconds; it must be the seconds between volumes ({self.tr / 1000:g})."
            )
        super().__post_init__()

    def read_files(self, settings: ReadSettings, **options: Any) -> Dataset:
        """As :func:`brainalign.data.fmri.stories.read_story_fmri`."""
        from brainalign.data.fmri.stories import read_story_fmri

        return read_story_fmri(**options)

    def methods_of_files(self, dataset: Dataset) -> str:
        """Files, TR, drifts and z-score."""
        drifts = (
            "Slow drifts were left as they were."
            if self.highpass is None
            else f"Drifts slower than {self.highpass:g} s were regressed out of each story by discrete cosines."
        )
        zscored = " Each voxel was z-scored within each story." if self.zscore else ""
        masked = "" if self.mask is None else " Voxels were those of the mask."
        return f"{super().methods_of_files(dataset)} The repetition time was {self.tr:g} s.{masked} {drifts}{zscored}"
