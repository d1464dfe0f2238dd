"""RidgeTRF: the temporal receptive field as a scikit-learn estimator on lists of presentations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from brainalign.encoding.design import Design
from brainalign.encoding.folds import presentations_split
from brainalign.encoding.nested import choose
from brainalign.encoding.scores import score
from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.lags import convolve, lags_of
from brainalign.linalg.moments import total
from brainalign.linalg.ridge import HeldOut, ridge_path, solve_chosen

Array = NDArray[np.floating[Any]]


class RidgeTRF(BaseEstimator):  # type: ignore[misc]
    """Ridge regression of responses on lagged features, one penalty an electrode.

        minimise  sum_t [ sum_k w(k)' h(t - k) + b - y(t) ]^2 + alpha ||w||^2

    Lags are made inside each presentation, with zeros outside it. It equals scikit-learn's Ridge on the literal lagged
    matrix, which is never built: the Gram matrix comes from a block recursion (see ``linalg.moments``). Features are
        taken
    as they come; standardise them beforehand where they need it (the pipeline does). The paper's penalty lambda, for a
    squared error averaged over L frames, is ``alpha = L lambda`` (Chen et al. 2024).

    Args:
        tmin: First lag in seconds, included; negative lags let the response precede the feature.
        tmax: Last lag in seconds, included.
        rate: Frames per second.
        alphas: Penalties to choose from, or a single one.
        cv: A number of folds, a scikit-learn splitter, or (train, test) index arrays over presentations.
        intercept_alpha: Penalty of the intercept. MATLAB mTRF-Toolbox 1.5 penalises one constant column an input
            channel:
            that is ``intercept_alpha = alpha / n_inputs``.
        device: ``cpu``, ``cuda`` or ``auto``.
        dtype: ``float32`` solves in float32 where the conditioning allows it; ``float64`` always in float64.

    Attributes:
        alpha_: (c,) chosen penalty of each electrode.
        coef_: (lags, d, c) weights.
        intercept_: (c,).
        cv_scores_: (alphas, c) mean R2 over the folds; NaN where there is a single alpha.
        lags_: (lags,) in frames.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = [rng.normal(size=(80, 3)) for _ in range(6)]
        >>> y = [np.roll(v, 1, axis=0)[:, :1] * 2 for v in x]
        >>> trf = RidgeTRF(tmin=0.0, tmax=0.04, rate=50.0, alphas=[0.01, 1.0, 100.0], cv=3).fit(x, y)
        >>> trf.coef_.shape, bool(trf.score(x, y).min() > 0.9)
        ((3, 3, 1), True)
    """

    def __init__(
        self,
        tmin: float = 0.0,
        tmax: float = 0.38,
        rate: float = 50.0,
        alphas: float | Sequence[float] | NDArray[np.float64] = (1.0,),
        cv: int | Any | Iterable[tuple[Any, Any]] = 5,
        intercept_alpha: float = 0.0,
        device: str = "cpu",
        dtype: str = "float32",
    ) -> None:
        self.tmin = tmin
        self.tmax = tmax
        self.rate = rate
        self.alphas = alphas
        self.cv = cv
        self.intercept_alpha = intercept_alpha
        self.device = device
        self.dtype = dtype

    def fit(
        self, features: Sequence[Array], responses: Sequence[Array], groups: Sequence[Any] | None = None
    ) -> RidgeTRF:
        """Choose alpha for each electrode by cross-validation, then fit on all presentations.

        Args:
            features: (T_i, d) for each presentation, finite.
            responses: (T_i, c) for each presentation; NaN = left out, exactly.
            groups: The stimulus of each presentation, so that no fold splits one; each its own by default.

        Raises:
            BrainalignError: Empty lists, unequal lengths or widths, infinite values, alphas that are not positive, or
                fewer
                groups than folds.
        """
        x, y = _checked(features, responses)
        alphas = np.atleast_1d(np.asarray(self.alphas, dtype=np.float64))
        if len(alphas) == 0 or not (np.isfinite(alphas) & (alphas > 0)).all():
            raise BrainalignError(f"alphas={alphas.tolist()} must be one or more finite numbers above 0.")
        names = [str(i) for i in range(len(x))]
        labels = names if groups is None else list(groups)
        if len(labels) != len(x):
            raise BrainalignError(f"groups has {len(labels)} entries for {len(x)} presentations; one each is needed.")
        arithmetic = Arithmetic(self.device, self.dtype)
        lengths = [len(v) for v in x]
        # a single alpha needs no choice: all presentations are one atom
        split = presentations_split(self.cv if len(alphas) > 1 else [(range(len(x)),) * 2], labels, lengths)
        design = Design(names, y, split, centred=self.intercept_alpha == 0)
        self.lags_ = lags_of(self.tmin, self.tmax, self.rate)
        self.n_features_in_ = x[0].shape[1]
        c = design.n_channels
        self.cv_scores_ = np.full((len(alphas), c), np.nan)
        self.alpha_ = np.full(c, alphas[0])
        self.coef_ = np.zeros((len(self.lags_), self.n_features_in_, c))
        self.intercept_ = np.zeros(c)
        frames = dict(zip(names, x, strict=True))
        for group in design.groups:
            here = group.channels
            atoms = design.atoms(group, frames, self.lags_)
            mean, sd = (v.new_full((self.n_features_in_,), k) for v, k in ((atoms[0].hsum, 0.0), (atoms[0].hsum, 1.0)))
            if len(alphas) > 1:
                curve = np.zeros((len(alphas), len(here)))
                for f, fold in enumerate(split.folds):
                    train = total(atoms[a] for a in split.training(f))
                    held_out = HeldOut(total(atoms[a] for a in sorted(fold.test)), arithmetic)
                    path = ridge_path(train, mean, sd, alphas.tolist(), self.intercept_alpha, arithmetic)
                    for a, fit in enumerate(path):
                        curve[a] += held_out.r2(fit, train.ysum / train.n).numpy() / len(split.folds)
                self.cv_scores_[:, here] = curve
                self.alpha_[here] = alphas[choose(curve)]
            solution = solve_chosen(total(atoms), mean, sd, self.alpha_[here], self.intercept_alpha, arithmetic)
            self.coef_[:, :, here] = solution.coef[:, :-1].numpy()
            self.intercept_[here] = solution.intercept.numpy() + design.center[here]
        return self

    def predict(self, features: Sequence[Array]) -> list[NDArray[np.float64]]:
        """Predicted responses.

        Args:
            features: (T_i, d) for each presentation.

        Returns:
            (T_i, c) for each presentation.
        """
        check_is_fitted(self)
        for i, x in enumerate(features):
            if np.ndim(x) != 2 or x.shape[1] != self.n_features_in_:
                raise BrainalignError(
                    f"features[{i}] has shape {np.shape(x)}; (time, {self.n_features_in_}) is needed."
                )
        return [convolve(np.asarray(x, dtype=np.float64), self.coef_, self.lags_) + self.intercept_ for x in features]

    def score(self, features: Sequence[Array], responses: Sequence[Array]) -> NDArray[np.float64]:
        """Pearson r of each electrode over all presentations together.

        Args:
            features: (T_i, d) for each presentation.
            responses: (T_i, c) for each presentation.

        Returns:
            (c,).
        """
        x, y = _checked(features, responses)
        actual = np.vstack(y)
        return score(actual, np.vstack(self.predict(x)), np.zeros(actual.shape[1])).r


def _checked(
    features: Sequence[Array], responses: Sequence[Array]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Both lists as float64 arrays, or one sentence on what is wrong with them."""
    if len(features) == 0:
        raise BrainalignError("features is an empty list; at least one presentation is needed.")
    if len(features) != len(responses):
        raise BrainalignError(
            f"features has {len(features)} presentations, responses {len(responses)}; they must be equal."
        )
    x = [np.asarray(v, dtype=np.float64) for v in features]
    y = [np.asarray(v, dtype=np.float64) for v in responses]
    for i, (a, b) in enumerate(zip(x, y, strict=True)):
        if a.ndim != 2 or b.ndim != 2 or len(a) != len(b) or len(a) == 0:
            raise BrainalignError(
                f"presentation {i}: features {a.shape} and responses {b.shape} must be (T, d) and (T, c), T > 0."
            )
        if a.shape[1] != x[0].shape[1] or b.shape[1] != y[0].shape[1]:
            raise BrainalignError(
                f"presentation {i} has {a.shape[1]} features and {b.shape[1]} electrodes, presentation 0 has "
                f"{x[0].shape[1]} and {y[0].shape[1]}; they must agree."
            )
        if not np.isfinite(a).all() or np.isinf(b).any():
            raise BrainalignError(
                f"presentation {i} holds infinite values, or NaN among its features; features must be finite, and only "
                "responses may hold NaN."
            )
    return x, y
