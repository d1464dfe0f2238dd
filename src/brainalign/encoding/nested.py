"""Nested selection: alpha and layer are chosen on inner folds, and the outer fold is scored with that choice, once.

The inner folds of an outer fold are the other outer folds. The training set without folds i and j then serves both "i
outer, j inner" and "j outer, i inner": it is factorised once for the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.split import Split
from brainalign.encoding.design import Design
from brainalign.encoding.scores import score
from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.held_out import HeldOut
from brainalign.linalg.moments import Moments, total
from brainalign.linalg.ridge import Problem, path_scores, solve_chosen

Frames = Mapping[str, NDArray[np.floating[Any]]]
"""Stimulus -> (T, d): one layer's features."""


@dataclass
class OuterScores:
    """One layer (or space) scored on every outer fold.

    Attributes:
        r, r2: (folds, C) on the outer test rows.
        inner: (folds, C) mean R2 over the inner folds at the chosen alpha: what layers are chosen by.
        alpha: (folds, C) chosen on the inner folds.
        constant: (folds, C) whether the prediction was constant.
        n: (C,) rows scored, all folds together.
        predictions: Fold -> stimulus -> (T, C) predicted response, float32.
    """

    r: NDArray[np.float64]
    r2: NDArray[np.float64]
    inner: NDArray[np.float64]
    alpha: NDArray[np.float64]
    constant: NDArray[np.bool_]
    n: NDArray[np.int64]
    predictions: list[dict[str, NDArray[np.float32]]] = field(repr=False, default_factory=list)

    @classmethod
    def empty(cls, folds: int, channels: int) -> OuterScores:
        """Nothing scored yet: NaN everywhere, zero rows."""
        r, r2, inner, alpha = (np.full((folds, channels), np.nan) for _ in range(4))
        return cls(
            r,
            r2,
            inner,
            alpha,
            np.zeros((folds, channels), dtype=bool),
            np.zeros(channels, dtype=np.int64),
            [{} for _ in range(folds)],
        )


def fit_outer(
    design: Design,
    features: Frames | Callable[[int], Frames],
    lags: NDArray[np.int64],
    alphas: Sequence[float],
    arithmetic: Arithmetic = Arithmetic(),
) -> OuterScores:
    """Choose alpha per electrode on inner folds, refit on the outer training rows, score the outer test rows.

    Features are standardised on the rows that a fit is trained on, before lagging.

    Args:
        design: Responses and split.
        features: Stimulus -> (T, d); or, for features that are themselves fitted on training stimuli (a CCA space), a
            function
            from the outer fold to them.
        lags: (m,) consecutive integers.
        alphas: The grid of penalties, ascending.
        arithmetic: Device and precision of the solver.
    """
    split, c = design.split, design.n_channels
    k = len(split.folds)
    out = OuterScores.empty(k, c)
    by_fold = (lambda _: features) if isinstance(features, Mapping) else features
    grid = np.asarray(alphas, dtype=np.float64)
    for group in design.groups:
        shared = design.atoms(group, features, lags, arithmetic) if isinstance(features, Mapping) else None
        curves = inner_curves(shared, split, alphas, arithmetic=arithmetic) if shared is not None else None
        for f in range(k):
            train_rows = sum(group.rows(a) for a in split.training(f))
            if train_rows < 2:  # a participant who heard nothing of this fold's training stimuli has no score in it
                continue
            frames = by_fold(f)
            atoms = shared if shared is not None else design.atoms(group, frames, lags, arithmetic)
            curve = curves[f] if curves is not None else inner_curves(atoms, split, alphas, f, arithmetic)[f]
            best = choose(curve)
            here = group.channels
            out.alpha[f, here] = grid[best]
            out.inner[f, here] = curve[best, np.arange(len(here))]
            train = total(atoms[a] for a in split.training(f))
            solution = solve_chosen(Problem(train, *train.scale()), grid[best], arithmetic)
            for stimulus in {design.stimuli[i] for i, _ in design.test_rows(f)}:
                whole = out.predictions[f].setdefault(
                    stimulus, np.full((len(frames[stimulus]), c), np.nan, dtype=np.float32)
                )
                whole[:, here] = solution.predict(frames[stimulus], lags)
            _score_fold(design, f, here, out, (train.ysum / train.n).numpy())
    return out


def _score_fold(
    design: Design, fold: int, channels: NDArray[np.int64], out: OuterScores, mean: NDArray[np.float64]
) -> None:
    rows = design.test_rows(fold)
    actual = np.vstack([design.responses[i][mask][:, channels] for i, mask in rows])
    predicted = np.vstack([out.predictions[fold][design.stimuli[i]][mask][:, channels] for i, mask in rows])
    result = score(actual, predicted.astype(np.float64), mean)
    out.r[fold, channels], out.r2[fold, channels] = result.r, result.r2
    out.constant[fold, channels] = result.constant
    out.n[channels] += result.n


def inner_curves(
    atoms: Sequence[Moments],
    split: Split,
    alphas: Sequence[float],
    outer: int | None = None,
    arithmetic: Arithmetic = Arithmetic(),
) -> list[NDArray[np.float64]]:
    """Mean inner R2 for every outer fold, alpha and electrode, over the inner folds in which the electrode was recorded.

    Args:
        atoms: Moments of each atom.
        split: The folds.
        alphas: The grid.
        outer: Only this outer fold's curve (the others stay empty); all of them when None.
        arithmetic: Device and precision of the solver.

    Returns:
        One (alphas, c) array an outer fold.

    Raises:
        BrainalignError: Fewer than three outer folds: none would be left to fit on.
    """
    k, c = len(split.folds), len(atoms[0].ysum)
    if k < 3:
        raise BrainalignError(
            f"encoding.outer_folds={k}: the inner folds are the other outer folds, so at least 3 are needed."
        )
    sums, counts = (np.zeros((k, len(alphas), c)) for _ in range(2))
    tests = [HeldOut(total(atoms[a] for a in sorted(fold.test))) for fold in split.folds]
    for i, j in combinations(range(k), 2):
        if outer is not None and outer not in (i, j):
            continue
        train = total(atoms[a] for a in split.training(i, j))
        if train.n < 2:
            continue
        # (rows that are scored, the outer fold whose choice that score is for)
        roles = [(held_out, chooser) for held_out, chooser in ((j, i), (i, j)) if outer in (None, chooser)]
        problem = Problem(train, *train.scale())
        r2 = path_scores(problem, [tests[h] for h, _ in roles], alphas, arithmetic)
        for found, (_, chooser) in zip(r2, roles, strict=True):
            known = np.isfinite(found)  # not where a participant heard nothing of the held-out stimuli
            sums[chooser][known] += found[known]
            counts[chooser] += known
    return list(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


def choose(curve: NDArray[np.float64]) -> NDArray[np.int64]:
    """The best row of each column; where nothing is known (NaN) the last, which shrinks most.

    Args:
        curve: (alphas, c) inner scores.

    Example:
        >>> choose(np.array([[0.1, np.nan], [0.3, np.nan], [0.2, np.nan]])).tolist()
        [1, 2]
    """
    known = np.where(np.isfinite(curve), curve, -np.inf)
    best = np.argmax(known, axis=0)
    return np.where(np.isfinite(known.max(axis=0)), best, len(curve) - 1)
