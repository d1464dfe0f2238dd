"""Projection of a space on another: the directions of the first that go with the second, as many as hold up in cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.linalg.cca import CCA
from brainalign.spaces.shared import SharedSpace

FOLDS, DRAWS = 5, 100
"""Groups of training stimuli that directions are cross-validated over, and shuffles behind the null."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ProjectedSpace:
    """Directions of a space x that go with a competitor y, the strongest first.

    With all directions kept, every competitor would give the same space. So only those count whose correlation, cross-validated
    over training stimuli, is above that of shuffled stimuli; the others are arbitrary rotations of what is left of x.

    Attributes:
        cca: Of the space with the competitor, on all training rows.
        n: Directions that hold up.
        held_out, null: (directions,) cross-validated correlations, and the 95th percentile of shuffled ones.
    """

    cca: CCA
    n: int
    held_out: Array
    null: Array

    @classmethod
    def fit(cls, x: Array, y: Array, sizes: Sequence[int], rng: np.random.Generator) -> ProjectedSpace:
        """Fit on training rows.

        Args:
            x: (rows, dx) of the space.
            y: (rows, dy) of the competitor, reduced (see :func:`reduce`).
            sizes: Rows of each stimulus, in their order.
            rng: Of groups and shuffles.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> y = rng.normal(size=(900, 2))
            >>> x = np.hstack([y + 0.3 * rng.normal(size=y.shape), rng.normal(size=(900, 3))])
            >>> ProjectedSpace.fit(x, y, [90] * 10, rng).n
            2
        """
        cca = CCA.fit(x, y)
        stimulus = np.repeat(np.arange(len(sizes)), sizes)
        group = np.arange(len(x)) * FOLDS // len(x)  # few long stimuli: contiguous stretches of them
        if len(sizes) >= 2 * FOLDS:
            group = rng.permutation(len(sizes))[stimulus] % FOLDS
        tables = []
        for g in range(FOLDS):
            train, test = group != g, group == g
            space = SharedSpace(k=1, variance=1.0).fit(x[train], y[train])
            blocks = [int(((stimulus == s) & test).sum()) for s in np.unique(stimulus[test])]
            tables.append(space.canonical_table((x[test], y[test], blocks), DRAWS, rng))
        width = min(len(t) for t in tables)
        held_out = np.nanmean([t["held_out"].to_numpy()[:width] for t in tables], axis=0)
        null = np.nanmean([t["null_95"].to_numpy()[:width] for t in tables], axis=0)
        above = held_out > null
        return cls(cca, width if above.all() else int(np.argmin(above)), held_out, null)

    def transform(self, x: NDArray[np.floating[Any]], n: int) -> Array:
        """Rows of the space on its first directions.

        Args:
            x: (rows, dx).
            n: How many; with 0 there is nothing, and one column of zeros stands for it.

        Returns:
            (rows, max(n, 1)).
        """
        if n == 0:
            return np.zeros((len(x), 1))
        return np.asarray(self.cca.x.transform(x) @ self.cca.p[:, :n])
