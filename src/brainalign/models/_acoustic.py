"""Features of the waveform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from brainalign.bounds import Bounds
from brainalign.errors import within
from brainalign.models._base import Model

FAMILY = "mel, envelope and pitch"


@dataclass
class AcousticModel(Model):
    """A feature of the waveform in windows of 25 ms, centred on the frames or ending there."""

    causal: bool

    family: ClassVar[str] = FAMILY
    needs: ClassVar[tuple[str, ...]] = ("sound",)


@dataclass
class BandedModel(AcousticModel):
    """A feature of each of some mel bands."""

    n_mels: int

    bounds: ClassVar[Bounds] = {"n_mels": (1, 256)}

    def __post_init__(self) -> None:
        super().__post_init__()
        within("model.n_mels", self.n_mels, 1, 256)
