"""RidgeTRF: the temporal receptive field by ridge regression, one penalty an electrode."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding._ridge import Direction, RidgeFit, warn_at_edge
from brainalign.encoding.checks import Given, as_presentations
from brainalign.encoding.patterns import patterns_of
from brainalign.linalg.penalty import Penalty


class RidgeTRF(RidgeFit):
    """Ridge regression of responses on lagged features, one penalty an electrode.

        minimise  sum_t [ sum_k w(k)' h(t - k) + b - y(t) ]^2 + alpha ||w||^2                           (ridge)
                                                              + alpha / 2 sum_k ||w(k + 1) - w(k)||^2   (tikhonov)

    Lags are made inside each presentation, with zeros outside it. It equals scikit-learn's Ridge on the literal lagged
    matrix, which is never built: the Gram matrix comes from a block recursion (see ``linalg.moments``). Features are
    taken as they come; standardise them beforehand where they need it (the pipeline does). The paper's penalty lambda,
    for a squared error averaged over L frames, is ``alpha = L lambda`` (Chen et al. 2024).

    Args:
        tmin: First lag in seconds, included; negative lags let the response precede the feature.
        tmax: Last lag in seconds, included.
        rate: Frames per second.
        alphas: Penalties to choose from, or a single one.
        cv: A number of folds, a scikit-learn splitter, or (train, test) index arrays over presentations; a single pair
            is a hold-out.
        alpha_rule: ``local`` chooses alpha for each electrode, ``shared`` one for all, by the mean score.
        intercept_alpha: Penalty of the intercept. MATLAB mTRF-Toolbox 1.5 penalises one constant column an input
            channel: that is ``intercept_alpha = alpha / n_inputs``.
        device: ``cpu``, ``cuda`` or ``auto``.
        dtype: ``float32`` solves in float32 where the conditioning allows it; ``float64`` always in float64.
        solver: ``auto`` (by counted operations), ``cholesky``, ``eigh`` or ``dual``.
        patterns: Also compute ``pattern_``.
        penalty: ``ridge``, or ``tikhonov``: smoothness over lags, each feature's own. A weight that is the same at all lags then costs
            nothing, so the features have to be linearly independent; solved in float64 by Cholesky factors.

    Attributes:
        alpha_: (c,) chosen penalty of each electrode.
        coef_: (lags, d, c) weights.
        intercept_: (c,).
        cv_scores_: (alphas, c) mean R2 over the folds; NaN where there is a single alpha.
        lags_: (lags,) in frames.
        pattern_: (lags, d, c) how each feature goes along with each prediction (:func:`brainalign.encoding.patterns.patterns_of`);
            where asked for.

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
        alpha_rule: str = "local",
        intercept_alpha: float = 0.0,
        device: str = "cpu",
        dtype: str = "float32",
        solver: str = "auto",
        patterns: bool = False,
        penalty: Penalty = "ridge",
    ) -> None:
        self.tmin = tmin
        self.tmax = tmax
        self.rate = rate
        self.alphas = alphas
        self.cv = cv
        self.alpha_rule = alpha_rule
        self.intercept_alpha = intercept_alpha
        self.device = device
        self.dtype = dtype
        self.solver = solver
        self.patterns = patterns
        self.penalty = penalty

    def fit(self, features: Given, responses: Given, groups: Sequence[Any] | None = None) -> Self:
        """Choose alpha for each electrode by cross-validation, then fit on all presentations.

        Args:
            features: (T_i, d) for each presentation, finite; or one plain array.
            responses: (T_i, c) for each presentation; NaN = left out, exactly; or one plain array.
            groups: The stimulus of each presentation, so that no fold splits one; each its own by default.

        Raises:
            BrainalignError: Empty lists, unequal lengths or widths, infinite values, alphas that are not positive,
                fewer groups than folds, or ``tikhonov`` with a single lag, another solver, or features that depend on one another.
        """
        grid = self._grid()
        self.alpha_ = grid[self._choose_path(features, responses, groups, grid)]
        warn_at_edge(self.alpha_, grid, "alpha")
        if self.patterns:
            x, y = as_presentations(self, features)[0], as_presentations(None, responses)[0]
            self.pattern_ = patterns_of(x, self.coef_, self.lags_, [np.isfinite(v) for v in y])
        return self

    def _choose_path(
        self, features: Given, responses: Given, groups: Sequence[Any] | None, grid: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """(c,) the chosen alpha of each electrode, all features under one penalty."""
        width = as_presentations(self, features, fit=True)[0]
        d = width[0].shape[-1] if width else 0
        direction = Direction(np.ones(d), grid.tolist(), list(range(len(grid))))
        return self._choose(features, responses, groups, [direction], grid)
