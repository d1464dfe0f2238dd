"""Lagging by index: which lags a window holds, what the lagged matrix is, and prediction without ever building it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError


def lags_of(tmin: float, tmax: float, rate: float) -> NDArray[np.int64]:
    """The whole-sample lags of a window, both ends included.

    Args:
        tmin: First lag in seconds; negative lags let the response precede the feature.
        tmax: Last lag in seconds.
        rate: Frames per second.

    Returns:
        (n_lags,) consecutive integers from ``round(tmin rate)`` to ``round(tmax rate)``.

    Raises:
        BrainalignError: ``tmax`` lies before ``tmin``.

    Example:
        >>> lags_of(0.0, 0.38, 50.0).size
        20
    """
    if tmax < tmin:
        raise BrainalignError(f"window.tmax={tmax} lies before window.tmin={tmin}; tmax must not be smaller.")
    return np.arange(round(tmin * rate), round(tmax * rate) + 1)


def lag_matrix(values: NDArray[np.floating], lags: NDArray[np.int64]) -> NDArray[np.float64]:
    """The literal lagged design matrix of one presentation: column block k at row t is ``values[t - lags[k]]``.

    Zero outside the presentation. It exists for tests and for tiny problems; nothing in the engine builds it.

    Args:
        values: (T, d) features.
        lags: (n_lags,) integers.

    Returns:
        (T, n_lags * d), lag-major.

    Example:
        >>> lag_matrix(np.array([[1.0], [2.0], [3.0]]), np.array([0, 1])).tolist()
        [[1.0, 0.0], [2.0, 1.0], [3.0, 2.0]]
    """
    length, width = values.shape
    out = np.zeros((length, len(lags), width))
    for k, lag in enumerate(lags):
        lo, hi = max(0, lag), min(length, length + lag)
        if lo < hi:
            out[lo:hi, k] = values[lo - lag : hi - lag]
    return out.reshape(length, -1)


def convolve(values: NDArray[np.floating], coef: NDArray[np.floating], lags: NDArray[np.int64]) -> NDArray[np.float64]:
    """``lag_matrix(values, lags) @ coef`` as a sum over lags: memory of the order of the prediction itself.

    Args:
        values: (T, d) features.
        coef: (n_lags, d, c) weights.
        lags: (n_lags,) integers.

    Returns:
        (T, c) prediction without intercept.
    """
    length = len(values)
    out = np.zeros((length, coef.shape[2]))
    for k, lag in enumerate(lags):
        lo, hi = max(0, lag), min(length, length + lag)
        if lo < hi:
            out[lo:hi] += values[lo - lag : hi - lag] @ coef[k]
    return out


def correlate(
    values: NDArray[np.floating], others: NDArray[np.floating], lags: NDArray[np.int64]
) -> NDArray[np.float64]:
    """``lag_matrix(values, lags).T @ others`` as a product a lag: the transpose of :func:`convolve`.

    Args:
        values: (T, d) features.
        others: (T, c).
        lags: (n_lags,) integers.

    Returns:
        (n_lags, d, c).

    Example:
        >>> x, y, lags = np.arange(6.0).reshape(3, 2), np.ones((3, 1)), np.array([0, 1])
        >>> bool((correlate(x, y, lags).reshape(4, 1) == lag_matrix(x, lags).T @ y).all())
        True
    """
    length = len(values)
    out = np.zeros((len(lags), values.shape[1], others.shape[1]))
    for k, lag in enumerate(lags):
        lo, hi = max(0, lag), min(length, length + lag)
        if lo < hi:
            out[k] = values[lo - lag : hi - lag].T @ others[lo:hi]
    return out
