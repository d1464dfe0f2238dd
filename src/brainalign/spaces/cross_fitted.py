"""Cross-fitted CCA of two plain arrays: each fold's directions are fitted on the other folds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from brainalign.similarity._rows import Groups, codes, fold_of, paired
from brainalign.spaces.shared import SharedSpace


def cross_fitted_cca(
    x: ArrayLike,
    y: ArrayLike,
    groups: Groups,
    *,
    k: int = 50,
    variance: float = 0.99,
    ridge: float = 0.0,
    folds: int = 5,
    draws: int = 100,
    seed: int = 0,
) -> pd.DataFrame:
    """Canonical correlations on folds of whole groups that the directions were not fitted on, beside those in-sample.

    Both sides are standardised and cut to the principal components that hold ``variance``, on the training rows alone. The null
    breaks the pairing of the two sides by shuffled groups, and keeps the rows' own sequence within each.

    Args:
        x: (n, p), paired with y row by row.
        y: (n, q).
        groups: (n,) what must stay together in a fold, such as the stimulus of each row.
        k: Components in the table, at most.
        variance: Share of each side's standardised variance that is kept.
        ridge: Regularisation, in units of the mean component variance.
        folds: Of whole groups.
        draws: Shuffles behind the null.
        seed: Of the shuffles.

    Returns:
        Columns fold, component (from 1), in_sample, held_out, null_95: what
        :func:`brainalign.figures.canonical_correlations` draws.

    Raises:
        BrainalignError: Unequal numbers of rows, values that are not finite, or fewer groups than folds.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> s = rng.normal(size=(300, 1))
        >>> x, y = (np.hstack([s + 0.3 * rng.normal(size=(300, 1)), rng.normal(size=(300, 4))]) for _ in range(2))
        >>> found = cross_fitted_cca(x, y, np.arange(300) // 10)
        >>> means = found.groupby("component").held_out.mean()
        >>> bool(means[1] > 0.85), bool(abs(means[2]) < 0.2)
        (True, True)
    """
    left, right = paired(x, y, 4)
    number = codes(groups, len(left))
    order = np.argsort(number, kind="stable")  # a group's rows in one block, in their own sequence
    left, right, number = left[order], right[order], number[order]
    fold, rng, tables = fold_of(number, len(left), folds), np.random.default_rng(seed), []
    for f in range(folds):
        train, test = fold != f, fold == f
        space = SharedSpace(k, variance, ridge).fit(left[train], right[train])
        sizes = np.unique(number[test], return_counts=True)[1]
        table = space.canonical_table((left[test], right[test], sizes.tolist()), draws, rng)
        tables.append(table.head(k).assign(fold=f))
    return pd.concat(tables, ignore_index=True)[["fold", "component", "in_sample", "held_out", "null_95"]]
