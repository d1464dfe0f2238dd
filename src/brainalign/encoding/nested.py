"""Nested selection: alpha and layer are chosen on inner folds, and the outer fold is scored with that choice, once.

The inner folds of an outer fold are the other outer folds. The training set without folds i and j then serves both "i
outer, j inner" and "j outer, i inner": it is factorised once for the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.split import Split
from brainalign.encoding.design import AtomMoments, Design, MaskGroup
from brainalign.encoding.scores import over_folds, score
from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.held_out import HeldOut
from brainalign.linalg.moments import Moments, total
from brainalign.linalg.ridge import Problem, path_scores, solve_chosen
from brainalign.progress import track

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
        weights: Fold -> (lags, d, C) weights on the standardised features, NaN where there is no fit; empty unless asked for.
        intercepts: Fold -> (C,) what is added to the weighted features; empty where weights are.
        scales: Fold -> (mask groups, 2, d) mean and standard deviation that features were standardised with; empty where weights are.
    """

    r: NDArray[np.float64]
    r2: NDArray[np.float64]
    inner: NDArray[np.float64]
    alpha: NDArray[np.float64]
    constant: NDArray[np.bool_]
    n: NDArray[np.int64]
    predictions: list[dict[str, NDArray[np.float32]]] = field(repr=False, default_factory=list)
    weights: list[NDArray[np.float32]] = field(repr=False, default_factory=list)
    intercepts: list[NDArray[np.float64]] = field(repr=False, default_factory=list)
    scales: list[NDArray[np.float64]] = field(repr=False, default_factory=list)

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


@dataclass(frozen=True)
class Search:
    """How penalties are chosen.

    Attributes:
        inner_folds: How many of the other outer folds choose for each outer fold, the next ones in their cyclic order;
            1 is a hold-out, None means all.
        rule: ``local`` chooses for each electrode, ``shared`` one alpha for all, by the mean inner score.
    """

    inner_folds: int | None = None
    rule: str = "local"

    def chosen_by(self, k: int, outer: int) -> list[int]:
        """The inner folds of an outer fold.

        Args:
            k: Number of outer folds.
            outer: One of them.
        """
        return [(outer + step) % k for step in range(1, 1 + (self.inner_folds or k - 1))]


def fit_outer(
    design: Design,
    features: Frames | Callable[[int], Frames],
    lags: NDArray[np.int64],
    alphas: Sequence[float],
    arithmetic: Arithmetic = Arithmetic(),
    search: Search = Search(),
    keep_weights: bool = False,
) -> OuterScores:
    """Choose alpha per electrode on inner folds, refit on the outer training rows, score the outer test rows.

    Features are standardised on the rows that a fit is trained on, before lagging.

    Args:
        design: Responses and split.
        features: Stimulus -> (T, d); or, for features that are themselves fitted on training stimuli (a CCA space), a
            function from the outer fold to them.
        lags: (m,) consecutive integers.
        alphas: The grid of penalties, ascending.
        arithmetic: Device, precision and solver.
        search: Inner folds, and one alpha an electrode or one for all.
        keep_weights: Hand over the weights of every outer fold.
    """
    k, c = len(design.split.folds), design.n_channels
    out = OuterScores.empty(k, c)
    grid = np.asarray(alphas, dtype=np.float64)
    inner = np.full((k, len(grid), c), np.nan)
    atoms = AtomMoments(design, lags, arithmetic)
    batches: Iterable[tuple[Frames, int | None]] = (
        [(features, None)] if isinstance(features, Mapping) else ((features(f), f) for f in range(k))
    )
    for frames, fold in batches:
        if keep_weights:
            shape = len(lags), next(iter(frames.values())).shape[1], c
            for _ in range(k if fold is None else 1):
                out.weights.append(np.full(shape, np.nan, dtype=np.float32))
                out.intercepts.append(np.full(c, np.nan))
                out.scales.append(np.full((len(design.groups), 2, shape[1]), np.nan))
        for group in design.groups:
            parts = atoms.of(group, frames)
            curves = inner_curves(parts, design.split, alphas, fold, arithmetic, search)
            inner[:, :, group.channels] = curves
        for group in design.groups:
            for f in range(k) if fold is None else [fold]:
                best = _choices(inner[f], search.rule)[group.channels]
                _fit_fold(design, group, f, atoms.of(group, frames), frames, grid[best], arithmetic, out)
                out.inner[f, group.channels] = inner[f, best, group.channels]
    return out


def _fit_fold(
    design: Design,
    group: MaskGroup,
    fold: int,
    atoms: list[Moments],
    frames: Frames,
    alphas: NDArray[np.float64],
    arithmetic: Arithmetic,
    out: OuterScores,
) -> None:
    """Fit one mask group's electrodes on a fold's training rows with their alphas (c,), predict and score its test rows."""
    if sum(group.rows(a) for a in design.split.training(fold)) < 2:
        return  # a participant who heard nothing of this fold's training stimuli has no score in it
    here = group.channels
    out.alpha[fold, here] = alphas
    train = total(atoms[a] for a in design.split.training(fold))
    mean, sd = train.scale()
    solution = solve_chosen(Problem(train, mean, sd), alphas, arithmetic)
    if out.weights:
        out.weights[fold][:, :, here] = (solution.coef[:, :-1] * sd.cpu()[:, None]).numpy()
        out.intercepts[fold][here] = solution.intercept.numpy()
        place = next(i for i, other in enumerate(design.groups) if other is group)
        out.scales[fold][place] = mean.cpu().numpy(), sd.cpu().numpy()
    for stimulus in sorted({design.stimuli[i] for i, _ in design.test_rows(fold)}):
        whole = out.predictions[fold].setdefault(
            stimulus, np.full((len(frames[stimulus]), design.n_channels), np.nan, dtype=np.float32)
        )
        whole[:, here] = solution.predict(frames[stimulus], train.lags)
    _score_fold(design, fold, here, out, (train.ysum / train.n).cpu().numpy())


def _choices(curve: NDArray[np.float64], rule: str) -> NDArray[np.int64]:
    """(c,) the chosen row of each electrode's curve (alphas, c)."""
    if rule == "local":
        return choose(curve)
    return np.repeat(choose(over_folds(curve.T)[:, None]), curve.shape[1])


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
    search: Search = Search(),
) -> NDArray[np.float64]:
    """Mean inner R2 for every outer fold, alpha and electrode, over the inner folds in which the electrode was recorded.

    Args:
        atoms: Moments of each atom.
        split: The folds.
        alphas: The grid.
        outer: Only this outer fold's curve (the others stay empty); all of them when None.
        arithmetic: Device, precision and solver.
        search: Which of the other outer folds are inner folds.

    Returns:
        (folds, alphas, c).

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
    for i, j in track(list(combinations(range(k), 2)), "training sets without two folds"):
        # (rows that are scored, the outer fold whose choice that score is for)
        roles = [
            (held_out, chooser)
            for held_out, chooser in ((j, i), (i, j))
            if outer in (None, chooser) and held_out in search.chosen_by(k, chooser)
        ]
        if not roles:
            continue
        train = total(atoms[a] for a in split.training(i, j))
        if train.n < 2:
            continue
        problem = Problem(train, *train.scale())
        r2 = path_scores(problem, [tests[h] for h, _ in roles], alphas, arithmetic)
        for found, (_, chooser) in zip(r2, roles, strict=True):
            known = np.isfinite(found)  # not where a participant heard nothing of the held-out stimuli
            sums[chooser][known] += found[known]
            counts[chooser] += known
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


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
