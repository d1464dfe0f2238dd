"""naplib: TRF, which fits one scikit-learn RidgeCV an electrode."""

from __future__ import annotations

import numpy as np
from naplib.encoding import TRF
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import PredefinedSplit

from benchmarks.peers.common import Fit
from benchmarks.problem import RATE, Inputs, Problem


def least_bytes(problem: Problem) -> float:
    """The lagged matrix, in parts and whole."""
    return 8.0 * 2 * problem.frames * problem.p


def fit(problem: Problem, inputs: Inputs, device: str) -> Fit:
    """One electrode; every further one repeats the same work."""
    ridge = RidgeCV(alphas=problem.alphas, cv=PredefinedSplit(problem.fold_of_row))
    trf = TRF(0.0, problem.tmax, RATE, estimator=ridge, show_progress=False)
    trf.fit(X=inputs.features, y=[y[:, :1] for y in inputs.responses])
    alpha = np.full(problem.electrodes, np.nan)
    alpha[0] = trf.models_[0].alpha_
    note = f"ONE electrode multiplied by {problem.electrodes}; memory of its worker processes not counted"
    return Fit(alpha, times=problem.electrodes, note=note)
