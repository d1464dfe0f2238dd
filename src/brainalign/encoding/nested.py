"""Nested selection: alpha and layer are chosen on inner folds, and the outer fold is scored with that choice, once.

The inner folds of an outer fold are the other outer folds. The training set without folds i and j then serves both "i
outer, j inner" and "j outer, i inner": it is factorised once for the two. Beside a fixed test set, the one outer fold, the
inner folds are those of the training set, which are never scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding.design import Design, MaskGroup, SegmentMoments, Sums
from brainalign.encoding.inner import Search, choices, inner_curves, path_method
from brainalign.encoding.scores import over_folds, score
from brainalign.encoding.summed import run
from brainalign.linalg.arithmetic import AT_ONCE, Arithmetic
from brainalign.linalg.bands import Bands, solve_banded
from brainalign.linalg.boosting_rule import Boosting
from brainalign.linalg.components import reduced
from brainalign.linalg.moments import Moments
from brainalign.linalg.parallel import in_parallel
from brainalign.linalg.penalty import Penalty
from brainalign.linalg.ridge import Problem, Take
from brainalign.linalg.solution import Solution

Frames = Mapping[str, NDArray[np.floating[Any]]]
"""Stimulus -> (T, d): one layer's features."""


@dataclass(frozen=True)
class Batch:
    """Features of some outer folds.

    Attributes:
        frames: The features.
        folds: The outer folds that they are for.
        bands: Those that have penalties of their own, and the ratios to try; None where all features have one.
    """

    frames: Frames
    folds: Sequence[int]
    bands: Bands | None = None

    @property
    def tried(self) -> Bands:
        """The bands, be it a single one."""
        width = next(iter(self.frames.values())).shape[1]
        return self.bands or Bands((width,), np.ones((1, 1)))


@dataclass
class OuterScores:
    """One layer (or space) scored on every outer fold.

    Attributes:
        r, r2: (folds, C) on the outer test rows.
        inner: (folds, C) mean R2 over the inner folds at the chosen alpha: what layers are chosen by.
        alpha: (folds, C) chosen on the inner folds.
        constant: (folds, C) whether the prediction was constant.
        n: (C,) rows scored, all folds together.
        flat: (C,) folds that were recorded and have no score, because the response does not vary in them.
        components: (folds, C) columns a lag that the fit was made on: all features, or their components.
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
    flat: NDArray[np.int64]
    components: NDArray[np.int64]
    predictions: list[dict[str, NDArray[np.float32]]] = field(repr=False, default_factory=list)
    weights: list[NDArray[np.float32]] = field(repr=False, default_factory=list)
    intercepts: list[NDArray[np.float64]] = field(repr=False, default_factory=list)
    scales: list[NDArray[np.float64]] = field(repr=False, default_factory=list)

    @classmethod
    def empty(cls, folds: int, channels: int) -> OuterScores:
        """Nothing scored yet: NaN everywhere, zero rows."""
        r, r2, inner, alpha = (np.full((folds, channels), np.nan) for _ in range(4))
        constant, components = (np.zeros((folds, channels), dtype=kind) for kind in (bool, np.int64))
        n, flat = (np.zeros(channels, dtype=np.int64) for _ in range(2))
        return cls(r, r2, inner, alpha, constant, n, flat, components, [{} for _ in range(folds)])


def fit_outer(
    design: Design,
    features: Frames | Callable[[int], Frames],
    lags: NDArray[np.int64],
    alphas: Sequence[float],
    arithmetic: Arithmetic = Arithmetic(),
    search: Search = Search(),
    keep_weights: bool = False,
    components: float | None = None,
) -> OuterScores:
    """Choose alpha per electrode on inner folds, refit on the outer training rows, score the outer test rows.

    Features are standardised on the rows that a fit is trained on, before lagging, and so are their components fitted: inner folds see
    no row that they hold out, and all folds share one pass over the features.

    Args:
        design: Responses and split.
        features: Stimulus -> (T, d); or, for features that are themselves fitted on training stimuli (a CCA space), a
            function from the outer fold to them.
        lags: (m,) consecutive integers.
        alphas: The grid of penalties, in any order.
        arithmetic: Device, precision and solver.
        search: Inner folds, and one alpha an electrode or one for all.
        keep_weights: Hand over the weights of every outer fold.
        components: Principal components that stand in the features' place, see :mod:`brainalign.linalg.components`.
    """
    folds = range(len(design.split.folds))
    batches = [Batch(features, folds)] if isinstance(features, Mapping) else (Batch(features(f), [f]) for f in folds)
    return fit_batches(design, batches, lags, alphas, arithmetic, search, keep_weights, components)[0]


def fit_batches(
    design: Design,
    batches: Iterable[Batch],
    lags: NDArray[np.int64],
    alphas: Sequence[float],
    arithmetic: Arithmetic = Arithmetic(),
    search: Search = Search(),
    keep_weights: bool = False,
    components: float | None = None,
) -> tuple[OuterScores, NDArray[np.int64]]:
    """``fit_outer`` with a choice among ratios of the bands' penalties as well; the moments are computed once for all.

    Args:
        design: Responses and split.
        batches: Features of every outer fold, with as many combinations of ratios in each.
        lags: (m,) consecutive integers.
        alphas: The grid of penalties, in any order.
        arithmetic: Device, precision and solver.
        search: Inner folds, and one choice an electrode or one for all.
        keep_weights: Hand over the weights of every outer fold.
        components: Principal components of each band, see :mod:`brainalign.linalg.components`; None = its features.

    Returns:
        The scores, and (folds, C) the number of the chosen combination.
    """
    alphas = sorted(set(alphas))  # where nothing is known, the last shrinks most
    k, c = len(design.split.folds), design.n_channels
    out, chosen = OuterScores.empty(k, c), np.zeros((k, c), dtype=np.int64)
    sums = SegmentMoments(lags, arithmetic)
    if keep_weights:
        out.weights = [np.empty(0, dtype=np.float32)] * k  # by fold: batches come in any order
        out.intercepts, out.scales = ([np.empty(0)] * k for _ in range(2))
    for batch in batches:
        frames, folds, bands = batch.frames, batch.folds, batch.tried
        inner = np.full((k, len(bands.ratios) * len(alphas), c), np.nan)
        if keep_weights:
            shape = len(lags), next(iter(frames.values())).shape[1], c
            for f in folds:
                out.weights[f] = np.full(shape, np.nan, dtype=np.float32)
                out.intercepts[f] = np.full(c, np.nan)
                out.scales[f] = np.full((len(design.groups), 2, shape[1]), np.nan)
        if search.boosting is not None:
            for group in design.groups:
                for f in folds:
                    _boost_fold(design, group, f, sums.of(group, frames), frames, search, search.boosting, out)
            continue
        for group in design.groups:
            inner[:, :, group.channels] = inner_curves(
                sums.of(group, frames), design.split, alphas, folds, arithmetic, search, bands, components
            )
        best = {f: choices(inner[f], search.rule) for f in folds}
        for f in folds:
            chosen[f], out.inner[f] = best[f] // len(alphas), inner[f, best[f], np.arange(c)]
        penalties = {f: np.asarray(alphas, dtype=np.float64)[best[f] % len(alphas)] for f in folds}
        for group in design.groups:
            parts = sums.of(group, frames)
            fit = partial(
                _fit_fold, design, group, parts, frames, bands, components, penalties, chosen, arithmetic, search.penalty, out
            )  # fmt: skip
            size = max(
                path_method(parts, design.split, bands, [f], [], len(alphas), arithmetic, search.penalty)[1]
                for f in folds
            )
            for f, train in zip(folds, in_parallel(fit, folds, size, arithmetic.torch_device()), strict=True):
                if train is not None:
                    _score_group(design, f, group, train, out)
    return out, chosen


def _fit_fold(
    design: Design,
    group: MaskGroup,
    sums: Sums,
    frames: Frames,
    bands: Bands,
    components: float | None,
    alphas: Mapping[int, NDArray[np.float64]],
    chosen: NDArray[np.int64],
    arithmetic: Arithmetic,
    penalty: Penalty,
    out: OuterScores,
    fold: int,
) -> Moments | None:
    """Fit one mask group's electrodes on a fold's training rows with their alphas and combinations, and predict its test rows.

    Returns:
        Of the training rows; None for a participant who heard nothing of this fold's training stimuli, and has no score in it.
    """
    training, here = design.split.training(fold), group.channels
    if sum(group.rows(a) for a in training) < 2:
        return None
    out.alpha[fold, here] = alphas[fold][here]
    train = sums.total(training)
    problem, bands = reduced(Problem(train, *train.scale(), penalty=penalty), bands, components)
    out.components[fold, here] = problem.width
    keep = _keeper(design, group, fold, frames, train, out)
    solve_banded(problem, bands, chosen[fold, here], alphas[fold][here], keep, arithmetic)
    return train


def _boost_fold(
    design: Design, group: MaskGroup, fold: int, sums: Sums, frames: Frames, search: Search, rule: Boosting, out: OuterScores
) -> None:  # fmt: skip
    """Grow one mask group's weights on a fold's training rows, each inner fold in turn saying stop, and score the test rows."""
    from brainalign.linalg.boosting import boost  # Numba compiles it

    split = design.split
    training = split.training(fold)
    if sum(group.rows(a) for a in training) < 2:
        return
    train = sums.total(training)
    inner = search.chosen_by(len(split.every), fold)
    parts = [(sums.total(split.training(fold, j)), sums.total(sorted(split.every[j].test))) for j in inner]
    found = boost(train, parts, rule, padded=True)
    out.inner[fold, group.channels], out.components[fold, group.channels] = over_folds(found.score), train.d
    _keeper(design, group, fold, frames, train, out)(np.arange(len(group.channels)), found.solution)
    _score_group(design, fold, group, train, out)


def _keeper(design: Design, group: MaskGroup, fold: int, frames: Frames, train: Moments, out: OuterScores) -> Take:
    """What enters the weights of some electrodes of a group, and their predictions of a fold's test rows."""
    mean, sd = train.scale()
    place = next(i for i, other in enumerate(design.groups) if other is group)
    stimuli = sorted({design.stimuli[i] for i, _ in design.test_rows(fold)})

    def take(mine: NDArray[np.int64], solution: Solution) -> None:
        here = run(group.channels[mine])
        if out.weights:
            out.weights[fold][:, :, here] = (solution.coef[:, :-1] * sd.cpu()[:, None]).numpy()
            out.intercepts[fold][here] = solution.intercept.numpy()
            out.scales[fold][place] = mean.cpu().numpy(), sd.cpu().numpy()
        for stimulus in stimuli:
            whole = out.predictions[fold].setdefault(
                stimulus, np.full((len(frames[stimulus]), design.n_channels), np.nan, dtype=np.float32)
            )
            whole[:, here] = solution.predict(frames[stimulus], train.lags)

    return take


def _score_group(design: Design, fold: int, group: MaskGroup, train: Moments, out: OuterScores) -> None:
    """Enter the scores of a mask group on a fold's test rows."""
    rows, train_mean = design.test_rows(fold), train.ysum / train.n
    spread = (train.yy / train.n - train_mean**2).cpu().numpy()
    for at in range(0, len(spread), AT_ONCE):
        part = slice(at, at + AT_ONCE)
        _score_fold(design, fold, rows, group.channels[part], out, train_mean.cpu().numpy()[part], spread[part])


def _score_fold(
    design: Design,
    fold: int,
    rows: Sequence[tuple[int, NDArray[np.bool_]]],
    channels: NDArray[np.int64],
    out: OuterScores,
    mean: NDArray[np.float64],
    spread: NDArray[np.float64],
) -> None:
    """Enter the scores of some channels on a fold's test rows (presentation, mask); mean and variance are the training rows'."""
    here, kept = run(channels), out.predictions[fold]
    actual = np.vstack([design.responses.read(i, here)[mask] for i, mask in rows])
    predicted = np.vstack([kept[design.stimuli[i]][:, here][mask] for i, mask in rows])
    result = score(actual.astype(np.float64), predicted.astype(np.float64), mean, spread)
    out.r[fold, channels], out.r2[fold, channels] = result.r, result.r2
    out.constant[fold, channels] = result.constant & ~result.flat
    out.n[channels] += np.where(result.flat, 0, result.n)
    out.flat[channels] += result.flat
