"""Scores of a prediction, per electrode: never across electrodes, and never under another score's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.linalg.variation import CENTRED, varies


@dataclass(frozen=True)
class FoldScores:
    """Scores of one outer fold, each (c,).

    Attributes:
        r: Pearson correlation over the fold's rows; 0 for a constant prediction, NaN for a response that is flat there.
        r2: ``1 - SSE / SST`` with SST about the *training* mean; may be negative.
        n: Rows scored.
        constant: Whether the prediction was constant.
        flat: Whether rows were recorded and the response does not vary in them: there is no score, and the fold is counted.
    """

    r: NDArray[np.float64]
    r2: NDArray[np.float64]
    n: NDArray[np.int64]
    constant: NDArray[np.bool_]
    flat: NDArray[np.bool_]


def score(
    actual: NDArray[np.floating[Any]],
    predicted: NDArray[np.float64],
    train_mean: NDArray[np.float64],
    train_variance: NDArray[np.float64] | float = 0.0,
) -> FoldScores:
    """Pearson r and R2 of each electrode over time, rows with a missing response left out.

    Args:
        actual: (T, c) responses, NaN where not recorded.
        predicted: (T, c).
        train_mean: (c,) mean response of the training rows.
        train_variance: (c,) and its variance there, which tells a flat response; 0 where there are no such rows.

    Example:
        >>> y = np.array([[0.0], [1.0], [2.0]])
        >>> float(score(y, 2 * y + 1, np.zeros(1)).r[0])
        1.0
    """
    valid = np.isfinite(actual)
    n, whole = valid.sum(axis=0), bool(valid.all())

    def known(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        return values if whole else np.where(valid, values, 0.0)

    y, p, safe = known(actual), known(predicted), np.maximum(n, 1)
    yc, pc = known(y - y.sum(axis=0) / safe), known(p - p.sum(axis=0) / safe)
    yy, pp, yp = (yc**2).sum(axis=0), (pc**2).sum(axis=0), (yc * pc).sum(axis=0)
    constant = ~varies(pp, (p**2).sum(axis=0), rounding=CENTRED)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.where(constant, 0.0, yp / np.sqrt(yy * pp))
        sst = (known(y - train_mean) ** 2).sum(axis=0)
        r2 = 1.0 - ((y - p) ** 2).sum(axis=0) / sst
    alive = varies(yy / safe, (y**2).sum(axis=0) / safe, train_variance, CENTRED) & (n > 1)
    return FoldScores(np.where(alive, r, np.nan), np.where(alive, r2, np.nan), n, constant, ~alive & (n > 0))


def over_folds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the outer folds in which an electrode has a score.

    Args:
        values: (folds, c), NaN where there is none.

    Returns:
        (c,); NaN where no fold has one.

    Example:
        >>> over_folds(np.array([[0.2, np.nan], [np.nan, np.nan]])).tolist()
        [0.2, nan]
    """
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
