"""himalaya: NumPy backend, float64, one alpha at a time (n_alphas_batch=1)."""

from __future__ import annotations

from benchmarks.peers.common import Fit
from benchmarks.peers.himalaya_ridge import fit_himalaya, himalaya_bytes
from benchmarks.problem import Inputs, Problem


def least_bytes(problem: Problem) -> float:
    """Of the whole fit."""
    return himalaya_bytes(problem, 8, 1)


def fit(problem: Problem, inputs: Inputs, device: str) -> Fit:
    """RidgeCV on the CPU."""
    return fit_himalaya(
        problem,
        inputs,
        "numpy",
        "float64",
        "NumPy backend, float64, one alpha at a time (n_alphas_batch=1)",
        alphas_at_once=1,
    )
