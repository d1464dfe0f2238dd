"""A symmetric filter, without delay."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

_TOGETHER = 4
"""Parts of a row that are transformed at once, which is faster than one by one."""


def zero_phase(rows: NDArray[np.float64], kernel: NDArray[np.float64]) -> None:
    """Filter each row by a symmetric kernel, in place.

        y(t) = sum_k h(k) x(t - k),    k = -n .. n

    The ends are continued by reflection about the end points, ``2 x(0) - x(k)``, as MNE does (``pad="reflect_limited"``).

    Args:
        rows: (c, T), T >= 2 n + 1.
        kernel: (2 n + 1,).

    Example:
        >>> x = np.arange(5.0)[None]
        >>> zero_phase(x, np.array([0.25, 0.5, 0.25]))
        >>> bool(np.allclose(x, np.arange(5.0)))
        True
    """
    from scipy.fft import irfft, next_fast_len, rfft

    reach, samples = len(kernel) // 2, rows.shape[1]
    length = next_fast_len(4 * len(kernel), real=True)
    step = length - 2 * reach  # samples of a transform that no wrapped one reaches (overlap-save)
    count = -(-samples // step)
    response = rfft(kernel, length)
    longer = np.zeros(count * step + 2 * reach)
    for row in rows:
        longer[:reach] = 2 * row[0] - row[reach:0:-1]
        longer[reach : reach + samples] = row
        longer[reach + samples : samples + 2 * reach] = 2 * row[-1] - row[-2 : -reach - 2 : -1]
        parts = sliding_window_view(longer, length)[::step]
        found = np.empty((count, step))
        for first in range(0, count, _TOGETHER):
            some = slice(first, first + _TOGETHER)
            found[some] = irfft(rfft(parts[some]) * response, length, overwrite_x=True)[:, 2 * reach :]
        row[:] = found.ravel()[:samples]
