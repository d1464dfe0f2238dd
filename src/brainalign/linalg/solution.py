"""Solution: weights on lagged features as they came, and the prediction they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.linalg.lags import convolve

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Solution:
    """Weights on the lagged ``[h, 1]`` of features as they came, so that no one need standardise again.

    Attributes:
        coef: (m, d+1, c) weights; the last row of each lag is the share of the features' mean.
        intercept: (c,).
    """

    coef: Tensor
    intercept: Tensor

    def predict(self, values: NDArray[np.floating], lags: NDArray[np.int64]) -> NDArray[np.float64]:
        """Predicted responses of one presentation.

        Args:
            values: (T, d) features, not standardised.
            lags: (m,) the lags of the fit.

        Returns:
            (T, c).
        """
        ones = np.ones((len(values), 1))
        predicted = convolve(np.hstack([values, ones]), self.coef.numpy(), lags)
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
