"""One continuous recording, and its samples between two times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Run:
    """A continuous recording.

    Attributes:
        values: (T, channels), mapped from disk where the format allows it.
        rate: Samples per second.
        start: Time of the first sample on the clock of the events, in seconds.
        channels: One row a column of the values: the columns of a recording's channels table, and ``status`` (good, bad, n/a).
        sound: (T', ) recorded sound or its envelope, or None; at ``sound_rate`` samples per second.
        sound_rate: Samples per second of the sound.
        sound_start: Time of its first sample on the clock of the events.
        quality: What the preprocessing found, or None.
        notes: Sentences on what was dropped or repaired.
        boundaries: Times on the clock of the events at which another piece begins: epochs, trials, what was concatenated.
    """

    values: NDArray[Any]
    rate: float
    start: float
    channels: pd.DataFrame
    sound: NDArray[Any] | None = None
    sound_rate: float = 0.0
    sound_start: float = 0.0
    quality: Any = None
    notes: tuple[str, ...] = ()
    boundaries: tuple[float, ...] = ()

    @property
    def end(self) -> float:
        """Where the last sample's period ends, in seconds on the clock of the events."""
        return self.start + len(self.values) / self.rate

    def cut(self, first: float, last: float) -> tuple[NDArray[np.float64], float]:
        """The samples between two times, both included, as far as they were recorded.

        Returns:
            (T, channels) samples, and the time of the first of them.
        """
        begin = max(0, int(np.ceil((first - self.start) * self.rate - 1e-6)))
        end = max(begin, int(np.floor((last - self.start) * self.rate + 1e-6)) + 1)
        return np.array(self.values[begin:end], dtype=np.float64), self.start + begin / self.rate
