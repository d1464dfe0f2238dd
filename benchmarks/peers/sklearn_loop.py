"""scikit-learn: Ridge for every fold and alpha on the literal lagged matrix."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import Ridge

from benchmarks.peers.common import Fit, choice, stacked
from benchmarks.problem import Inputs, Problem


def least_bytes(problem: Problem) -> float:
    """The lagged matrix, a fold's training and test rows, Ridge's centred copy of the former, and its Gram matrix."""
    return 8.0 * problem.p * (problem.frames * (3 - 1 / problem.folds) + problem.p)


def fit(problem: Problem, inputs: Inputs, device: str) -> Fit:
    """The loop that most people write, and one refit for each alpha that was chosen."""
    x, y = stacked(inputs, problem.lags)
    fold = problem.fold_of_row
    scores = np.zeros((problem.n_alphas, problem.electrodes))
    for f in range(problem.folds):
        train, test = fold != f, fold == f
        x_train, y_train, x_test, y_test = x[train], y[train], x[test], y[test]
        total = ((y_test - y_train.mean(axis=0)) ** 2).sum(axis=0)
        for a, alpha in enumerate(problem.alphas):
            error = ((y_test - Ridge(alpha).fit(x_train, y_train).predict(x_test)) ** 2).sum(axis=0)
            scores[a] += (1 - error / total) / problem.folds
    chosen = choice(scores, problem)
    for alpha in np.unique(chosen):
        Ridge(alpha).fit(x, y[:, chosen == alpha])
    return Fit(chosen, scores, note="a loop of Ridge over folds and alphas")
