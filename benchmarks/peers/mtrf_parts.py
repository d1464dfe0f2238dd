"""mTRFpy by its parts, where the whole is too large: each is run once and counted as often as ``TRF.train`` runs it.

A lower bound of its time (without the means over covariance matrices, and the last solve) and of its memory (without lagged
matrices).
"""

from __future__ import annotations

import time

import numpy as np
from mtrf import TRF
from mtrf.matrices import covariance_matrices, lags_idx, regularization_matrix

from benchmarks.peers.common import Fit
from benchmarks.problem import RATE, Inputs, Problem

NOTE = (
    "one presentation's covariance ({:.1f} s, run {} times by TRF.train), one inverse ({:.1f} s, {} times) and one fold's "
    "prediction ({:.1f} s, {} times) were run; MiB is what its {} matrices of that size alone hold at once"
)


def least_bytes(problem: Problem) -> float:
    """The lagged matrix of a presentation, its covariance, and what an inverse takes."""
    return 8.0 * (problem.p + 1) * (max(problem.lengths) + 4 * (problem.p + 1))


def fit(problem: Problem, inputs: Inputs, device: str) -> Fit:
    """One covariance, one inverse and one fold's prediction, at the middle penalty."""
    sides = (inputs.responses, inputs.features) if problem.backward else (inputs.features, inputs.responses)
    direction, n, k = -1 if problem.backward else 1, problem.presentations, problem.folds
    x, y = sides[::-1] if problem.backward else sides
    ends = (-problem.tmax, 0.0) if problem.backward else (0.0, problem.tmax)
    lags = lags_idx(np, *ends, int(RATE))
    clock = [time.perf_counter()]
    xx, xy = covariance_matrices(x[:1], y[:1], lags, True, True)
    clock.append(time.perf_counter())
    penalty = regularization_matrix(xx.shape[1], np, "ridge") * problem.alphas[len(problem.alphas) // 2] / n
    w = np.linalg.inv(xx[0] + penalty) @ xy[0] * RATE
    clock.append(time.perf_counter())
    trf = TRF(direction=direction)
    trf.times, trf.bias, trf.fs = np.array(lags) / RATE, w[:1], int(RATE)
    trf.weights = w[1:].reshape((x[0].shape[1], len(lags), -1), order="F")
    test = problem.splits[0][1]
    trf.predict(*([v[i] for i in test] for v in sides))
    clock.append(time.perf_counter())
    took, counts = np.diff(clock), np.array([2 * n, problem.n_alphas * k, problem.n_alphas * k])
    held = (
        2 * n - n // k + 2
    )  # one a presentation, those of a training set copied for their mean, the mean, and the penalty
    note = NOTE.format(*(v for pair in zip(took, counts, strict=True) for v in pair), held)
    return Fit(times=float(took @ counts) / (clock[-1] - clock[0]), note=note, bytes=8 * held * (problem.p + 1) ** 2)
