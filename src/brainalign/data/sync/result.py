"""Sync: how far a recording is from its events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Sync:
    """How far a recording is from its events.

    Attributes:
        pieces: One row a presentation, or a piece of 10 s of a longer one: run, stimulus, time (s in the recording), offset (s;
            above 0: the recording has it later than the events say), r, margin (over the next best lag), trusted, agrees
            (with the session).
        source: ``sound`` or ``response``.
        offset: Of the session in seconds; NaN where none can be told.
        r: Mean correlation of the pieces at that offset.
        p: One-sided, of r over pieces against 0, Bonferroni-corrected for the lags; NaN for fewer than three pieces.
        drift: Change of the offset in parts per million of time (Theil-Sen); NaN where none can be told.
        drift_interval: Its 99 % interval.
        warnings: Sentences; none where all is well or nothing can be told.
    """

    pieces: pd.DataFrame
    source: str
    offset: float
    r: float
    p: float
    drift: float
    drift_interval: tuple[float, float]
    warnings: tuple[str, ...]
