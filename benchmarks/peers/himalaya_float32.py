"""himalaya: NumPy backend, float32, all alphas at once."""

from __future__ import annotations

from benchmarks.peers.common import Fit
from benchmarks.peers.himalaya_ridge import fit_himalaya, himalaya_bytes
from benchmarks.problem import Inputs, Problem


def least_bytes(problem: Problem) -> float:
    """Of the whole fit."""
    return himalaya_bytes(problem, 4, problem.n_alphas)


def fit(problem: Problem, inputs: Inputs, device: str) -> Fit:
    """RidgeCV on the CPU."""
    return fit_himalaya(problem, inputs, "numpy", "float32", "NumPy backend, float32, all alphas at once")
