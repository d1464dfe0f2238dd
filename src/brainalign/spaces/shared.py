"""The shared and the residual space of two models: cross-fitted CCA, projected to the frames of the TRF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.linalg.cca import CCA, unit_columns

Side = Literal["x", "y"]
Part = Literal["shared", "rest", "truncated", "matched"]
Frames = Mapping[str, NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class PairedRows:
    """Rows of two models that belong together: a row a word, or a row a frame.

    Attributes:
        x, y: Stimulus -> (rows, dims).
    """

    x: Frames
    y: Frames

    def take(self, keep: Mapping[str, NDArray[np.bool_]]) -> tuple[NDArray[np.float64], NDArray[np.float64], list[int]]:
        """The rows marked in ``keep``, stimuli one under the other in the order of their ids, and how many each gave."""
        names = [s for s in sorted(self.x) if s in keep and keep[s].any()]
        sizes = [int(keep[s].sum()) for s in names]
        return (
            np.vstack([self.x[s][keep[s]] for s in names]).astype(np.float64),
            np.vstack([self.y[s][keep[s]] for s in names]).astype(np.float64),
            sizes,
        )


class SharedSpace:
    """CCA of two models, fitted on training rows; shared = the top k variates, rest = all other directions.

    Shared and rest together span each model's truncated space, so that nothing of it is lost between the two.

    Args:
        k: Canonical variates that count as shared.
        variance: Share of each model's standardised variance that the truncation keeps.
        ridge: Regularisation of CCA, in units of the mean component variance.
        most: Components of each truncated space at most.

    Attributes:
        cca: The fit.
        k_: Variates used: ``k``, or one fewer than the smaller truncated space has dimensions.
        n_rows: Training rows.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> common = rng.normal(size=(500, 2))
        >>> x, y = (np.hstack([common + 0.3 * rng.normal(size=(500, 2)), rng.normal(size=(500, 3))]) for _ in range(2))
        >>> space = SharedSpace(k=2).fit(x, y)
        >>> [space.transform(x, "x", part).shape[1] for part in ("shared", "rest", "truncated")]
        [2, 3, 5]
    """

    def __init__(self, k: int = 50, variance: float = 0.99, ridge: float = 0.0, most: int | None = None) -> None:
        self.k, self.variance, self.ridge, self.most = k, variance, ridge, most

    def fit(self, x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> SharedSpace:
        """Fit on paired training rows, (n, px) and (n, py)."""
        self.cca = CCA.fit(x, y, self.variance, self.ridge, self.most)
        self.n_rows = len(x)
        self.k_ = max(1, min(self.k, len(self.cca.rho) - 1))
        return self

    def transform(self, rows: NDArray[np.floating[Any]], side: Side, part: Part) -> NDArray[np.float64]:
        """Rows of one model projected on a part of its space.

        Args:
            rows: (n, dims) words or frames of that model.
            side: Which of the two models it is.
            part: ``shared`` and ``rest`` together are ``truncated``; ``matched`` are the leading principal components, as many
                as the narrower of the two truncated spaces has, so that models of different width can be compared.

        Returns:
            (n, directions).
        """
        whitener, rotation = (self.cca.x, self.cca.p) if side == "x" else (self.cca.y, self.cca.q)
        if part == "matched":
            return whitener.transform(rows)[:, : len(self.cca.rho)]
        directions = {"shared": slice(0, self.k_), "rest": slice(self.k_, None), "truncated": slice(None)}[part]
        return whitener.transform(rows) @ rotation[:, directions]

    def canonical_table(
        self,
        test: tuple[NDArray[np.float64], NDArray[np.float64], Sequence[int]],
        draws: int,
        rng: np.random.Generator,
    ) -> pd.DataFrame:
        """In-sample and held-out canonical correlations, with a block-shuffled null.

        The null pairs every held-out row of x with the row of y that a shuffle of the stimuli's order, and a rotation
        by a random number of rows, puts in its place: the rows' own sequence stays as it was inside each stimulus.

        Args:
            test: Held-out rows of both models, and how many each stimulus gave.
            draws: Shuffles.
            rng: Of the shuffles.

        Returns:
            Columns component (from 1), in_sample, held_out, null_95.
        """
        x, y, sizes = test
        n = len(self.cca.rho)
        u, v = self.cca.variates(x, y)
        u, v = u[:, :n], v[:, :n]
        blocks = np.split(np.arange(len(v)), np.cumsum(sizes)[:-1])
        left, right = unit_columns(u), unit_columns(v)  # a shuffle moves neither a column's mean nor its length
        null = np.empty((draws, n))
        for d in range(draws):
            order = np.concatenate([blocks[b] for b in rng.permutation(len(blocks))])
            null[d] = np.einsum("ij,ij->j", left, right[np.roll(order, rng.integers(1, max(2, len(order))))])
        return pd.DataFrame(
            {
                "component": np.arange(1, n + 1),
                "in_sample": self.cca.rho,
                "held_out": np.einsum("ij,ij->j", left, right),
                "null_95": np.nanpercentile(null, 95, axis=0),
            }
        )
