"""Channels as they are read, some at a time: what is missing, the spectrum, the notch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.preprocessing.channels import flat, steady_variance
from brainalign.data.preprocessing.line_noise import notch
from brainalign.data.preprocessing.quality import powers
from brainalign.data.preprocessing.segments import valid_data
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.signal.gaps import bridge
from brainalign.signal.threads import in_threads

if TYPE_CHECKING:
    from mne.io import BaseRaw

BLOCK = 4
"""Channels that a thread holds at once, which bounds the memory."""
_READ = 16
"""Channels that are read at once where a recording lies in memory."""


@dataclass
class Cleaned:
    """What is left of channels once they are read.

    Attributes:
        data: (c, T) bridged and notched. For high gamma float32 about each channel's mean, which is finer than a converter of 24
            bits; otherwise float64.
        missing: (c, T) whether a sample was bridged.
        dead: Place -> why it never varies.
        frequencies: (f,) Hz.
        densities: (c, f) power before the notch.
        variances: (c,) after it (:func:`brainalign.data.preprocessing.channels.steady_variance`).
    """

    data: NDArray[np.floating[Any]]
    missing: NDArray[np.bool_]
    dead: dict[int, str]
    frequencies: NDArray[np.float64]
    densities: NDArray[np.float64]
    variances: NDArray[np.float64]

    def only(self, places: Sequence[int]) -> tuple[NDArray[np.floating[Any]], NDArray[np.bool_]]:
        """Data and what is missing of some channels, in the memory that all had.

        Args:
            places: Ascending.
        """
        for to, place in enumerate(places):
            if to != place:
                self.data[to], self.missing[to] = self.data[place], self.missing[place]
        return self.data[: len(places)], self.missing[: len(places)]


def cleaned(
    raw: BaseRaw, names: Sequence[str], rate: float, settings: Preprocessing, pieces: Sequence[slice]
) -> Cleaned:
    """Read channels, bridge what is missing, and notch.

    Args:
        raw: The recording.
        names: Of the channels.
        rate: Samples per second.
        settings: ``line_frequency`` settled.
        pieces: Of the recording, each by itself.
    """
    shape = (len(names), raw.n_times)
    narrow = settings.signal == "high_gamma"
    data = np.empty(shape, dtype=np.float32 if narrow else np.float64)
    missing = np.empty(shape, dtype=np.bool_)
    take_out = notch(rate, settings.line_frequency)
    dead: dict[int, str] = {}
    found = []

    for first, read in _blocks(raw, names):

        def work(block: slice, first: int = first, read: NDArray[np.float64] = read) -> Any:
            rows, here = read[block], slice(first + block.start, first + block.stop)
            why = {here.start + c: reason for c, reason in flat(rows).items()}
            for piece in pieces:
                missing[here, piece] = bridge(rows[:, piece])
            frequencies, densities = powers(rows, rate, pieces)
            for piece in pieces:
                take_out(rows[:, piece])
            variances = steady_variance(rows, rate, pieces)
            data[here] = rows - rows.mean(axis=1, keepdims=True) if narrow else rows
            return why, frequencies, densities, variances

        found += in_threads(work, len(read), BLOCK)
    for why, *_ in found:
        dead |= why
    _, frequencies, densities, variances = zip(*found, strict=True)
    return Cleaned(data, missing, dead, frequencies[0], np.concatenate(densities), np.concatenate(variances))


def _blocks(raw: BaseRaw, names: Sequence[str]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """The first place of some channels and their (c, T) samples; all at once from a file, which is then read once."""
    step = _READ if raw.preload else len(names)
    for first in range(0, len(names), step):
        yield first, valid_data(raw, names[first : first + step])
