"""Ridge regression from moments: solutions for a list of alphas, and held-out scores without predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import Arithmetic, largest_eigenvalue
from brainalign.linalg.lags import convolve
from brainalign.linalg.moments import Moments, normal_equations

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Solution:
    """Weights on the lagged ``[h, 1]`` of features as they came, so that no one need standardise again.

    Attributes:
        coef: (m, d+1, c) weights; the last row of each lag is the share of the features' mean.
        intercept: (c,).
        precision: In which the system was solved.
    """

    coef: Tensor
    intercept: Tensor
    precision: torch.dtype

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


def ridge_path(
    train: Moments,
    mean: Tensor,
    sd: Tensor,
    alphas: Sequence[float],
    intercept_alpha: float = 0.0,
    arithmetic: Arithmetic = Arithmetic(),
) -> Iterator[Solution]:
    """Ridge solutions of ``(X'X + alpha I) w = X'y`` for each alpha, X the lagged ``(h - mean) / sd``, X and y centred.

    Args:
        train: Moments of the training rows.
        mean: (d,) of the standardisation.
        sd: (d,) of the standardisation.
        alphas: Penalties, each > 0.
        intercept_alpha: Penalty of the intercept.
        arithmetic: Device and precision; the matrix may overrule float32.

    Yields:
        One Solution an alpha, in their order.

    Raises:
        BrainalignError: The matrix is not positive definite at this alpha.
    """
    import torch

    m, d = train.xsum.shape[0], train.xsum.shape[1] - 1
    device = arithmetic.torch_device()
    normal = normal_equations(train, mean, sd, intercept_alpha)
    exact = normal.gram.to(device)
    largest = largest_eigenvalue(exact) if arithmetic.dtype == "float32" else 0.0
    copies = {torch.float64: exact}
    for alpha in alphas:
        precision = arithmetic.precision(largest, alpha)
        gram = copies.setdefault(precision, exact.to(precision))
        system = gram.clone()
        system.diagonal().add_(alpha)
        factor, fault = torch.linalg.cholesky_ex(system)
        if int(fault):
            raise BrainalignError(
                f"encoding.alphas holds {alpha:g}, too small for these features: with it their lagged Gram matrix "
                f"is not positive definite; use at least {1e-13 * float(exact.diagonal().sum()):.1g}."
            )
        w = torch.cholesky_solve(normal.cross.to(device, precision), factor).to("cpu", torch.float64)
        intercept = (train.ysum - normal.xsum @ w) / (train.n + intercept_alpha)
        raw = w.reshape(m, d, -1) / sd[None, :, None]
        ones = -(mean[None, :, None] * raw).sum(dim=1, keepdim=True)
        yield Solution(torch.cat([raw, ones], dim=1), intercept, precision)


class HeldOut:
    """Rows to score on, as moments: R2 of any solution without predictions.

        SSE = y'y - 2 w'X'y - 2 b sum y + w'X'X w + 2 b w' sum x + n b^2,   SST about the training mean

    In float64 the cancellation costs about ``eps * y'y / SSE``; it forbids this only where SSE / y'y < 1e-10, that is
    R2 > 1 - 1e-10, which no recording reaches. The quadratic term of a float32 solution is taken in float32: it costs
    1e-6 of R2.

    Args:
        moments: Of the held-out rows.
        arithmetic: Device of the products.
    """

    def __init__(self, moments: Moments, arithmetic: Arithmetic = Arithmetic()) -> None:
        p = moments.xsum.numel()
        self.moments, self._device = moments, arithmetic.torch_device()
        self._gram = {moments.gram.dtype: moments.gram.view(p, p).to(self._device)}

    def r2(self, fit: Solution, train_mean: Tensor) -> Tensor:
        """R2 of each response.

        Args:
            fit: A solution on other rows.
            train_mean: (c,) mean response of the training rows.

        Returns:
            (c,) R2; NaN where a response does not vary.
        """
        import torch

        test = self.moments
        p = test.xsum.numel()
        w, b = fit.coef.reshape(p, -1), fit.intercept
        gram = self._gram.setdefault(fit.precision, self._gram[torch.float64].to(fit.precision))
        low = w.to(self._device, fit.precision)
        quadratic = (low * (gram @ low)).sum(0).to("cpu", torch.float64)
        explained = 2 * (w * test.cross.view(p, -1)).sum(0)
        offset = 2 * b * (test.xsum.view(p) @ w) + test.n * b**2 - 2 * b * test.ysum
        sse = test.yy - explained + quadratic + offset
        sst = test.yy - 2 * train_mean * test.ysum + test.n * train_mean**2
        return torch.where(sst > 0, 1 - sse / sst, torch.full_like(sst, float("nan")))


def solve_chosen(
    train: Moments,
    mean: Tensor,
    sd: Tensor,
    alphas: NDArray[np.float64],
    intercept_alpha: float = 0.0,
    arithmetic: Arithmetic = Arithmetic(),
) -> Solution:
    """Solve with one alpha a response: one factorisation for each alpha that any response chose.

    Args:
        train: Moments of the training rows; c responses.
        mean: (d,) of the standardisation.
        sd: (d,) of the standardisation.
        alphas: (c,) the alpha of each response.
        intercept_alpha: Penalty of the intercept.
        arithmetic: Device and precision.
    """
    import torch

    coef = torch.zeros(*train.cross.shape, dtype=torch.float64)
    intercept = torch.zeros(len(alphas), dtype=torch.float64)
    values = np.unique(alphas)
    path = ridge_path(train, mean, sd, values.tolist(), intercept_alpha, arithmetic)
    for alpha, solution in zip(values, path, strict=True):
        mine = torch.from_numpy(np.flatnonzero(alphas == alpha))
        coef[:, :, mine], intercept[mine] = solution.coef[:, :, mine], solution.intercept[mine]
    return Solution(coef, intercept, torch.float64)
