"""brainalign: the pipeline's nested fit, alpha chosen on inner folds and every outer fold scored once."""

from __future__ import annotations

import numpy as np

from benchmarks.peers.common import Fit
from benchmarks.problem import Inputs, Problem
from brainalign.encoding.design import Design
from brainalign.encoding.folds import presentations_split
from brainalign.encoding.nested import fit_outer
from brainalign.linalg.arithmetic import Arithmetic


def least_bytes(problem: Problem) -> float:
    """Nothing is refused beforehand."""
    return 0.0


def fit(problem: Problem, inputs: Inputs, device: str) -> Fit:
    """Twice as many training sets as a plain cross-validation has, since each leaves out two folds; and the predictions are kept."""
    names = [str(i) for i in range(problem.presentations)]
    split = presentations_split(problem.splits, names, problem.lengths.tolist())
    features = dict(zip(names, inputs.features, strict=True))
    design, lags = Design(names, inputs.responses, split), np.arange(problem.lags)
    scores = fit_outer(design, features, lags, problem.alphas.tolist(), Arithmetic(device, "float32"))
    return Fit(note=f"nested; mean held-out r {float(np.nanmean(scores.r)):.3f}")
