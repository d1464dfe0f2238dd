"""himalaya RidgeCV on the literal lagged matrix; its three files choose backend, precision and batches."""

from __future__ import annotations

from typing import Any

import numpy as np
from himalaya.backend import set_backend
from himalaya.ridge import RidgeCV
from sklearn.model_selection import PredefinedSplit

from benchmarks.peers.common import Fit, stacked
from benchmarks.problem import Inputs, Problem


def himalaya_bytes(problem: Problem, itemsize: int, alphas_at_once: int) -> float:
    """Lagged matrix and its centred copy, training rows and their SVD, resolution matrices and their products with test rows.

    Args:
        problem: The sizes.
        itemsize: Bytes a number.
        alphas_at_once: Resolution matrices held together.
    """
    test = problem.frames / problem.folds
    train = problem.frames - test
    held = 2 * problem.frames * problem.p + 2 * train * problem.p
    return itemsize * (held + alphas_at_once * train * (problem.p + test))


def fit_himalaya(
    problem: Problem, inputs: Inputs, backend: str, dtype: str, note: str, alphas_at_once: int | None = None
) -> Fit:
    """One RidgeCV; its scorer hands over every score, so that they need no second run.

    Args:
        problem: The sizes.
        inputs: The data.
        backend: ``numpy`` or ``torch``.
        dtype: ``float32`` or ``float64``.
        note: For the table.
        alphas_at_once: himalaya's ``n_alphas_batch``; None, its default, holds all of them in memory.
    """
    set_backend(backend)
    x, y = (v.astype(dtype, copy=False) for v in stacked(inputs, problem.lags))
    parts: list[np.ndarray] = []

    def r2(actual: Any, predicted: Any) -> Any:
        """R2 of (alphas, rows, c) predictions about the training mean, which himalaya has subtracted from both."""
        scores = 1 - ((actual - predicted) ** 2).sum(1) / (actual**2).sum(0)
        parts.append(np.asarray(scores, dtype=np.float64))
        return scores

    ridge = RidgeCV(
        alphas=problem.alphas.astype(dtype),
        fit_intercept=True,
        cv=PredefinedSplit(problem.fold_of_row),
        solver_params={"score_func": r2, "n_alphas_batch": alphas_at_once, "warn": False},
    ).fit(x, y)
    scores = np.concatenate(parts).reshape(problem.folds, problem.n_alphas, -1).mean(axis=0)
    # by position: float32 alphas are not equal to float64 ones
    nearest = np.abs(np.log(np.asarray(ridge.best_alphas_)[:, None] / problem.alphas)).argmin(axis=1)
    return Fit(problem.alphas[nearest], scores, note=note)
