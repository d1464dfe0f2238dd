"""Responses as they are fitted: centred, masked and summed over presentations where they are read, and never held a second time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.linalg import arithmetic
from brainalign.linalg.stack import Electrodes


class Centred:
    """The responses of every presentation without each channel's grand mean; made anew whenever one is asked for.

    Args:
        given: (T_i, C) for each presentation, NaN where not recorded.
        center: (C,) what is taken off.
        unit: (C,) what is divided by: powers of two, so that no digit changes.

    Example:
        >>> Centred([np.array([[1.0], [3.0]])], np.array([2.0]), np.ones(1))[0].ravel().tolist()
        [-1.0, 1.0]
    """

    def __init__(
        self, given: Sequence[NDArray[np.floating[Any]]], center: NDArray[np.float64], unit: NDArray[np.float64]
    ) -> None:
        self.given, self.center, self.unit = list(given), center, unit

    def __len__(self) -> int:
        return len(self.given)

    def __getitem__(self, place: int) -> NDArray[Any]:
        return self.read(place, slice(None))

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[i] for i in range(len(self)))

    def read(self, place: int, channels: Electrodes) -> NDArray[Any]:
        """(T, c) one presentation's response in some channels."""
        given = self.given[place]
        return (given[:, channels] - self.center[channels].astype(given.dtype)) / self.unit[channels].astype(
            given.dtype
        )


@dataclass(frozen=True)
class Summed:
    """(T, c) what is fitted of a stimulus: its presentations' responses, summed over the rows that count.

    Attributes:
        responses: All presentations.
        parts: Presentation, and (T,) its rows that count; zeros elsewhere.
        channels: (c,) whose.
        divisor: (T,) what the sum is divided by, or None.
    """

    responses: Centred
    parts: tuple[tuple[int, NDArray[np.bool_]], ...]
    channels: NDArray[np.int64]
    divisor: NDArray[np.float64] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """T and c."""
        return len(self.parts[0][1]), len(self.channels)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what is read."""
        dtype = self.responses.given[self.parts[0][0]].dtype
        return dtype if self.divisor is None else np.result_type(dtype, self.divisor.dtype)

    def __getitem__(self, key: tuple[slice, Electrodes]) -> NDArray[Any]:
        """Some rows and electrodes."""
        rows, electrodes = key
        channels = run(self.channels[electrodes])
        found = [np.where(keep[:, None], self.responses.read(i, channels), 0.0) for i, keep in self.parts]
        total = found[0]
        for more in found[1:]:
            total = total + more
        return (total if self.divisor is None else total / self.divisor[:, None])[rows]

    def __add__(self, other: Summed) -> Summed:
        return replace(self, parts=self.parts + other.parts)

    def sums(self, power: int = 1) -> NDArray[np.float64]:
        """(c,) sum over rows, or of squares; a block of electrodes at a time.

        Args:
            power: 1 or 2.
        """
        at_once = arithmetic.AT_ONCE
        blocks = (self[:, at : at + at_once] for at in range(0, len(self.channels), at_once))
        return np.concatenate([(values**power).sum(axis=0, dtype=np.float64) for values in blocks])


def run(places: NDArray[np.int64]) -> Electrodes:
    """Neighbouring places as a slice, which copies nothing; others as they are.

    Args:
        places: Ascending.

    Example:
        >>> run(np.array([3, 4, 5])), run(np.array([3, 5])).tolist()
        (slice(3, 6, None), [3, 5])
    """
    if len(places) and places[-1] - places[0] == len(places) - 1:
        return slice(int(places[0]), int(places[-1]) + 1)
    return places
