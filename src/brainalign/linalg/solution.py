"""Solution: weights on lagged features as they came, and the prediction they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.linalg.gram import transform
from brainalign.linalg.lags import convolve

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Solution:
    """Weights on the lagged ``[h, 1]`` of features as they came, so that no one need standardise again.

    Attributes:
        weights: (m, q, c) on the lagged ``[h, 1] columns``.
        intercept: (c,).
        columns: (d+1, q) from features to their components; None where there are none, and q is d+1.
    """

    weights: Tensor
    intercept: Tensor
    columns: Tensor | None = None

    @property
    def coef(self) -> Tensor:
        """(m, d+1, c) weights on ``[h, 1]``; the last row of each lag is the share of the features' mean."""
        return self.weights if self.columns is None else self.columns @ self.weights

    def predict(self, values: NDArray[np.floating], lags: NDArray[np.int64]) -> NDArray[np.float64]:
        """Predicted responses of one presentation.

        Args:
            values: (T, d) features, not standardised.
            lags: (m,) the lags of the fit.

        Returns:
            (T, c).
        """
        rows = np.hstack([values, np.ones((len(values), 1))])
        if self.columns is not None:
            rows = rows @ self.columns.numpy()
        predicted = convolve(rows, self.weights.numpy(), lags)
        predicted += self.intercept.numpy()
        return predicted


def raw_weights(w: Tensor, mean: Tensor, sd: Tensor) -> Tensor:
    """Weights on ``[h, 1]`` that do what these do on ``(h - mean) / sd``.

    Args:
        w: (m, d, c).
        mean: (d,).
        sd: (d,).

    Returns:
        (m, d+1, c).
    """
    import torch

    raw = w / sd[:, None]
    return torch.cat([raw, -(mean @ raw)[:, None]], dim=1)


def solution_of(w: Tensor, intercept: Tensor, mean: Tensor, sd: Tensor, basis: Tensor | None) -> Solution:
    """The solution with these weights on ``(h - mean) / sd``, or on its components.

    Args:
        w: (m, q, c).
        intercept: (c,).
        mean: (d,).
        sd: (d,).
        basis: (d, q) or None.
    """
    if basis is None:
        return Solution(raw_weights(w, mean, sd).cpu(), intercept.cpu())
    return Solution(w.cpu(), intercept.cpu(), transform(mean, sd, basis).cpu())
