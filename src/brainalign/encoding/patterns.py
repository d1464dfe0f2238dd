"""Patterns: what the inputs of a linear model look like where its output is, which its weights do not say (Haufe et al. 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.linalg.lags import convolve, correlate

Array = NDArray[np.floating[Any]]


def patterns_of(
    inputs: Sequence[Array],
    coef: NDArray[np.float64],
    lags: NDArray[np.int64],
    valid: Sequence[NDArray[np.bool_]],
    jointly: bool = False,
) -> NDArray[np.float64]:
    """The pattern that belongs to the weights of a linear model.

        A = Cov(x) W Cov(W'x)^-1 = Cov(x, s) Cov(s)^-1,   s = W'x   (Haufe et al. 2014, eq. 6)

    with x the lagged inputs. A weight may be large only to cancel noise that another input shares; a pattern says how each input
    changes with one unit of the output. Cov(x, s) is a product a lag, so that the lagged matrix and its covariance are not built.
    Weights of centred inputs that are uncorrelated and of one variance are their own pattern, up to a factor.

    Args:
        inputs: (T_i, d) for each presentation, finite.
        coef: (lags, d, c) weights W.
        lags: (lags,) in frames.
        valid: (T_i, c) rows that were fitted, or (T_i, 1).
        jointly: The outputs are one model (all dimensions decoded from the same channels): each pattern is of what its output has
            apart from the others. Else each output is a model of its own, ``Cov(s)`` its variance.

    Returns:
        (lags, d, c), in units of the input per unit of the output; 0 where an output is constant.

    References:
        Haufe, S. et al. (2014). On the interpretation of weight vectors of linear models in multivariate neuroimaging.
        NeuroImage 87, 96-110.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> source, noise = rng.normal(size=(2, 500, 1))
        >>> channels = np.hstack([source + noise, noise])  # the second has nothing of the source; it takes the noise off the first
        >>> weights = np.array([[[1.0], [-1.0]]])
        >>> found = patterns_of([channels], weights, np.array([0]), [np.ones((500, 1), dtype=bool)])
        >>> bool(abs(found[0, 0, 0] - 1) < 0.1), bool(abs(found[0, 1, 0]) < 0.1)
        (True, True)
    """
    found = [convolve(x, coef, lags) for x in inputs]
    counted = [np.broadcast_to(v, s.shape) for v, s in zip(valid, found, strict=True)]
    rows = np.sum([v.sum(axis=0) for v in counted], axis=0)
    mean = np.sum([np.where(v, s, 0.0).sum(axis=0) for v, s in zip(counted, found, strict=True)], axis=0) / rows
    # with s centred on the rows that count, the mean of x drops out of Cov(x, s)
    centred = [np.where(v, s - mean, 0.0) for v, s in zip(counted, found, strict=True)]
    together = np.sum([correlate(x, s, lags) for x, s in zip(inputs, centred, strict=True)], axis=0)
    deviation = np.sqrt(np.sum([(s**2).sum(axis=0) for s in centred], axis=0))
    unit = np.where(deviation > 0, deviation, 1.0)
    if not jointly:
        return np.asarray(together / unit**2)
    correlation = np.sum([(s / unit).T @ (s / unit) for s in centred], axis=0)
    return np.asarray((together / unit) @ np.linalg.pinv(correlation, hermitian=True) / unit)
