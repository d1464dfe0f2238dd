"""BoostingTRF: the temporal receptive field with few weights, grown in small steps until held-out presentations say stop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from brainalign.encoding.base import TRF
from brainalign.encoding.checks import Given
from brainalign.encoding.design import SegmentMoments
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.boosting import boost
from brainalign.linalg.boosting_rule import Boosting


class BoostingTRF(TRF):
    """Boosting of responses on lagged features (David et al. 2007), as in Eelbrain: sparse weights without a penalty to choose.

    From zero, each step changes by ``delta`` the one weight that lowers the training error most; growth stops where the error of
    a held-out fold rises, and goes back to where that was lowest. Each fold holds out in turn; weights are the mean over the folds
    in which any step helped. Features and responses are centred and scaled by their deviation over all rows beforehand, so that a
    step means the same for all; weights are given on features as they came.

    On the same partitions it takes the same steps as ``eelbrain.boosting`` with ``basis=0``; where ``mindelta < delta``, a step that would
    raise the training error is not taken. With ``error="l2"`` a step costs one column of a Gram matrix, however long the recording;
    with ``l1`` the recording is read once a step, and once for each step that may be the best. Memory is 16 p^2 bytes for p lagged
    features with ``l2``, and little more than the features with ``l1``. All is in float64, and growth runs on the CPU.

    Args:
        tmin: First lag in seconds, included; negative lags let the response precede the feature.
        tmax: Last lag in seconds, included.
        rate: Frames per second.
        delta: A step, in deviations of the response over deviations of the feature.
        mindelta: Where no step helps any more, steps are halved down to this; None = never.
        error: ``l2``, the sum of squares, or ``l1``, of absolute errors, which outliers move less.
        selective_stopping: 0 = all features stop together; n = a feature stops alone at the n-th rise that it causes.
        cv: Folds that stop the growth: a number of them, a scikit-learn splitter, or (train, test) index arrays over presentations;
            a single pair is a hold-out.
        device: Of the moments: ``cpu``, ``cuda`` or ``auto``.

    Attributes:
        coef_: (lags, d, c) weights.
        intercept_: (c,).
        cv_scores_: (folds, c) share of the held-out error that the weights of a fold removed: optimistic, since it chose where to stop.
        n_steps_: (folds, c) steps that were kept; 0 where none helped.
        lags_: (lags,) in frames.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = [rng.normal(size=(80, 3)) for _ in range(6)]
        >>> y = [np.roll(v, 1, axis=0)[:, :1] * 2 + rng.normal(size=(80, 1)) for v in x]
        >>> trf = BoostingTRF(tmax=0.04, cv=3).fit(x, y)
        >>> int(np.count_nonzero(abs(trf.coef_) > 0.1)), round(float(trf.coef_[1, 0, 0]), 1)
        (1, 1.9)
    """

    _unitless = False

    def __init__(
        self,
        tmin: float = 0.0,
        tmax: float = 0.38,
        rate: float = 50.0,
        delta: float = 0.005,
        mindelta: float | None = None,
        error: str = "l2",
        selective_stopping: int = 0,
        cv: int | Any | Iterable[tuple[Any, Any]] = 5,
        device: str = "cpu",
    ) -> None:
        self.tmin = tmin
        self.tmax = tmax
        self.rate = rate
        self.delta = delta
        self.mindelta = mindelta
        self.error = error
        self.selective_stopping = selective_stopping
        self.cv = cv
        self.device = device

    def fit(self, features: Given, responses: Given, groups: Sequence[Any] | None = None) -> Self:
        """Grow weights on each fold's training presentations, and take their mean.

        Args:
            features: (T_i, d) for each presentation, finite; or one plain array.
            responses: (T_i, c) for each presentation; NaN = left out, exactly; or one plain array.
            groups: The stimulus of each presentation, so that no fold splits one; each its own by default.

        Raises:
            BrainalignError: Empty lists, unequal lengths or widths, infinite values, steps out of range, or fewer groups than folds.
        """
        rule = Boosting(self.error, self.delta, self.mindelta, self.selective_stopping)
        arithmetic = Arithmetic(self.device)
        opened = self._open(features, responses, groups, 2)
        split, c = opened.split, opened.design.n_channels
        self.cv_scores_ = np.full((len(split.folds), c), np.nan)
        self.n_steps_ = np.zeros((len(split.folds), c), dtype=np.int64)
        segments = SegmentMoments(opened.lags, arithmetic)
        for group in opened.design.groups:
            here, sums = group.channels, segments.of(group, opened.frames)
            parts = [
                (sums.total(split.training(f)), sums.total(sorted(fold.test))) for f, fold in enumerate(split.folds)
            ]
            found = boost(sums.total(range(split.n_segments)), parts, rule, padded=False)
            self.coef_[:, :, here] = found.solution.coef[:, :-1].numpy()
            self.intercept_[here] = found.solution.intercept.numpy() + opened.design.center[here]
            self.cv_scores_[:, here], self.n_steps_[:, here] = found.score, found.steps
        return self
