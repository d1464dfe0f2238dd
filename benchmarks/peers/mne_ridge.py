"""MNE: TimeDelayingRidge, the estimator of its ReceptiveField, fitted once and multiplied."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from mne.decoding import TimeDelayingRidge
from mne.utils import set_log_level

from benchmarks.peers.common import Array, Fit
from benchmarks.problem import RATE, Inputs, Problem


def least_bytes(problem: Problem) -> float:
    """Four matrices (p, p): covariance, penalty, their sum, and the solver's copy."""
    return 8.0 * 4 * problem.p**2


def fit(problem: Problem, inputs: Inputs, device: str) -> Fit:
    """One alpha on the training presentations of one fold; choosing would take folds x alphas such fits.

    MNE takes presentations of one length: shorter ones are filled up with zeros, which changes the solution but not the work.
    """
    set_log_level("error")
    train, _ = problem.splits[0]
    x, y = (_epochs([values[i] for i in train]) for values in (inputs.features, inputs.responses))
    TimeDelayingRidge(0.0, problem.tmax, RATE, alpha=problem.alphas[problem.n_alphas // 2]).fit(x, y)
    times = problem.folds * problem.n_alphas
    numba = "with" if find_spec("numba") else "without"
    padded = ", shorter presentations filled up with zeros" if problem.ragged else ""
    return Fit(times=times, note=f"ONE fit multiplied by {times} (folds x alphas), {numba} numba{padded}")


def _epochs(values: list[Array]) -> Array:
    """(time, presentations, columns), zeros after the end of each."""
    out = np.zeros((max(map(len, values)), len(values), values[0].shape[1]))
    for i, v in enumerate(values):
        out[: len(v), i] = v
    return out
