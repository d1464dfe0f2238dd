"""What competitors share: the form of a result, the literal lagged matrix, and the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.problem import Inputs, Problem

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """What a competitor found.

    Attributes:
        alpha: (c,) chosen, where it chooses.
        scores: (alphas, c) mean R2 over the folds, about the training mean, where it is exact.
        times: The measured time is multiplied by this (a part was run).
        bytes: What the whole holds at the least, where a part was run.
        note: What a reader of the table must know.
    """

    alpha: Array | None = None
    scores: Array | None = None
    times: float = 1
    note: str = ""
    bytes: int | None = None


def stacked(inputs: Inputs, lags: int) -> tuple[Array, Array]:
    """The lagged matrix (rows, lags * d), zeros outside each presentation, and the responses (rows, c)."""
    d = inputs.features[0].shape[1]
    x = np.zeros((sum(map(len, inputs.features)), lags * d))
    start = 0
    for values in inputs.features:
        stop = start + len(values)
        for k in range(min(lags, len(values))):
            x[start + k : stop, k * d : (k + 1) * d] = values[: len(values) - k]
        start = stop
    return x, np.vstack(inputs.responses)


def choice(scores: Array, problem: Problem) -> Array:
    """(c,) the alpha of the best score."""
    return problem.alphas[scores.argmax(axis=0)]
