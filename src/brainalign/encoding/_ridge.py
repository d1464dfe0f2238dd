"""The fit that ridge estimators share: candidates of penalties, the best for each electrode, one solution."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding.base import TRF, Opened
from brainalign.encoding.checks import Given
from brainalign.encoding.design import Design, MaskGroup, SegmentMoments, Sums
from brainalign.encoding.inner import choose, path_method
from brainalign.encoding.scores import over_folds
from brainalign.encoding.summed import run
from brainalign.errors import BrainalignError, nearest, one_of
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.bands import Bands, banded_scores, solve_banded
from brainalign.linalg.held_out import HeldOut
from brainalign.linalg.moments import Moments
from brainalign.linalg.parallel import in_parallel
from brainalign.linalg.penalty import PENALTIES, Penalty, check_lags, suited
from brainalign.linalg.ridge import Problem, path_scores, solve_chosen
from brainalign.linalg.solution import Solution
from brainalign.progress import track

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Direction:
    """Candidates that differ by one factor: a path of alphas on features whose scale is fixed.

    Attributes:
        scale: (d,) factor of each feature's standard deviation: the root of its penalty, in units of the path's alpha.
        alphas: The path.
        places: Of its candidates in the whole list.
    """

    scale: NDArray[np.float64]
    alphas: list[float]
    places: list[int]


class RidgeFit(TRF):
    """Choice by cross-validation among directions, then a fit on all presentations."""

    alphas: float | Sequence[float] | NDArray[np.float64]
    alpha_rule: str
    intercept_alpha: float
    device: str
    dtype: str
    solver: str
    penalty: Penalty = "ridge"

    def _grid(self) -> NDArray[np.float64]:
        """The alphas, checked."""
        alphas = np.atleast_1d(np.asarray(self.alphas, dtype=np.float64))
        if alphas.ndim != 1 or len(alphas) == 0 or not (np.isfinite(alphas) & (alphas > 0)).all():
            raise BrainalignError(f"alphas={alphas.tolist()} must be one or more finite numbers above 0.")
        if self.alpha_rule not in ("local", "shared"):
            raise BrainalignError(
                f"alpha_rule={self.alpha_rule!r} is unknown; {nearest(str(self.alpha_rule), ('local', 'shared'))}"
            )
        one_of("penalty", self.penalty, PENALTIES)
        check_lags(len(self._lags()), self.penalty)
        return alphas

    def _choose(
        self,
        features: Given,
        responses: Given,
        groups: Sequence[Any] | None,
        directions: list[Direction],
        penalties: NDArray[np.float64],
        bands: Bands | None = None,
    ) -> NDArray[np.int64]:
        """(c,) the chosen candidate of each electrode; sets weights, intercepts and cv_scores_.

        Args:
            features: As given.
            responses: As given.
            groups: As given.
            directions: Of all candidates.
            penalties: (candidates,) how much each shrinks.
            bands: Features that share a penalty, with the candidates' penalties themselves as ratios to 1.
        """
        count = sum(len(d.places) for d in directions)
        opened = self._open(features, responses, groups, count)
        if self.solver == "iterative":
            raise BrainalignError(
                "solver=iterative is for sets of features with a penalty each in a run; use auto or cholesky."
            )
        arithmetic = suited(Arithmetic(self.device, self.dtype, self.solver), self.penalty)
        c = opened.design.n_channels
        self.cv_scores_ = np.full((count, c), np.nan)
        segments = SegmentMoments(opened.lags, arithmetic)
        if count > 1:
            for group in opened.design.groups:
                parts = segments.of(group, opened.frames)
                self.cv_scores_[:, group.channels] = self._curve(opened, group, parts, directions, bands, arithmetic)
        best = np.zeros(c, dtype=np.int64) if count == 1 else choose(self.cv_scores_, penalties)
        if self.alpha_rule == "shared" and count > 1:
            best[:] = choose(over_folds(self.cv_scores_.T)[:, None], penalties)
        for group in opened.design.groups:
            whole = segments.of(group, opened.frames).total(range(opened.split.n_segments))
            self._fit_chosen(opened, group, whole, directions, bands, best, arithmetic)
        return best

    def _curve(
        self,
        opened: Opened,
        group: MaskGroup,
        segments: Sums,
        directions: list[Direction],
        bands: Bands | None,
        arithmetic: Arithmetic,
    ) -> NDArray[np.float64]:
        """(candidates, c) mean R2 over the folds in which an electrode was recorded."""
        count, split = sum(len(d.places) for d in directions), opened.split
        folds, longest = range(len(split.folds)), max(len(d.alphas) for d in directions)

        def scores(f: int) -> NDArray[np.float64]:
            r2 = np.full((count, len(group.channels)), np.nan)
            train = segments.total(split.training(f))
            if train.n >= 2:
                test = HeldOut(segments.total(sorted(split.folds[f].test)))
                for places, found in self._scores(train, test, directions, bands, arithmetic):
                    r2[places] = found
            return r2

        one = Bands((len(directions[0].scale),), np.ones((1, 1)))
        paths = [path_method(segments, split, one, [f], [f], longest, arithmetic, self.penalty) for f in folds]
        # bands are worked on side by side within a fold, and several eigendecompositions would wait for memory
        most = 1 if bands or any(path.eigh for path, _ in paths) else None
        sums, known = (np.zeros((count, len(group.channels))) for _ in range(2))
        found = in_parallel(scores, folds, max(size for _, size in paths), arithmetic.torch_device(), most)
        for r2 in track(found, "cross-validating the TRF", len(folds)):
            fine = np.isfinite(r2)
            sums += np.where(fine, r2, 0.0)
            known += fine
        return np.where(known > 0, sums / np.maximum(known, 1), np.nan)

    def _scores(
        self, train: Moments, test: HeldOut, directions: list[Direction], bands: Bands | None, arithmetic: Arithmetic
    ) -> Iterator[tuple[list[int], NDArray[np.float64]]]:
        """Places of some candidates and their R2 (candidates, c), until all are scored."""
        if bands and self._eliminates(bands, train, [test], [len(d.alphas) for d in directions]):
            yield (
                list(range(len(bands.ratios))),
                banded_scores(self._problem(train), bands, [test], [1.0], replace(arithmetic, solver="cholesky"))[0],
            )
            return
        for direction in directions:
            yield (
                direction.places,
                path_scores(self._problem(train, direction), [test], direction.alphas, arithmetic)[0],
            )

    def _eliminates(self, bands: Bands, train: Moments, tests: list[HeldOut], paths: list[int]) -> bool:
        """Whether eliminating bands costs less than a path for each direction, of so many alphas."""
        problem = self._problem(train)
        method = bands.of(problem, tests, 1, "cholesky" if self.solver == "auto" else self.solver)
        return method.eliminated and method.cost < sum(problem.method(tests, n, self.solver).cost for n in paths)

    def _fit_chosen(
        self,
        opened: Opened,
        group: MaskGroup,
        whole: Moments,
        directions: list[Direction],
        bands: Bands | None,
        best: NDArray[np.int64],
        arithmetic: Arithmetic,
    ) -> None:
        """Weights of one mask group's electrodes on all its rows."""
        here = group.channels
        if bands:
            distinct, which = np.unique(best[here], return_inverse=True)
            bands = replace(bands, ratios=bands.ratios[distinct])
            paths = [int(np.isin(distinct, direction.places).sum()) for direction in directions]
            if self._eliminates(bands, whole, [], [n for n in paths if n]):
                take = partial(self._keep, here, opened.design)
                solve_banded(
                    self._problem(whole), bands, which, np.ones(len(here)), take, replace(arithmetic, solver="cholesky")
                )
                return
        for direction in directions:
            mine = np.flatnonzero(np.isin(best[here], direction.places))
            if not len(mine):
                continue
            alphas = np.array([direction.alphas[direction.places.index(int(b))] for b in best[here[mine]]])
            take = partial(self._keep, here[mine], opened.design)
            solve_chosen(self._problem(whole.electrodes(mine), direction), alphas, take, arithmetic)

    def _keep(self, whose: NDArray[np.int64], design: Design, part: NDArray[np.int64], solution: Solution) -> None:
        """Enter the weights of some electrodes, in their own units."""
        here = whose[part]
        self.coef_[:, :, run(here)] = solution.coef[:, :-1].numpy() * design.unit[here]
        self.intercept_[here] = solution.intercept.numpy() * design.unit[here] + design.center[here]

    def _problem(self, train: Moments, direction: Direction | None = None) -> Problem:
        """Features as they came, but for the scale of the direction."""
        scale = train.hsum.new_tensor(direction.scale) if direction else train.hsum.new_ones(train.d)
        return Problem(train, train.hsum.new_zeros(len(scale)), scale, self.intercept_alpha, penalty=self.penalty)


def warn_at_edge(chosen: NDArray[np.float64], grid: NDArray[np.float64], what: str, noun: str = "electrodes") -> int:
    """Count electrodes whose choice is the grid's first or last alpha, and say so.

    Args:
        chosen: (c,) alphas.
        grid: Those to choose from.
        what: Whose alphas these are, as the user reads it.
        noun: What chose them.

    Returns:
        The count; 0 where there was nothing to choose.
    """
    if len(grid) < 2:
        return 0
    low, high = int((chosen <= grid.min()).sum()), int((chosen >= grid.max()).sum())
    if low or high:
        log.warning(
            "%s: %d of %d %s chose the smallest alpha (%g) and %d the largest (%g); a wider grid may suit them better.",
            what, low, len(chosen), noun, grid.min(), high, grid.max(),
        )  # fmt: skip
    return low + high
