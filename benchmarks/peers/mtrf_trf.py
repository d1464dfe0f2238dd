"""mTRFpy: TRF.train with an alpha for each electrode."""

from __future__ import annotations

import numpy as np
from mtrf import TRF

from benchmarks.peers.common import Array, Fit
from benchmarks.problem import RATE, Inputs, Problem

NOTE = "chooses by mean squared error; its refit has a penalty {:.2f} times as large (a mean over presentations)"


def least_bytes(problem: Problem) -> float:
    """One covariance matrix a presentation."""
    return 8.0 * problem.presentations * (problem.p + 1) ** 2


def fit(problem: Problem, inputs: Inputs, device: str) -> Fit:
    """Cross-validation over its own folds (the problem's are drawn as it draws them), and refit.

    mTRFpy adds ``lambda rate`` to the Gram matrix averaged over training presentations: ``lambda = alpha / (rate n)``.
    It scores presentation by presentation; their squared errors are kept on the way and summed to the R2 of each fold.
    """
    errors: list[Array] = []

    def negative_mse(actual: Array, predicted: Array) -> Array:
        errors.append(((actual - predicted) ** 2).sum(axis=0))
        return -errors[-1] / len(actual)

    train = problem.presentations * (problem.folds - 1) / problem.folds
    grid = problem.alphas / (RATE * train)
    trf = TRF(direction=-1 if problem.backward else 1, metric=negative_mse)
    given, wanted = list(inputs.features), list(inputs.responses)
    trf.train(
        *((wanted, given) if problem.backward else (given, wanted)), int(RATE), 0.0, problem.tmax, grid.tolist(),
        k=problem.folds, seed=problem.seed, verbose=False, reg_per_y_channel=True,
    )  # fmt: skip
    chosen = problem.alphas[np.abs(np.log(trf.regularization[:, None] / grid)).argmin(axis=1)]
    return Fit(chosen, _r2(problem, inputs, errors), note=NOTE.format(problem.presentations / train))


def _r2(problem: Problem, inputs: Inputs, errors: list[Array]) -> Array:
    """(alphas, c) mean R2 over the folds from squared errors in the order alphas, folds, presentations."""
    tests = [test for _, test in problem.splits]
    per_alpha = np.reshape(errors, (problem.n_alphas, problem.presentations, -1))
    bounds = np.cumsum([0, *map(len, tests)])[:-1]
    sse = np.add.reduceat(per_alpha, bounds, axis=1)
    sst = []
    for train, test in problem.splits:
        mean = np.vstack([inputs.responses[i] for i in train]).mean(axis=0)
        sst.append(((np.vstack([inputs.responses[i] for i in test]) - mean) ** 2).sum(axis=0))
    return (1 - sse / np.array(sst)).mean(axis=1)
