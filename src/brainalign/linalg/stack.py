"""Stack: the rows of several stimuli under one another, with zeros between them, so that a lag is a shift of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Segment:
    """One stimulus as a regression problem: its features, and the responses of all its presentations summed.

    Attributes:
        values: (T, d) features.
        weight: (T,) number of presentations with a valid response at each frame (0 = not used).
        response: (T, c) sum of those responses.
        power: (c,) sum of their squares.
    """

    values: NDArray[np.floating]
    weight: NDArray[np.float64]
    response: NDArray[np.floating]
    power: NDArray[np.float64]


@dataclass(frozen=True)
class Stack:
    """Segments under one another with ``pad`` zero rows around each: no lag carries one into the next.

    Attributes:
        values: (R, d+1) features as they came, and a column that is one inside the stimuli and zero outside.
        weight: (R,) float64.
        response: (R, c) summed responses, zero where the weight is.
        power: (c,) float64.
        pad: Zero rows around each stimulus; no lag is longer.
    """

    values: Tensor
    weight: Tensor
    response: Tensor
    power: Tensor
    pad: int

    def to(self, device: torch.device) -> Stack:
        """The same on a device."""
        there = [v.to(device) for v in (self.values, self.weight, self.response, self.power)]
        return Stack(there[0], there[1], there[2], there[3], self.pad)

    @property
    def inner(self) -> tuple[int, int]:
        """First and one past the last row that can carry weight."""
        return self.pad, len(self.weight) - self.pad


def stack(segments: Sequence[Segment], lags: NDArray[np.int64], device: torch.device | str = "cpu") -> Stack:
    """Put segments under one another, each cut to the rows that its weighted rows can see through the window.

    Args:
        segments: The stimuli; features (T_i, d), responses (T_i, c).
        lags: (m,) consecutive integers.
        device: Where the numbers go.
    """
    import torch

    first, last = int(lags[0]), int(lags[-1])
    pad = max(abs(first), abs(last)) + 1
    kept = [(s, *_seen(s.weight, first, last)) for s in segments]
    d, c = segments[0].values.shape[1], segments[0].response.shape[1]
    rows = pad + sum(hi - lo + pad for _, lo, hi in kept)
    values = np.zeros((rows, d + 1), dtype=np.result_type(*{s.values.dtype for s in segments}, np.float32))
    response = np.zeros((rows, c), dtype=np.result_type(*{s.response.dtype for s in segments}, np.float32))
    weight, at = np.zeros(rows), pad
    for s, lo, hi in kept:
        here = slice(at, at + hi - lo)
        values[here, :d], values[here, d] = s.values[lo:hi], 1.0
        weight[here], response[here] = s.weight[lo:hi], s.response[lo:hi]
        at += hi - lo + pad
    power = np.sum([s.power for s in segments], axis=0, dtype=np.float64)
    there = [torch.from_numpy(v).to(device) for v in (values, weight, response, power)]
    return Stack(there[0], there[1], there[2], there[3], pad)


def _seen(weight: NDArray[np.float64], first: int, last: int) -> tuple[int, int]:
    """Rows from the earliest to the latest that a weighted row looks at, or is."""
    used = np.flatnonzero(weight)
    if not len(used):
        return 0, 0
    return max(0, int(used[0]) - max(0, last)), min(len(weight), int(used[-1]) + 1 - min(0, first))
