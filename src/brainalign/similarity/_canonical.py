"""Summaries of canonical correlations: held out, SVCCA and PWCCA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from brainalign.linalg.cca import Whitener, column_correlations
from brainalign.linalg.svd import svd
from brainalign.similarity._rows import Array, Groups, centred, fold_of, paired


class CanonicalSummary(NamedTuple):
    """What canonical correlations come to.

    Attributes:
        held_out: Mean over variates of their correlation on groups that were not fitted on, over folds.
        svcca: Mean in-sample canonical correlation of the truncated spaces (Raghu et al. 2017).
        pwcca: The same, each variate weighted by how much of x it carries (Morcos et al. 2018).
        k: Variates.
    """

    held_out: float
    svcca: float
    pwcca: float
    k: int


@dataclass(frozen=True)
class Whitened:
    """One side of a CCA, whitened on all rows and on the training rows of each fold: done once, used with every other side.

    Attributes:
        rows: (n, p) about their mean.
        whole: (n, q) whitened on all rows.
        folds: Of each fold, whitened training rows and test rows.
    """

    rows: Array
    whole: Array
    folds: list[tuple[Array, Array]]

    @classmethod
    def fit(cls, rows: ArrayLike, groups: Groups, variance: float, folds: int = 5, ridge: float = 0.0) -> Whitened:
        """Whiten (n, p) rows."""
        x = centred(rows, "rows", 4)
        fold = fold_of(groups, len(x), folds)
        parts = []
        for number in range(folds):
            whitener = Whitener.fit(x[fold != number], variance, ridge)
            parts.append((whitener.transform(x[fold != number]), whitener.transform(x[fold == number])))
        return cls(x, Whitener.fit(x, variance, ridge).transform(x), parts)


def correlations(x: Whitened, y: Whitened) -> CanonicalSummary:
    """The summary of two sides that were whitened on the same folds."""
    u, rho, _ = _rotations(x.whole, y.whole)
    variates = x.whole @ u
    sd = x.rows.std(axis=0)
    standard = x.rows[:, sd > 0] / sd[sd > 0]
    weights = np.abs(variates.T @ standard).sum(axis=1)
    held = []
    for (train_x, test_x), (train_y, test_y) in zip(x.folds, y.folds, strict=True):
        p, _, q = _rotations(train_x, train_y)
        found = column_correlations(test_x @ p, test_y @ q)
        held += [found[np.isfinite(found)].mean()] if np.isfinite(found).any() else []  # a constant fold tells nothing
    return CanonicalSummary(
        float(np.mean(held)) if held else np.nan, float(rho.mean()), float(weights @ rho / weights.sum()), len(rho)
    )


def _rotations(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Canonical directions of two whitened sets of rows, and their correlations."""
    p, rho, qt = svd(x.T @ y / len(x))
    return p, np.minimum(rho, 1.0), qt.T


def canonical_summary(
    x: ArrayLike, y: ArrayLike, groups: Groups, *, variance: float = 0.99, folds: int = 5, ridge: float = 0.0
) -> CanonicalSummary:
    """Canonical correlations of two representations in one number each, in-sample and held out.

    Both sides are standardised and cut to the principal components that hold ``variance``. In-sample numbers rise towards 1 with the
    number of components beside the rows, related or not; the held-out one is 0 on average where nothing is shared.

        pwcca = sum_i a_i rho_i / sum_i a_i,   a_i = sum_j |<u_i, x_j>|,  u_i: variates of x, x_j: its standardised columns

    Args:
        x: (n, p).
        y: (n, q).
        groups: (n,) what must stay together in a fold, such as the stimulus of each row.
        variance: Share of each side's standardised variance that is kept.
        folds: Of whole groups.
        ridge: Regularisation, in units of the mean component variance.

    Raises:
        BrainalignError: Unequal numbers of rows, values that are not finite, or fewer groups than folds.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(2, 200, 20))  # unrelated
        >>> found = canonical_summary(x, y, np.arange(200) // 5)
        >>> bool(found.svcca > 0.25), bool(abs(found.held_out) < 0.1)
        (True, True)
    """
    left, right = paired(x, y, 4)
    sides = (Whitened.fit(side, groups, variance, folds, ridge) for side in (left, right))
    return correlations(*sides)
