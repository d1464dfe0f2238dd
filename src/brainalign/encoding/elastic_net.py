"""ElasticNetTRF: the temporal receptive field with few weights, by the elastic net."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding._ridge import warn_at_edge
from brainalign.encoding.base import TRF, Opened
from brainalign.encoding.checks import Given
from brainalign.encoding.design import MaskGroup, SegmentMoments, Sums
from brainalign.encoding.inner import choose
from brainalign.encoding.scores import over_folds
from brainalign.errors import BrainalignError, nearest
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.elastic_net import ElasticNetFit, elastic_net
from brainalign.linalg.held_out import HeldOut
from brainalign.linalg.moments import Moments
from brainalign.linalg.primal import Primal
from brainalign.progress import track

if TYPE_CHECKING:
    import torch
    from torch import Tensor

log = logging.getLogger(__name__)

CONSTANT = 1e-12
"""A lagged column whose variance is below this share of its mean square is constant but for rounding."""


class ElasticNetTRF(TRF):
    """Elastic net regression of responses on lagged features, one pair of penalties an electrode.

        minimise  sum_t [ sum_k w(k)' h(t - k) + b - y(t) ]^2 / (2 n) + alpha l1_ratio |w|_1 + alpha (1 - l1_ratio) |w|^2 / 2

    The L1 penalty leaves few weights (Zou and Hastie 2005). Penalties are those of scikit-learn, for the error averaged
    over the n training rows: with the L1 penalty taken away this is ``RidgeTRF`` at ``n alpha (1 - l1_ratio)``. It
    equals scikit-learn's ElasticNet on the literal lagged matrix, which is never built; the Gram matrix is, in float64,
    so memory is 8 p^2 bytes for p lagged features, and up to half as much again for the weights in use. Features are
    taken as they come; standardise them beforehand where one penalty should mean the same for all.

    Args:
        tmin: First lag in seconds, included; negative lags let the response precede the feature.
        tmax: Last lag in seconds, included.
        rate: Frames per second.
        alphas: Penalties to choose from, or a single one.
        l1_ratios: Shares of the L1 penalty to choose from, in (0, 1], or a single one; 1 is the lasso.
        cv: A number of folds, a scikit-learn splitter, or (train, test) index arrays over presentations; a single pair
            is a hold-out.
        alpha_rule: ``local`` chooses both for each electrode, ``shared`` for all, by the mean score.
        tol: An electrode has converged where its duality gap is at most ``tol`` times the sum of its squares.
        max_iter: Sweeps over the weights at most.
        device: ``cpu``, ``cuda`` or ``auto``.

    Attributes:
        alpha_: (c,) chosen penalty of each electrode.
        l1_ratio_: (c,) chosen share of the L1 penalty.
        coef_: (lags, d, c) weights.
        intercept_: (c,).
        candidates_: (candidates, 2) alpha and l1_ratio of all combinations.
        cv_scores_: (candidates, c) mean R2 over the folds; NaN where there is a single combination.
        n_iter_: (c,) sweeps of the last fit.
        dual_gap_: (c,) its duality gap, in units of the objective.
        lags_: (lags,) in frames.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = [rng.normal(size=(80, 3)) for _ in range(6)]
        >>> y = [np.roll(v, 1, axis=0)[:, :1] * 2 for v in x]
        >>> trf = ElasticNetTRF(tmax=0.04, alphas=[0.1, 1.0], l1_ratios=[0.5, 1.0], cv=3).fit(x, y)
        >>> [[k, i] for k, i, _ in np.argwhere(trf.coef_).tolist()]
        [[1, 0]]
    """

    _unitless = False

    def __init__(
        self,
        tmin: float = 0.0,
        tmax: float = 0.38,
        rate: float = 50.0,
        alphas: float | Sequence[float] | NDArray[np.float64] = (1.0,),
        l1_ratios: float | Sequence[float] | NDArray[np.float64] = (0.5,),
        cv: int | Any | Iterable[tuple[Any, Any]] = 5,
        alpha_rule: str = "local",
        tol: float = 1e-4,
        max_iter: int = 1000,
        device: str = "cpu",
    ) -> None:
        self.tmin = tmin
        self.tmax = tmax
        self.rate = rate
        self.alphas = alphas
        self.l1_ratios = l1_ratios
        self.cv = cv
        self.alpha_rule = alpha_rule
        self.tol = tol
        self.max_iter = max_iter
        self.device = device

    def fit(self, features: Given, responses: Given, groups: Sequence[Any] | None = None) -> Self:
        """Choose alpha and l1_ratio for each electrode by cross-validation, then fit on all presentations.

        Args:
            features: (T_i, d) for each presentation, finite; or one plain array.
            responses: (T_i, c) for each presentation; NaN = left out, exactly; or one plain array.
            groups: The stimulus of each presentation, so that no fold splits one; each its own by default.

        Raises:
            BrainalignError: Empty lists, unequal lengths or widths, infinite values, penalties out of range, or fewer
                groups than folds.
        """
        self.candidates_ = self._candidates()
        count, arithmetic = len(self.candidates_), Arithmetic(self.device)
        opened = self._open(features, responses, groups, count)
        c = opened.design.n_channels
        self.cv_scores_ = np.full((count, c), np.nan)
        self.n_iter_, self.dual_gap_ = np.zeros(c, dtype=np.int64), np.zeros(c)
        self._unfinished: list[float] = []
        best = np.zeros(c, dtype=np.int64)
        segments = SegmentMoments(opened.lags, arithmetic)
        if count > 1:
            for group in opened.design.groups:
                self.cv_scores_[:, group.channels] = self._curve(opened, segments.of(group, opened.frames), arithmetic)
            shrink = self.candidates_[:, 0]
            best = choose(self.cv_scores_, shrink)
            if self.alpha_rule == "shared":
                best[:] = choose(over_folds(self.cv_scores_.T)[:, None], shrink)
        self.alpha_, self.l1_ratio_ = self.candidates_[best].T
        for group in opened.design.groups:
            whole = segments.of(group, opened.frames).total(range(opened.split.n_segments))
            self._fit_chosen(opened, group, whole, best, arithmetic)
        warn_at_edge(self.alpha_, np.unique(self.candidates_[:, 0]), "alpha")
        if self._unfinished:
            log.warning(
                "elastic net: %d fits (one an electrode, fold and pair of penalties) did not converge in max_iter=%d sweeps; "
                "the largest duality gap is %.2g of y'y (tol=%g): raise max_iter or the alphas.",
                len(self._unfinished), self.max_iter, max(self._unfinished), self.tol,
            )  # fmt: skip
        return self

    def _candidates(self) -> NDArray[np.float64]:
        """(candidates, 2) all pairs of alpha and l1_ratio, checked."""
        alphas, ratios = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (self.alphas, self.l1_ratios))
        if alphas.ndim != 1 or len(alphas) == 0 or not (np.isfinite(alphas) & (alphas > 0)).all():
            raise BrainalignError(f"alphas={alphas.tolist()} must be one or more finite numbers above 0.")
        if ratios.ndim != 1 or len(ratios) == 0 or not ((ratios > 0) & (ratios <= 1)).all():
            raise BrainalignError(
                f"l1_ratios={ratios.tolist()} must be one or more numbers above 0 and at most 1; RidgeTRF is the one for 0."
            )
        if self.alpha_rule not in ("local", "shared"):
            raise BrainalignError(
                f"alpha_rule={self.alpha_rule!r} is unknown; {nearest(str(self.alpha_rule), ('local', 'shared'))}"
            )
        if not self.tol > 0 or self.max_iter < 1:
            raise BrainalignError(f"tol={self.tol} and max_iter={self.max_iter} must be above 0 and at least 1.")
        return np.array(list(product(alphas, ratios)))

    def _curve(self, opened: Opened, segments: Sums, arithmetic: Arithmetic) -> NDArray[np.float64]:
        """(candidates, c) mean R2 over the folds in which an electrode was recorded."""
        split, found = opened.split, [np.full((len(self.candidates_), segments.electrodes), np.nan)]
        for f, fold in track(list(enumerate(split.folds)), "cross-validating the elastic net"):
            train = segments.total(split.training(f))
            test = HeldOut(segments.total(sorted(fold.test)))
            if train.n >= 2 and test.moments.n:
                found.append(arithmetic.run(partial(self._scores, train, test), len(train.ysum)))
        return over_folds(np.stack(found))

    def _scores(self, train: Moments, test: HeldOut, device: torch.device, at_once: int) -> NDArray[np.float64]:
        """(candidates, c) R2 of each candidate's weights, from the largest alpha down."""
        normal, test = _Normal.of(train, device), test.to(device)
        rows, c = test.prepare(normal.system, normal.gram.dtype), len(train.ysum)
        r2 = np.full((len(self.candidates_), c), np.nan)
        for ratio in np.unique(self.candidates_[:, 1]):
            places = np.flatnonzero(self.candidates_[:, 1] == ratio)
            for at in range(0, c, at_once):
                here, start = slice(at, min(at + at_once, c)), None
                for place in places[np.argsort(-self.candidates_[places, 0])]:
                    fit = self._solve(normal, here, place, start)
                    start = fit.coef
                    products = test.by_rows(normal.system, fit.coef, here, rows)
                    intercept = normal.system.intercept(fit.coef, here)
                    r2[place, here] = test.r2(products, intercept, normal.system.train, here).cpu().numpy()
        return r2

    def _fit_chosen(
        self, opened: Opened, group: MaskGroup, whole: Moments, best: NDArray[np.int64], arithmetic: Arithmetic
    ) -> None:
        """Weights of one mask group's electrodes on all its rows."""
        here, chosen = group.channels, best[group.channels]

        def job(device: torch.device, at_once: int) -> None:
            normal = _Normal.of(whole, device)
            weights = normal.cross.clone()
            for place in np.unique(chosen):
                mine = np.flatnonzero(chosen == place)
                for part in np.split(mine, range(at_once, len(mine), at_once)):
                    fit = self._solve(normal, part, place)
                    weights[:, part] = fit.coef
                    self.n_iter_[here[part]] = fit.iterations.cpu().numpy()
                    self.dual_gap_[here[part]] = fit.gap.cpu().numpy()
            solution = normal.system.solution(weights)
            self.coef_[:, :, here] = solution.coef[:, :-1].numpy()
            self.intercept_[here] = solution.intercept.numpy() + opened.design.center[here]

        arithmetic.run(job, len(chosen))

    def _solve(
        self, normal: _Normal, electrodes: slice | NDArray[np.int64], place: int, start: Tensor | None = None
    ) -> ElasticNetFit:
        """Weights of some electrodes for a candidate."""
        alpha, ratio = self.candidates_[place].tolist()
        cross, yy = normal.cross[:, electrodes], normal.yy[electrodes]
        fit = elastic_net(normal.gram, cross, yy, normal.n, alpha, ratio, start, self.tol, self.max_iter)
        self._unfinished += (fit.gap * normal.n / yy)[~fit.converged].tolist()
        return fit


@dataclass(frozen=True)
class _Normal:
    """All that the elastic net needs to know of some training rows.

    Attributes:
        system: The features as they came.
        gram: (p, p) X'X of the centred columns; constant ones are zero.
        cross: (p, c) X'y.
        yy: (c,) sums of squares of the centred responses.
        n: Number of rows.
    """

    system: Primal
    gram: Tensor
    cross: Tensor
    yy: Tensor
    n: float

    @classmethod
    def of(cls, train: Moments, device: torch.device) -> _Normal:
        """Written out on a device."""
        import torch

        train = train.to(device)
        system = Primal(train, torch.zeros_like(train.hsum), torch.ones_like(train.hsum))
        gram, _ = system.upper(torch.float64)
        for at in range(train.d, len(gram), train.d):
            gram[at : at + train.d, :at] = gram[:at, at : at + train.d].T
        square = gram.diagonal() + system.offset.square() / train.n
        constant = gram.diagonal() <= CONSTANT * square
        gram[constant], gram[:, constant] = 0.0, 0.0
        cross = system.rhs().masked_fill(constant[:, None], 0.0)
        return cls(system, gram, cross, train.yy - train.ysum.square() / train.n, train.n)
