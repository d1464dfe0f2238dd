"""Nested banded ridge: the ratio of the bands' penalties is chosen on inner folds together with alpha."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding.design import Design
from brainalign.encoding.inner import Search
from brainalign.encoding.nested import Batch, Frames, OuterScores, fit_batches
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.bands import Bands


@dataclass
class BandedScores:
    """Several bands of features side by side, scored on every outer fold.

    Attributes:
        scores: As of one band; ``alpha`` is the penalty of the first.
        ratio: (bands, folds, C) penalty of each band in units of the first's.
    """

    scores: OuterScores
    ratio: NDArray[np.float64]

    @property
    def alpha(self) -> NDArray[np.float64]:
        """(bands, folds, C) penalty of each band."""
        return self.ratio * self.scores.alpha


def combinations_of(bands: int, ratios: Sequence[float]) -> NDArray[np.float64]:
    """(combinations, bands) ratios of penalties to the first band's.

    Args:
        bands: How many.
        ratios: That each later band chooses from.

    Example:
        >>> combinations_of(2, [0.1, 1]).tolist()
        [[1.0, 0.1], [1.0, 1.0]]
    """
    return np.array([(1.0, *later) for later in product(ratios, repeat=bands - 1)], dtype=np.float64)


def side_by_side(bands: Sequence[Frames]) -> Frames:
    """The columns of several bands as one set of features: stimulus -> (T, all of their dims)."""
    return {s: np.hstack([band[s] for band in bands]) for s in bands[0]}


def fit_banded(
    design: Design,
    bands: Iterable[tuple[Sequence[Frames], Sequence[int]]],
    n_bands: int,
    ratios: Sequence[float],
    lags: NDArray[np.int64],
    alphas: Sequence[float],
    arithmetic: Arithmetic = Arithmetic(),
    search: Search = Search(),
    keep_weights: bool = False,
    components: float | None = None,
    copies: Sequence[int] | None = None,
) -> BandedScores:
    """``fit_outer`` for bands of features with a penalty each.

        minimise  sum_t [ sum_b sum_k w_b(k)' z_b(t - k) + b - y(t) ]^2 + alpha sum_b ratio_b ||w_b||^2

    with z_b the band standardised on the training rows. It is ridge regression on ``z_b / sqrt(ratio_b)`` (Nunez-Elizalde,
    Huth and Gallant 2019): all combinations of ratios share their lag products, and each is a path of alphas. Combination and alpha
    are chosen for each electrode on the inner folds; the outer fold is scored with that choice, once.

    Args:
        design: Responses and split.
        bands: The features of each band, and the outer folds that they are for.
        n_bands: How many bands.
        ratios: Penalties that every later band chooses from, in units of the first's.
        lags: (m,) consecutive integers.
        alphas: The grid of the first band's penalties, in any order.
        arithmetic: Device, precision and solver.
        search: Inner folds, and one choice an electrode or one for all.
        keep_weights: Hand over the weights of every outer fold, on the standardised features whatever their bands' penalties.
        components: Principal components of each band, see :mod:`brainalign.linalg.components`; None = its features.
        copies: How many lags of its features each band holds side by side, where bands come lagged.
    """
    candidates = combinations_of(n_bands, ratios)

    def batches() -> Iterator[Batch]:
        for frames, folds in bands:
            widths = tuple(next(iter(band.values())).shape[1] for band in frames)
            yield Batch(
                side_by_side(frames), folds, Bands(widths, candidates, None if copies is None else tuple(copies))
            )

    scores, chosen = fit_batches(design, batches(), lags, alphas, arithmetic, search, keep_weights, components)
    return BandedScores(scores, np.moveaxis(candidates[chosen], -1, 0))
