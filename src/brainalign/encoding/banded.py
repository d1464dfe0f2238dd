"""BandedRidgeTRF: a penalty for each band of features and each electrode, so that a weak band need not pay for a strong one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding._ridge import Direction, RidgeFit, warn_at_edge
from brainalign.encoding.checks import Given, as_presentations
from brainalign.errors import BrainalignError
from brainalign.linalg.bands import Bands

MOST = 2000
"""Combinations of alphas beyond which a search is refused rather than left to run for days."""


class BandedRidgeTRF(RidgeFit):
    """Ridge regression of responses on lagged features, one penalty a band of features and electrode.

        minimise  sum_t [ sum_b sum_k w_b(k)' h_b(t - k) + c - y(t) ]^2 + sum_b alpha_b ||w_b||^2

    It is the ridge regression of features divided by the roots of their penalties (Nunez-Elizalde, Huth and Gallant
    2019), so every combination of alphas is tried that the grid allows: by whichever counts fewer operations of one path for
    all combinations that differ by a factor alone, and of elimination, where a band eliminated under one penalty serves all
    penalties of the later ones. With equal alphas it equals ``RidgeTRF``.

    Args:
        bands: Number of features in each band, in the order of the columns.
        tmin: First lag in seconds, included.
        tmax: Last lag in seconds, included.
        rate: Frames per second.
        alphas: Penalties that each band chooses from.
        cv: A number of folds, a scikit-learn splitter, or (train, test) index arrays over presentations.
        alpha_rule: ``local`` chooses for each electrode, ``shared`` for all, by the mean score.
        intercept_alpha: Penalty of the intercept.
        device: ``cpu``, ``cuda`` or ``auto``.
        dtype: ``float32`` solves in float32 where the conditioning allows it; ``float64`` always in float64.
        solver: ``auto`` (by counted operations), ``cholesky``, ``eigh`` or ``dual``.

    Attributes:
        alpha_: (bands, c) chosen penalties.
        candidates_: (candidates, bands) all combinations.
        cv_scores_: (candidates, c) mean R2 over the folds; NaN where there is a single combination.
        coef_: (lags, d, c) weights.
        intercept_: (c,).
        lags_: (lags,) in frames.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = [rng.normal(size=(60, 6)) for _ in range(6)]
        >>> y = [2 * v[:, :1] + rng.normal(size=(60, 1)) for v in x]  # the second band has no part in it
        >>> trf = BandedRidgeTRF(bands=[2, 4], tmax=0.04, alphas=[0.1, 10.0, 1e5], cv=3).fit(x, y)
        >>> trf.alpha_.tolist()
        [[0.1], [100000.0]]
    """

    def __init__(
        self,
        bands: Sequence[int] = (1,),
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
    ) -> None:
        self.bands = bands
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

    def fit(self, features: Given, responses: Given, groups: Sequence[Any] | None = None) -> Self:
        """Choose the bands' alphas for each electrode by cross-validation, then fit on all presentations.

        Args:
            features: (T_i, d) for each presentation, finite, the bands' columns side by side; or one plain array.
            responses: (T_i, c) for each presentation; NaN = left out, exactly; or one plain array.
            groups: The stimulus of each presentation, so that no fold splits one; each its own by default.

        Raises:
            BrainalignError: As ``RidgeTRF.fit``; or bands that do not add up to d, or too many combinations.
        """
        grid, widths = self._grid(), np.asarray(self.bands, dtype=np.int64)
        arrays = as_presentations(self, features, fit=True)[0]
        d = arrays[0].shape[-1] if arrays else 0
        if (widths < 1).any() or (arrays and widths.sum() != d):
            raise BrainalignError(f"bands={widths.tolist()} must be counts of features that add up to {d}.")
        if len(grid) ** len(widths) > MOST:
            raise BrainalignError(
                f"{len(grid)} alphas for {len(widths)} bands are {len(grid) ** len(widths):,} combinations; with {MOST:,} at most, "
                f"give {int(MOST ** (1 / len(widths)))} alphas or fewer bands."
            )
        self.candidates_ = np.array(list(product(grid, repeat=len(widths))))
        directions, shrink = _directions(self.candidates_, widths), np.log(self.candidates_).sum(axis=1)
        bands = Bands(tuple(widths.tolist()), self.candidates_)
        best = self._choose(features, responses, groups, directions, shrink, bands)
        self.alpha_ = self.candidates_[best].T
        for number, alpha in enumerate(self.alpha_):
            warn_at_edge(alpha, grid, f"alpha of band {number}")
        return self


def _directions(candidates: NDArray[np.float64], widths: NDArray[np.int64]) -> list[Direction]:
    """Candidates by the ratios of their alphas."""
    ratios = candidates / candidates[:, :1]
    keys = np.round(np.log(ratios), 9)
    found = []
    for key in np.unique(keys, axis=0):
        places = np.flatnonzero((keys == key).all(axis=1))
        scale = np.repeat(np.sqrt(ratios[places[0]]), widths)
        found.append(Direction(scale, candidates[places, 0].tolist(), places.tolist()))
    return found
