"""The problem that every competitor solves: sizes, simulated inputs, folds and alphas."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

RATE = 50.0
"""Frames per second."""


@dataclass(frozen=True)
class Problem:
    """Sizes of a TRF problem; everything else follows from them and the seed.

    Attributes:
        presentations: Number of presentations.
        frames: Of all presentations together.
        dims: Features.
        lags: 0 .. lags - 1 frames.
        electrodes: Responses, each with its own alpha.
        n_alphas: Penalties, spaced evenly in their logarithm.
        folds: Of whole presentations.
        ragged: Lengths that differ (a presentation then has at least half of the mean length).
        seed: Of inputs and folds.
        dtype: Of inputs.
        backward: The responses precede the features: a stimulus (electrodes) from a brain (dims) at lags after it.
    """

    presentations: int
    frames: int
    dims: int
    lags: int
    electrodes: int
    n_alphas: int = 10
    folds: int = 5
    ragged: bool = False
    seed: int = 0
    dtype: str = "float64"
    backward: bool = False

    @classmethod
    def parse(cls, text: str) -> Problem:
        """A problem by its name in ``SIZES``, or from ``to_json``."""
        return SIZES[text] if text in SIZES else cls(**json.loads(text))

    def to_json(self) -> str:
        """The sizes, for ``parse``."""
        return json.dumps(asdict(self))

    def __str__(self) -> str:
        lengths = "ragged" if self.ragged else f"{self.frames // self.presentations} frames each"
        return (
            f"{self.presentations} presentations ({lengths}), {self.frames} frames in total, {self.dims} dims, {self.lags} "
            f"lags, {self.electrodes} electrodes, {self.n_alphas} alphas, {self.folds} folds, alpha per electrode, {self.dtype} inputs"
        )

    @property
    def p(self) -> int:
        """Columns of the lagged matrix, which some competitors build."""
        return self.lags * self.dims

    @property
    def tmax(self) -> float:
        """Last lag in seconds; the first is 0."""
        return (self.lags - 1) / RATE

    @cached_property
    def alphas(self) -> NDArray[np.float64]:
        """The penalties: from 1e-3 to 1e3 of the mean column's sum of squares or so, so that choices lie inside."""
        return self.frames * np.logspace(-3, 3, self.n_alphas)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """(presentations,) frames of each."""
        n = self.presentations
        if not self.ragged:
            return np.full(n, self.frames // n)
        rng = np.random.default_rng([self.seed, 1])
        least = self.frames // n // 2
        return least + rng.multinomial(self.frames - n * least, rng.dirichlet(np.full(n, 8.0)))

    @cached_property
    def fold_of(self) -> NDArray[np.int64]:
        """(presentations,) the fold of each: drawn exactly as mTRFpy draws them from this seed, so that it can take part."""
        order = np.arange(self.presentations)
        random.Random(self.seed).shuffle(order)  # type: ignore[arg-type]
        fold = np.empty(self.presentations, dtype=np.int64)
        for f, test in enumerate(np.array_split(order, self.folds)):
            fold[test] = f
        return fold

    @property
    def splits(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """(train, test) presentations of each fold."""
        return [(np.flatnonzero(self.fold_of != f), np.flatnonzero(self.fold_of == f)) for f in range(self.folds)]

    @property
    def fold_of_row(self) -> NDArray[np.int64]:
        """(frames,) the fold of each row of the stacked presentations."""
        return np.repeat(self.fold_of, self.lengths)


@dataclass(frozen=True)
class Inputs:
    """Simulated features (T, d) and responses (T, c), one array a presentation, in the problem's precision."""

    features: list[NDArray[np.floating]]
    responses: list[NDArray[np.floating]]


def simulate(problem: Problem) -> Inputs:
    """Features correlated over time and dims; responses of a few of their directions, smooth kernels and much noise.

    The share of variance that the features explain varies over electrodes from 2 to 30 %, so that the best alpha varies too.
    Responses have means of their own, so that the intercept matters.
    """
    rng = np.random.default_rng(problem.seed)
    d, c, m = problem.dims, problem.electrodes, problem.lags
    mixing = rng.normal(size=(d, d)) * np.arange(1, d + 1)[:, None] ** -0.5  # a power-law spectrum
    mixing /= np.sqrt((mixing**2).sum(0))
    seen = rng.normal(size=(d, 8)) / np.sqrt(d)  # directions that the brain follows
    kernels = lfilter([1.0], [1.0, -0.7], rng.normal(size=(m, 8, c)), axis=0)
    share, mean = np.geomspace(0.02, 0.3, c), rng.normal(size=c)
    scale = None
    features, responses = [], []
    for length in problem.lengths:
        x = lfilter([0.6], [1.0, -0.8], rng.normal(size=(length, d)), axis=0) @ mixing
        z = x @ seen
        y = np.zeros((length, c))
        for k in range(min(m, length)):
            y[k:] += z[: length - k] @ kernels[k]
        scale = y.std(axis=0) if scale is None else scale  # of the first presentation: near enough
        y *= np.sqrt(share / (1 - share)) / scale
        y += rng.normal(size=y.shape)
        y += mean
        if problem.backward:
            x, y = x[::-1], y[::-1]
        features.append(x.astype(problem.dtype, copy=False))
        responses.append(y.astype(problem.dtype, copy=False))
    return Inputs(features, responses)


SIZES = {
    "S": Problem(20, 20 * 60, 6, 5, 12, folds=4),
    "M": Problem(120, 120 * 150, 96, 20, 100),
    "P": Problem(599, 58943, 768, 20, 822, ragged=True),
    "XL": Problem(599, 58943, 1600, 20, 822, ragged=True),
    "V": Problem(5, 3600, 768, 4, 10_000, n_alphas=20, dtype="float32"),
    "D": Problem(20, 60_000, 64, 32, 1, backward=True),
    "DXL": Problem(10, 230_400, 128, 64, 1, backward=True),
    "VXL": Problem(5, 3600, 768, 4, 100_000, n_alphas=20, dtype="float32"),
}
"""S for tests; M for ratios; P a layer of the paper; XL the widest model; VXL a story's voxels in five runs, V a tenth of them;
DXL an envelope from 128 channels in an hour at 64 Hz, D a smaller one."""
