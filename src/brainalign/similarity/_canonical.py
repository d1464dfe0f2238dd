"""Summaries of canonical correlations: held out, SVCCA and PWCCA."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from brainalign.linalg.cca import CCA
from brainalign.similarity._rows import Groups, fold_of, paired


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
    whole = CCA.fit(left, right, variance, ridge)
    count = len(whole.rho)
    variates = whole.x.transform(left) @ whole.p[:, :count]
    varies = left.std(axis=0) > 0
    standard = left[:, varies] / left[:, varies].std(axis=0)
    weights = np.abs(variates.T @ standard).sum(axis=1)
    fold = fold_of(groups, len(left), folds)
    held = []
    for number in range(folds):
        fit = CCA.fit(left[fold != number], right[fold != number], variance, ridge)
        held.append(float(np.nanmean(fit.correlations(left[fold == number], right[fold == number]))))
    return CanonicalSummary(
        float(np.mean(held)), float(whole.rho.mean()), float(weights @ whole.rho / weights.sum()), count
    )
