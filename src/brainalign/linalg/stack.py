"""Stack: the rows of several stimuli under one another, with zeros between them, so that a lag is a shift of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from brainalign.linalg import arithmetic

if TYPE_CHECKING:
    import torch
    from torch import Tensor


ROWS = 8192
"""Rows that are taken to float64 at a time."""

Electrodes = slice | NDArray[np.int64]
"""Some of the responses."""


class Columns(Protocol):
    """(T, c) responses of which ``[rows, electrodes]`` are read where they are used: an array, or what makes one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """T and c."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what is read."""

    def __getitem__(self, key: Any, /) -> Any:
        """The array of some rows (a slice) and electrodes (a slice or indices)."""


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
    response: Columns
    power: NDArray[np.float64]


@dataclass(frozen=True)
class Streamed:
    """(R, c) responses of a stack that are too many to hold: ``[rows, electrodes]`` is put together where it is used.

    Attributes:
        pieces: Place in the stack, and where its rows come from.
        shape: R and c.
        dtype: Of what is read.
        device: Where it goes.
    """

    pieces: tuple[tuple[slice, Columns, slice], ...]
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    device: torch.device | str = "cpu"

    def __getitem__(self, key: tuple[slice, Any]) -> Tensor:
        """(rows, electrodes)."""
        import torch

        rows, electrodes = key
        parts = [(place, source[seen, electrodes]) for place, source, seen in self.pieces]
        out = np.zeros((self.shape[0], parts[0][1].shape[1]), dtype=self.dtype)
        for place, values in parts:
            out[place] = values
        return torch.from_numpy(out[rows]).to(self.device)

    def to(self, device: torch.device) -> Streamed:
        """The same for a device."""
        return replace(self, device=device)


@dataclass(frozen=True)
class Stack:
    """Segments under one another with ``pad`` zero rows around each: no lag carries one into the next.

    Attributes:
        values: (R, d+1) features (less a centre, where they have one), and a column that is one inside the stimuli and zero outside.
        weight: (R,) float64.
        response: (R, c) summed responses, zero where the weight is; more than ``HELD`` electrodes are read where they are used.
        power: (c,) float64.
        pad: Zero rows around each stimulus; no lag is longer.
    """

    values: Tensor
    weight: Tensor
    response: Tensor | Streamed
    power: Tensor
    pad: int

    def to(self, device: torch.device) -> Stack:
        """The same on a device."""
        values, weight, power = (v.to(device) for v in (self.values, self.weight, self.power))
        return Stack(values, weight, self.response.to(device), power, self.pad)

    @property
    def inner(self) -> tuple[int, int]:
        """First and one past the last row that can carry weight."""
        return self.pad, len(self.weight) - self.pad

    @cached_property
    def second(self) -> Tensor:
        """(d, d) weighted products of the features with themselves, without lags, float64; some rows at a time."""
        out = self.weight.new_zeros(self.values.shape[1] - 1, self.values.shape[1] - 1)
        for at in range(0, len(self.weight), ROWS):
            h = self.values[at : at + ROWS, :-1].double()
            out.addmm_((h * self.weight[at : at + ROWS, None]).T, h)
        return out


def stack(
    segments: Sequence[Segment],
    lags: NDArray[np.int64],
    device: torch.device | str = "cpu",
    centre: NDArray[np.float64] | None = None,
) -> Stack:
    """Put segments under one another, each cut to the rows that its weighted rows can see through the window.

    Args:
        segments: The stimuli; features (T_i, d), responses (T_i, c).
        lags: (m,) consecutive integers.
        device: Where the numbers go.
        centre: (d,) what is taken off each feature.
    """
    import torch

    first, last = int(lags[0]), int(lags[-1])
    pad = max(abs(first), abs(last)) + 1
    kept = [(s, *_seen(s.weight, first, last)) for s in segments]
    d, c = segments[0].values.shape[1], segments[0].response.shape[1]
    rows = pad + sum(hi - lo + pad for _, lo, hi in kept)
    values = np.zeros((rows, d + 1), dtype=np.result_type(*{s.values.dtype for s in segments}, np.float32))
    dtype = np.result_type(*{s.response.dtype for s in segments}, np.float32)
    weight, at, pieces = np.zeros(rows), pad, []
    for s, lo, hi in kept:
        here = slice(at, at + hi - lo)
        part = s.values[lo:hi]
        values[here, :d], values[here, d] = part if centre is None else part.astype(np.float64) - centre, 1.0
        weight[here] = s.weight[lo:hi]
        pieces.append((here, s.response, slice(lo, hi)))
        at += hi - lo + pad
    power = np.sum([s.power for s in segments], axis=0, dtype=np.float64)
    there = [torch.from_numpy(v).to(device) for v in (values, weight, power)]
    response = Streamed(tuple(pieces), (rows, c), dtype, device)
    narrow = c <= arithmetic.HELD
    return Stack(there[0], there[1], response[:, :] if narrow else response, there[2], pad)


def _seen(weight: NDArray[np.float64], first: int, last: int) -> tuple[int, int]:
    """Rows from the earliest to the latest that a weighted row looks at, or is."""
    used = np.flatnonzero(weight)
    if not len(used):
        return 0, 0
    return max(0, int(used[0]) - max(0, last)), min(len(weight), int(used[-1]) + 1 - min(0, first))
