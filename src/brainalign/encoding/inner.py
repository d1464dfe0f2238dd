"""The inner folds: what each candidate scores on rows that neither a fit nor its outer fold has seen, and which is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from brainalign.data.splits.split import Split
from brainalign.encoding.design import Sums
from brainalign.encoding.scores import over_folds
from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import AT_ONCE, HELD, Arithmetic
from brainalign.linalg.bands import Bands, banded_scores
from brainalign.linalg.boosting_rule import Boosting
from brainalign.linalg.components import reduced
from brainalign.linalg.held_out import HeldOut
from brainalign.linalg.iterated import FALLEN
from brainalign.linalg.method import Method
from brainalign.linalg.parallel import in_parallel
from brainalign.linalg.penalty import Penalty, suited
from brainalign.linalg.ridge import Problem
from brainalign.progress import track


@dataclass(frozen=True)
class Search:
    """How penalties are chosen, or growth is stopped.

    Attributes:
        inner_folds: How many of the other folds choose for each outer fold, the next ones in their cyclic order;
            1 is a hold-out, None means all.
        rule: ``local`` chooses for each electrode, ``shared`` one alpha for all, by the mean inner score.
        boosting: Weights grown until an inner fold says stop, without any penalty; None = by penalties.
        penalty: On the size of the weights, or with ``tikhonov`` on their change over lags.
        descend: Under ``local``, alphas of a single combination are tried from the largest down until every electrode's inner score lies
            ``FALLEN`` below its best, rather than all. What it misses is an alpha beyond a valley of that depth.
    """

    inner_folds: int | None = None
    rule: str = "local"
    boosting: Boosting | None = None
    penalty: Penalty = "ridge"
    descend: bool = False

    def chosen_by(self, k: int, outer: int) -> list[int]:
        """The inner folds of an outer fold.

        Args:
            k: Number of folds.
            outer: One of them.
        """
        return [(outer + step) % k for step in range(1, 1 + (self.inner_folds or k - 1))]


def inner_curves(
    sums: Sums,
    split: Split,
    alphas: Sequence[float],
    outer: Sequence[int],
    arithmetic: Arithmetic,
    search: Search,
    bands: Bands,
    components: float | None = None,
) -> NDArray[np.float64]:
    """Mean inner R2 for every outer fold, candidate and electrode, over the inner folds in which the electrode was recorded.

    Args:
        sums: Moments of the segments.
        split: The folds.
        alphas: The grid.
        outer: The outer folds to choose for; the others' curves stay empty.
        arithmetic: Device, precision and solver.
        search: Which of the other folds are inner folds.
        bands: Their ratios are tried with every alpha.
        components: Of each band, fitted anew on each training set without two folds.

    Returns:
        (outer folds, combinations x alphas, c), the alphas of the first combination first; -inf where a fold left a candidate out,
        NaN where nothing is known, as of alphas that were not tried.

    Raises:
        BrainalignError: Fewer than three folds: none would be left to fit on.
    """
    k = len(split.every)
    if k < 3:
        raise BrainalignError(
            f"encoding.outer_folds={k}: the inner folds are the other outer folds, so at least 3 are needed."
        )
    total, counts = (np.zeros((len(split.folds), len(bands.ratios) * len(alphas), sums.electrodes)) for _ in range(2))
    held_out_by = {h for f in outer for h in search.chosen_by(k, f)}
    tests = {h: HeldOut(sums.total(sorted(split.every[h].test))) for h in sorted(held_out_by)}
    pairs: list[tuple[int, int, list[tuple[int, int]]]] = []
    for i, j in combinations(range(k), 2):
        # (rows that are scored, the outer fold whose choice that score is for)
        roles = [(h, f) for h, f in ((j, i), (i, j)) if f in outer and h in search.chosen_by(k, f)]
        if roles:
            pairs.append((i, j, roles))
    descends = search.descend and search.rule == "local" and len(bands.ratios) == 1
    order = np.argsort(alphas)[::-1] if descends else np.arange(total.shape[1])

    def scores(task: tuple[int, int, int]) -> NDArray[np.float64]:
        pair, begin, end = task
        i, j, roles = pairs[pair]
        some = [alphas[a] for a in order[begin:end]] if descends else alphas
        train = sums.total(split.training(i, j))
        if train.n < 2:
            return np.full((len(roles), end - begin, sums.electrodes), np.nan)
        problem, here = reduced(Problem(train, *train.scale(), penalty=search.penalty), bands, components)
        enough = _fallen if descends and begin == 0 else None
        return banded_scores(problem, here, [tests[h] for h, _ in roles], some, arithmetic, enough)

    size = max(
        (
            path_method(sums, split, bands, p[:2], [h for h, _ in p[2]], len(alphas), arithmetic, search.penalty)[1]
            for p in pairs
        ),
        default=0,
    )
    depth, said = [0] * len(pairs), "training sets without two folds"
    tasks = [(pair, 0, len(order)) for pair in range(len(pairs))]
    while tasks:
        found = in_parallel(scores, tasks, size, arithmetic.torch_device())
        for (pair, begin, _), r2 in zip(tasks, track(found, said, len(tasks)), strict=True):
            some = order[begin : begin + r2.shape[1]]
            silent = bool(np.isnan(r2).all())  # smaller alphas would tell nothing either
            depth[pair] = len(order) if silent else begin + len(some)
            for mine, (_, chooser) in zip(r2, pairs[pair][2], strict=True):
                known = ~np.isnan(mine)  # not where a participant heard nothing of the held-out stimuli
                total[chooser, some] += np.where(known, mine, 0.0)
                counts[chooser, some] += known
        tasks, said = [], "smaller alphas"
        mean = np.where(counts > 0, total / np.maximum(counts, 1), np.nan)
        for f in outer if descends else ():
            of_fold = [pair for pair, (*_, roles) in enumerate(pairs) if f in [chooser for _, chooser in roles]]
            tried = min((depth[pair] for pair in of_fold), default=len(order))
            mean[f, order[tried:]] = np.nan
            if tried < len(order) and not _fallen(mean[None, f, order[:tried]]):
                tasks += [(pair, tried, tried + 1) for pair in of_fold if depth[pair] == tried]
        tasks = sorted(set(tasks))
    return mean


def _fallen(scores: NDArray[np.float64]) -> bool:
    """Whether at the last alpha every score (tests, alphas, c) lies ``FALLEN`` below its best."""
    return not (scores[:, -1] > np.fmax.reduce(scores, axis=1) - FALLEN).any()


def path_method(
    sums: Sums,
    split: Split,
    bands: Bands,
    out: Sequence[int],
    scored: Sequence[int],
    alphas: int,
    arithmetic: Arithmetic,
    penalty: Penalty,
) -> tuple[Method, int]:
    """The method of a path that is fitted on all rows but these folds', and scored on some folds', and the bytes that it takes."""
    tested = [sums.distinct_rows(split.every[h].test) for h in scored]
    found = bands.method(
        lags=len(sums.lags), rows=sums.distinct_rows(split.training(*out)), test_rows=tested, electrodes=sums.electrodes,
        alphas=alphas, solver=suited(arithmetic, penalty).solver, penalty=penalty,
    )  # fmt: skip
    together = AT_ONCE if sums.electrodes > HELD else sums.electrodes
    return found, found.memory(together, sum(bands.widths), max(tested, default=0))


def choose(curve: NDArray[np.float64], penalties: NDArray[np.float64] | None = None) -> NDArray[np.int64]:
    """The best row of each column; where nothing is known (NaN) the one that shrinks most.

    Args:
        curve: (candidates, c) inner scores.
        penalties: (candidates,) how much each shrinks; None = the later the more.

    Example:
        >>> choose(np.array([[0.1, np.nan], [0.3, np.nan], [0.2, np.nan]])).tolist()
        [1, 2]
        >>> choose(np.array([[0.1, np.nan], [0.3, np.nan], [0.2, np.nan]]), np.array([9.0, 1.0, 3.0])).tolist()
        [1, 0]
    """
    order = np.arange(len(curve)) if penalties is None else np.argsort(penalties, kind="stable")
    known = np.where(np.isfinite(curve), curve, -np.inf)[order]
    best = np.argmax(known, axis=0)
    return np.asarray(order[np.where(np.isfinite(known.max(axis=0)), best, len(curve) - 1)])


def choices(curve: NDArray[np.float64], rule: str) -> NDArray[np.int64]:
    """(c,) the chosen row of each electrode's curve (candidates, c)."""
    if rule == "local":
        return choose(curve)
    return np.repeat(choose(over_folds(curve.T)[:, None]), curve.shape[1])
