"""DecodingTRF: the backward model, which reconstructs the stimulus from all channels at lags after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding._ridge import warn_at_edge
from brainalign.encoding.checks import Array, Given, as_presentations
from brainalign.encoding.patterns import patterns_of
from brainalign.encoding.trf import RidgeTRF
from brainalign.linalg.lags import convolve, lags_of
from brainalign.linalg.penalty import Penalty


class DecodingTRF(RidgeTRF):
    """Ridge reconstruction of stimulus features from all channels of a brain, one penalty a feature: the backward model.

        minimise  sum_t [ sum_k g(k)' r(t + k) + b - s(t) ]^2 + alpha ||g||^2

    The brain follows the stimulus, so the window lies after it: ``tmax=0.25`` looks at the channels up to 250 ms later. It is
    :class:`RidgeTRF` with the two sides exchanged and lags turned round: scikit-learn's Ridge on the literal lagged channels, or
    mTRFpy's ``TRF(direction=-1)`` (whose ``regularization`` is ``alpha / rate``, and whose Gram matrix is the mean over several
    presentations). Gram matrix and solvers are the same: primal, or dual where lagged channels outnumber rows. Channels are
    taken as they come, and share one penalty: bring them to one unit and scale.

    ``penalty="tikhonov"`` has ``alpha / 2 sum_k ||g(k + 1) - g(k)||^2`` in the place of ``alpha ||g||^2``.

    Channels are zero outside a presentation, as by mTRFpy's ``zeropad=True``: its last ``tmax`` seconds are reconstructed from fewer
    samples. To leave these rows out of the fit, set the features to NaN there.

    Args:
        tmin: First lag after the stimulus in seconds, included; negative lags look before it (a control).
        tmax: Last lag in seconds, included.
        rate: Frames per second.
        alphas: Penalties to choose from, or a single one.
        cv: See :class:`RidgeTRF`.
        alpha_rule: ``local`` chooses alpha for each feature, ``shared`` one for all.
        device: ``cpu``, ``cuda`` or ``auto``.
        dtype: ``float32`` solves in float32 where the conditioning allows it; ``float64`` always in float64.
        solver: ``auto`` (by counted operations), ``cholesky``, ``eigh`` or ``dual``.
        penalty: ``ridge``, or ``tikhonov``, smoothness over lags: see :class:`RidgeTRF`.

    Attributes:
        alpha_: (c,) chosen penalty of each feature.
        coef_: (lags, channels, c) weights; ``coef_[k]`` is on the channels at ``t - lags_[k]``.
        intercept_: (c,).
        pattern_: (lags, channels, c) how each channel goes along with each reconstruction: what may be read as a topography, where
            weights may not (:func:`brainalign.encoding.patterns.patterns_of`, of all features jointly).
        cv_scores_: (alphas, c) mean R2 over the folds; NaN where there is a single alpha.
        lags_: (lags,) in frames, negative, ascending: ``-tmax`` first, as in mTRFpy.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> envelope = [rng.normal(size=(200, 1)) for _ in range(6)]
        >>> brain = [np.roll(s, 2, axis=0) @ np.ones((1, 4)) + rng.normal(size=(200, 4)) for s in envelope]  # 40 ms later
        >>> trf = DecodingTRF(tmax=0.1, rate=50.0, alphas=[1.0, 100.0], cv=3).fit(brain, envelope)
        >>> trf.coef_.shape, int(trf.lags_[abs(trf.pattern_).mean(axis=(1, 2)).argmax()])
        ((6, 4, 1), -2)
        >>> bool(trf.score(brain, envelope, metric="r")[0] > 0.8)
        True
    """

    _sides = ("responses", "features")
    intercept_alpha = 0.0

    def __init__(
        self,
        tmin: float = 0.0,
        tmax: float = 0.25,
        rate: float = 50.0,
        alphas: float | Sequence[float] | NDArray[np.float64] = (1.0,),
        cv: int | Any | Iterable[tuple[Any, Any]] = 5,
        alpha_rule: str = "local",
        device: str = "cpu",
        dtype: str = "float32",
        solver: str = "auto",
        penalty: Penalty = "ridge",
    ) -> None:
        self.tmin = tmin
        self.tmax = tmax
        self.rate = rate
        self.alphas = alphas
        self.cv = cv
        self.alpha_rule = alpha_rule
        self.device = device
        self.dtype = dtype
        self.solver = solver
        self.penalty = penalty

    def fit(  # type: ignore[override]  # the sides are exchanged, and so are their names
        self, responses: Given, features: Given, groups: Sequence[Any] | None = None
    ) -> Self:
        """Choose alpha for each feature by cross-validation, then fit on all presentations.

        Args:
            responses: (T_i, channels) for each presentation; NaN = missing: rows whose window holds a missing sample of any channel
                are left out, exactly. Or one plain array, finite.
            features: (T_i, c) of the stimulus for each presentation; NaN = left out; or one plain array.
            groups: The stimulus of each presentation, so that no fold splits one; each its own by default.

        Raises:
            BrainalignError: Empty lists, unequal lengths or widths, infinite values, alphas that are not positive, or
                fewer groups than folds.
        """
        seen, wanted = self._whole(responses, features)
        grid = self._grid()
        self.alpha_ = grid[self._choose_path(seen, wanted, groups, grid)]
        warn_at_edge(self.alpha_, grid, "alpha", "features")
        channels, targets = as_presentations(self, seen)[0], as_presentations(None, wanted)[0]
        valid = [np.asarray(np.isfinite(v).all(axis=1))[:, None] for v in targets]
        self.pattern_ = patterns_of(channels, self.coef_, self.lags_, valid, jointly=True)
        return self

    def predict(self, responses: Given) -> Any:
        """Reconstructed features.

        Args:
            responses: (T_i, channels) for each presentation, or one plain array.

        Returns:
            (T_i, c) for each presentation, or one plain array; NaN where a sample of the window is missing.
        """
        found = super().predict(self._whole(responses)[0])
        if isinstance(found, list):
            for values, given in zip(found, responses, strict=True):
                values[~whole_windows(given, self.lags_)[1]] = np.nan
        return found

    def score(  # type: ignore[override]
        self, responses: Given, features: Given, metric: Literal["r2", "r"] = "r2"
    ) -> Any:
        """How well each feature is reconstructed: :meth:`RidgeTRF.score` over the rows whose window is whole.

        Args:
            responses: As for ``predict``.
            features: (T_i, c) for each presentation, NaN = left out, or one plain array.
            metric: ``r2``, or ``r`` for Pearson's correlation, the field's measure of a reconstruction.

        Returns:
            (c,), or a number where the model was fitted on a plain vector.

        Raises:
            BrainalignError: ``metric`` is another.
        """
        return super().score(*self._whole(responses, features), metric=metric)

    def _lags(self) -> NDArray[np.int64]:
        return -lags_of(self.tmin, self.tmax, self.rate)[::-1]

    def _whole(self, responses: Given, features: Given | None = None) -> tuple[Given, Any]:
        """Both sides of presentations without a missing sample of a channel: those are 0, and the features NaN that would need them."""
        lists = isinstance(responses, (list, tuple)) or getattr(responses, "ndim", 2) == 3
        if not lists or not any(np.isnan(np.asarray(v, dtype=np.float64)).any() for v in responses):
            return responses, features
        parts = [whole_windows(np.asarray(v), self._lags()) for v in responses]
        filled: list[Array] = [channels for channels, _ in parts]
        if features is None:
            return filled, None
        targets, _ = as_presentations(None, features)
        if [len(s) for s in targets] != [len(rows) for _, rows in parts]:
            return filled, features  # which the fit refuses
        return filled, [np.where(rows[:, None], s, np.nan) for (_, rows), s in zip(parts, targets, strict=True)]


def whole_windows(channels: Array, lags: NDArray[np.int64]) -> tuple[Array, NDArray[np.bool_]]:
    """Channels with 0 in place of what is missing, and the rows whose window holds nothing that is missing.

    Args:
        channels: (T, channels), NaN = missing.
        lags: Of the window, in frames.

    Returns:
        (T, channels) without NaN, and (T,).

    Example:
        >>> filled, rows = whole_windows(np.array([[1.0], [2.0], [np.nan], [4.0]]), np.array([-1, 0]))
        >>> filled.ravel().tolist(), rows.tolist()
        ([1.0, 2.0, 0.0, 4.0], [True, False, False, True])
    """
    missing = np.isnan(channels)
    touched = convolve(np.asarray(missing.any(axis=1), dtype=np.float64)[:, None], np.ones((len(lags), 1, 1)), lags)
    return np.where(missing, channels.dtype.type(0), channels), touched[:, 0] == 0
