"""brainalign: RidgeTRF, or DecodingTRF for a backward problem, as it comes."""

from __future__ import annotations

from benchmarks.peers.common import Fit
from benchmarks.problem import RATE, Inputs, Problem
from brainalign.encoding import DecodingTRF, RidgeTRF


def least_bytes(problem: Problem) -> float:
    """Nothing is refused beforehand: the estimator refuses by itself what does not fit."""
    return 0.0


def fit(problem: Problem, inputs: Inputs, device: str) -> Fit:
    """All in one call: choice by cross-validation and refit."""
    kind = DecodingTRF if problem.backward else RidgeTRF
    trf = kind(tmin=0.0, tmax=problem.tmax, rate=RATE, alphas=problem.alphas, cv=problem.splits, device=device)
    trf.fit(inputs.features, inputs.responses)
    return Fit(trf.alpha_, trf.cv_scores_)
