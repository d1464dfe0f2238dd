"""Removal of slow drifts by regression on cosines, as SPM does it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def cosine_highpass(values: NDArray[np.floating[Any]], period: float, cutoff: float = 128.0) -> NDArray[np.float64]:
    """Regress the mean and the slow cosines of the discrete cosine transform out of each column.

    The regressors are ``cos(pi k (t + 1/2) / T)``, t = 0..T-1, for k = 0..K with ``K = floor(2 T period / cutoff)``:
    the set that SPM's ``spm_filter`` and ``spm_dctmtx`` build. Columns with missing rows are fitted on the rows that
    they have.

    Args:
        values: (T, c), not finite where nothing valid was recorded.
        period: Seconds between rows (the TR).
        cutoff: Seconds; slower fluctuations are removed.

    Returns:
        (T, c) residuals; NaN where the input is not finite, and in all of a column that has no more valid rows than
        regressors.

    Example:
        >>> t = np.arange(100)
        >>> drift = 5 + 3 * np.cos(np.pi * 2 * (t + 0.5) / 100)
        >>> bool(np.abs(cosine_highpass(drift[:, None], period=2.0)).max() < 1e-12)
        True
    """
    x = np.asarray(values, dtype=np.float64)
    length = len(x)
    order = int(np.floor(2 * length * period / cutoff))
    basis = np.cos(np.pi * np.outer(np.arange(length) + 0.5, np.arange(order + 1)) / length)  # (T, K + 1)
    out = np.full_like(x, np.nan)
    for column in range(x.shape[1]):
        rows = np.isfinite(x[:, column])
        if rows.sum() > order + 1:
            y = x[rows, column]
            out[rows, column] = y - basis[rows] @ np.linalg.lstsq(basis[rows], y, rcond=None)[0]
    return out
