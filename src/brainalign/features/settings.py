"""How representations are taken from models and brought to the grid: the options of ``conf/features``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from brainalign.bounds import Bounds
from brainalign.errors import one_of, within
from brainalign.features.checkpoints.tap import tap_of


@dataclass
class FeatureSettings:
    """How representations are taken from models and brought to the grid; see ``conf/features/default.yaml``."""

    pooling: str
    align: str
    resample: str
    begin: str
    context: str
    context_words: int | None
    context_stride: int | None
    context_seconds: float | None
    batch_seconds: float
    tap: str
    heads: list[int] | None
    clip: float | None
    precision: str
    device_map: str | None
    dtype: str

    bounds: ClassVar[Bounds] = {
        "context_words": (1, 1_000_000), "context_stride": (1, 1_000_000), "context_seconds": (0.1, 3600), "batch_seconds": (0, 1e5),
        "clip": (1, 1e6), "heads": (0, 1e4),
    }  # fmt: skip

    def __post_init__(self) -> None:
        one_of("features.begin", self.begin, ("auto", "none", "bos", "text"))
        one_of("features.context", self.context, ("auto", "stimulus", "window", "isolated"))
        within("features.context_words", self.context_words, 1)
        within("features.context_stride", self.context_stride, 1)
        within("features.context_seconds", self.context_seconds, 0.1)
        within("features.batch_seconds", self.batch_seconds, 0)
        within("features.clip", self.clip, 1)
        tap_of(self.tap, self.heads)  # which says what is wrong
        one_of("features.precision", self.precision, ("float32", "bfloat16", "float16"))
        if self.device_map is not None:
            one_of("features.device_map", self.device_map, ("auto",))
        one_of("features.dtype", self.dtype, ("float32", "float16"))
        one_of("features.pooling", self.pooling, ("mean", "last", "first"))
        one_of("features.align", self.align, ("onset", "offset"))
        one_of("features.resample", self.resample, ("box", "lanczos", "mean", "last"))
