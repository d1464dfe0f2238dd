"""A window as a convolution, by Fourier transform: rows in blocks of the transform's length that overlap by the window (overlap-save)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

BYTES = 2**23
"""Of the products of transforms that are held at a time; a constant, so that the same config gives the same bits."""
ROW_BYTES = 2**21
"""Of the rows that are transformed at a time: more would leave the processor's cache."""
NARROW = 256
"""Columns of the narrower side up to which transforms are taken: products of wider matrices, lag by lag, are at full speed."""
LONG = 20
"""Lags from which on transforms take less time than products lag by lag: on AMD's processors they do from 8 on (at 20 lags a third of
the time), on Intel's, whose products of narrow matrices are faster, from about 32 on (at 20 lags, by count, a sixth more)."""


def by_transform(lags: int, left: int, right: int) -> bool:
    """Whether products of so many columns over lags are taken by transforms.

    Args:
        lags: m.
        left: Columns of the one side.
        right: Of the other.
    """
    return lags >= LONG and min(left, right) <= NARROW


def length_of(lags: int) -> int:
    """Length of the transform: the first power of two that holds two windows.

    Args:
        lags: m.

    Example:
        >>> length_of(20), length_of(5)
        (64, 16)
    """
    return 1 << (2 * lags - 1).bit_length()


def operations(lags: int) -> float:
    """Operations a row, feature and electrode of ``X w``: 8 for a complex product and sum, at each frequency of a block.

    Args:
        lags: m.

    Example:
        >>> round(operations(20), 2), 2 * 20  # by lag
        (5.87, 40)
    """
    length = length_of(lags)
    return 8 * (length / 2 + 1) / (length - lags + 1)


def lag_products(seen: Tensor, values: Tensor, lags: NDArray[np.int64]) -> Tensor:
    """(m, d, c) products ``sum_t h(t - l_k) v(t)'`` for each lag.

    Args:
        seen: (T + m - 1, d) the rows h from the first v's at the last lag to the last v's at the first.
        values: (T, c) the rows v.
        lags: (m,) consecutive integers.

    Example:
        >>> import torch
        >>> h, v = torch.arange(6.0).double()[:, None], torch.ones(4, 1).double()
        >>> lag_products(h, v, np.arange(3)).ravel().round(decimals=9).tolist()  # h from 2, 1 and 0 on
        [14.0, 10.0, 6.0]
    """
    import torch

    m, length = len(lags), length_of(len(lags))
    hop, frequencies, d, c = length - m + 1, length // 2 + 1, seen.shape[1], values.shape[1]
    pieces = -(-16 * frequencies * d * c // BYTES)
    columns = max(1, -(-c // max(1, pieces)))
    step = max(1, ROW_BYTES // (8 * length * max(1, d, min(c, columns)))) * hop
    products = seen.new_empty(m, d, c)
    for first in range(0, c, columns):
        some = values[:, first : first + columns]
        found = seen.new_zeros(frequencies, d, some.shape[1], dtype=seen.dtype.to_complex())
        for at in range(0, len(some), step):
            right = some[at : at + step]
            left = seen[at : at + len(right) + m - 1]
            blocks = -(-len(right) // hop)
            right = torch.nn.functional.pad(right, (0, 0, 0, blocks * hop - len(right)))
            left = torch.nn.functional.pad(left, (0, 0, 0, blocks * hop + m - 1 - len(left)))
            there = torch.fft.rfft(left.unfold(0, length, hop), dim=-1).permute(2, 1, 0)  # (frequencies, d, blocks)
            here = torch.fft.rfft(right.view(blocks, hop, -1), n=length, dim=1).permute(1, 0, 2)
            found.baddbmm_(there, here.conj().resolve_conj())
        products[:, :, first : first + columns] = torch.fft.irfft(found, n=length, dim=0)[:m].flip(0)
    return products
