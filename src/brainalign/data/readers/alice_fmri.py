"""The public Alice fMRI set: six regions, TR 2 s, one story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.bounds import Bounds
from brainalign.data.readers._base import ArchiveReader, ReadSettings
from brainalign.errors import one_of

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


@dataclass
class AliceFmri(ArchiveReader):
    """Regional fMRI time courses of one story."""

    root: str
    subjects: list[str] | None
    radius: str
    highpass: float

    bounds: ClassVar[Bounds] = {"highpass": (4, 1e5)}

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("data.radius", self.radius, ("6mm", "10mm"))

    def read_files(self, settings: ReadSettings, **options: Any) -> Dataset:
        """As :func:`brainalign.data.published.alice_fmri.read_alice_fmri`."""
        from brainalign.data.published.alice_fmri import read_alice_fmri

        return read_alice_fmri(**options)

    def methods_of_files(self, dataset: Dataset) -> str:
        """Regions, TR, drifts and z-score."""
        from brainalign.data.published.alice_fmri import TR

        return (
            f"{super().methods_of_files(dataset)} Responses were the published (Brennan et al. 2016) "
            f"means over spheres of {self.radius} about six regions; the "
            f"repetition time was {TR:g} s. Drifts slower than {self.highpass:g} s were regressed out by discrete cosines, and each time "
            "course was z-scored."
        )
