"""Nulls that are easily too narrow: slow responses in short folds, an order that was fitted, noise that electrodes share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainalign.analysis.latency.run import differs_from_zero
from brainalign.analysis.validation.finding import Finding, rate
from brainalign.analysis.validation.side_by_side import each
from brainalign.data.splits.split import split_groups
from brainalign.encoding.design import Design
from brainalign.encoding.nested import OuterScores, fit_outer
from brainalign.stats import ordering
from brainalign.stats.permutation import ShiftTest
from brainalign.study.significance import electrode_p

LEVEL = 0.05
LAGS = np.arange(5)
CASES = ((10, 60, 0.9), (5, 72, 0.5), (5, 72, 0.9), (10, 300, 0.9), (5, 800, 0.95))
"""Folds, frames of each, and the autocorrelation of responses and features from frame to frame."""


def slow(rng: np.random.Generator, frames: int, columns: int, memory: float) -> NDArray[np.float64]:
    """(frames, columns) first-order autoregression of variance 1.

    Args:
        rng: Of it.
        frames: How many.
        columns: How many.
        memory: Autocorrelation from one frame to the next.
    """
    from scipy.signal import lfilter

    noise = rng.normal(size=(frames + 200, columns))
    return np.asarray(lfilter([np.sqrt(1 - memory**2)], [1, -memory], noise, axis=0)[200:])


def unrelated(seed: int, folds: int, frames: int, memory: float, electrodes: int) -> tuple[Design, OuterScores]:
    """Nested TRFs of responses that have nothing to do with the features, a stimulus a fold.

    Args:
        seed: Of both.
        folds: How many.
        frames: Of each.
        memory: Of responses and features.
        electrodes: How many; those of one seed share the features.
    """
    rng = np.random.default_rng([seed, 23])
    features = {f"s{f}": slow(rng, frames, 5, memory) for f in range(folds)}
    responses = [slow(rng, frames, electrodes, memory) for _ in features]
    design = Design(list(features), responses, split_groups(list(features), [frames] * folds, folds, seed, "stimulus"))
    return design, fit_outer(design, features, LAGS, [1.0, 1e2, 1e4])


def short_folds(sets: int) -> list[Finding]:
    """Electrodes' own p where folds are short beside the autocorrelation: none, or no more below .05 than .05.

    Args:
        sets: Designs of 50 electrodes behind each rate.
    """
    found = []
    tasks = [(case, seed) for case in CASES for seed in range(sets)]
    every = each(lambda task: _own_p(*task), tasks, "p of slow responses in short folds")
    for number, (folds, frames, memory) in enumerate(CASES):
        given = every[number * sets : (number + 1) * sets]
        p = np.concatenate([g.p for g in given])
        known = np.isfinite(p)
        where = f"{folds} folds of {frames} frames, autocorrelation {memory:g}"
        share = f"{known.mean():.0%} of electrodes have a p, median {np.median(np.concatenate([g.independent for g in given])):.0f}"
        what = f"{where}: electrodes below .05 ({share} independent shifts)"
        # electrodes of one design share its features: a rate over them varies a little more than a binomial's
        below, n, truth = int((p < LEVEL).sum()), max(int(known.sum()), 1), LEVEL if known.any() else 0.5
        found.append(rate("null", what, truth, below, n, "electrode", side="not above"))
    return found


def _own_p(case: tuple[int, int, float], seed: int) -> ShiftTest:
    """Of 50 electrodes of one design."""
    return electrode_p(*unrelated(seed, *case, 50), window=len(LAGS), draws=399, seed=seed)


def fitted_order(sets: int) -> list[Finding]:
    """The order of regions that was not given, where there is none, and the gate of latency's claims.

    Args:
        sets: Simulated tables behind each rate.
    """
    below = sum(ordering(np.random.default_rng([s, 29]).normal(size=(8, 5))).p < LEVEL for s in range(sets))
    rows = [
        rate(
            "null",
            "order of five regions fitted to eight participants, p below .05",
            LEVEL,
            below,
            sets,
            "table",
            side="not above",
        )
    ]
    for people in (2, 8):
        told = 0
        for s in range(sets):
            rng = np.random.default_rng([s, people, 31])
            own = rng.normal(size=(people, 5, 5))
            pair = own + np.swapaxes(own, 1, 2)  # what folds f and g say of one another is common to both scores
            common = pair.sum(axis=2) - pair[:, range(5), range(5)]
            scores = np.repeat(common, 10, axis=0).T + rng.normal(size=(5, 10 * people))
            told += differs_from_zero(scores, np.repeat(np.arange(people), 10).astype(str).tolist(), family=2)
        what = (
            f"region of {people} participants, noise shared by a participant's electrodes, that latency names a peak in"
        )
        rows.append(rate("null", what, LEVEL / 4, told, sets, "table", side="not above"))
    return rows
