"""Removal of slow drifts by a cosine basis, as SPM does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cosine_highpass(values: NDArray[np.floating], period: float, cutoff: float = 128.0) -> NDArray[np.float64]:
    """Regress the mean and the slow cosines of the discrete cosine transform out of each column.

    The basis is ``cos(pi k (t + 1/2) / T)`` for k = 0..K with ``K = floor(2 T period / cutoff)`` (SPM's ``spm_filter``).

    Args:
        values: (T, c), NaN where not recorded.
        period: Seconds between samples (the TR).
        cutoff: Seconds; slower fluctuations go.

    Returns:
        (T, c) residuals, NaN where the input is.

    Example:
        >>> drift = np.cos(np.pi * (np.arange(100) + 0.5) / 100)[:, None]
        >>> bool(np.abs(cosine_highpass(5 + drift, period=2.0)).max() < 1e-12)
        True
    """
    x = np.asarray(values, dtype=np.float64)
    length = len(x)
    order = int(np.floor(2 * length * period / cutoff))
    basis = np.cos(np.pi * np.outer(np.arange(length) + 0.5, np.arange(order + 1)) / length)
    out = np.full_like(x, np.nan)
    for c in range(x.shape[1]):
        valid = np.isfinite(x[:, c])
        weights = np.linalg.lstsq(basis[valid], x[valid, c], rcond=None)[0]
        out[valid, c] = x[valid, c] - basis[valid] @ weights
    return out
