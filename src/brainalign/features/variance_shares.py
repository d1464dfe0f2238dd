"""Where the variance of a layer's rows lies: in few rows or dimensions, in first rows, or in the number of the row alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brainalign.features.base import Rows

FIRST = 0.25
"""Share of the variance from which on first rows are said to dominate, where it is also ``TIMES`` their fair share."""
TIMES = 3
CLOCK = 0.5
"""Share of variance common to two stimuli above which a representation is first of all a clock."""

Array = NDArray[np.float64]


class VarianceShares(NamedTuple):
    """Shares of a layer's variance, dimensions z-scored over all rows (dimensions without variance left out).

    Attributes:
        kurtosis: Excess kurtosis of a dimension, mean over dimensions; 0 for normal values.
        top_rows: Share of the 1 % of rows (at least one) that hold most; .01 where all hold the same.
        top_dims: Share of the 1 % of dimensions (at least one) that hold most of the variance *before* z-scoring.
        first_rows: Share of each stimulus's first row.
        first_fair: Stimuli over rows: what ``first_rows`` would be if all rows held the same.
        common: Share that two stimuli have in common by the number of the row, see :func:`common_variance`.
    """

    kurtosis: float
    top_rows: float
    top_dims: float
    first_rows: float
    first_fair: float
    common: float

    @property
    def first_dominate(self) -> bool:
        """Whether first rows hold far more than their share."""
        return self.first_rows > max(FIRST, TIMES * self.first_fair)


def variance_shares(rows: Mapping[str, Rows]) -> VarianceShares:
    """Where the variance of one layer lies.

    Args:
        rows: Stimulus -> rows.

    Example:
        >>> rng, at = np.random.default_rng(0), np.arange(10.0)
        >>> sink = {s: rng.normal(size=(10, 8)) for s in "abcdef"}
        >>> for values in sink.values():
        ...     values[0] *= 100
        >>> found = variance_shares({s: Rows(values, at, at) for s, values in sink.items()})
        >>> found.first_rows > 0.9, found.first_fair, found.first_dominate
        (True, 0.1, True)
    """
    parts = [r.values for r in rows.values() if len(r.values)]
    if not parts:
        return VarianceShares(*[float("nan")] * 6)
    n = sum(map(len, parts))
    mean = sum(part.sum(axis=0, dtype=np.float64) for part in parts) / n
    variance = sum(((part - mean) ** 2).sum(axis=0) for part in parts) / n
    varied = variance > 1e-12 * max(float(variance.max()), np.finfo(np.float64).tiny)
    if not varied.any():
        return VarianceShares(*[float("nan")] * 6)

    def scored() -> Iterator[Array]:
        """One stimulus at a time: all of them in float64 would not fit beside the rows."""
        return ((part[:, varied] - mean[varied]) / np.sqrt(variance[varied]) for part in parts)

    powers = [(part**2).sum(axis=1) for part in scored()]
    power = np.concatenate(powers)
    return VarianceShares(
        kurtosis=float(np.mean(sum((part**4).sum(axis=0) for part in scored()) / n)) - 3,
        top_rows=_top(np.sort(power)[::-1]),
        top_dims=_top(np.sort(variance)[::-1]),
        first_rows=float(sum(own[0] for own in powers) / power.sum()),
        first_fair=len(parts) / n,
        common=_common(scored(), max(map(len, parts)), int(varied.sum())),
    )


def common_variance(rows: Mapping[str, Rows]) -> float:
    """Share of variance that two stimuli have in common by the number of the row (frame or word).

        share = sum_t n_t mean_{i != j} z_i(t)' z_j(t)  /  sum_t sum_i |z_i(t)|^2,    over row numbers t that n_t >= 2 stimuli have

    z are the rows, each dimension z-scored over all of them. It is an intraclass correlation: 1 where a row tells its number and
    nothing else, about 0 where stimuli have nothing in common, NaN with a single stimulus.

    Args:
        rows: Stimulus -> rows.

    Example:
        >>> at, clock = np.arange(50.0), np.random.default_rng(0).normal(size=(50, 4))
        >>> round(common_variance({s: Rows(clock, at, at) for s in "ab"}), 3)
        1.0
    """
    return variance_shares(rows).common


def _top(falling: Array) -> float:
    """Share of the first hundredth."""
    return float(falling[: -(-len(falling) // 100)].sum() / falling.sum())


def _common(scored: Iterator[Array], n: int, width: int) -> float:
    count, total, squares = np.zeros(n), np.zeros((n, width)), np.zeros(n)
    for part in scored:
        count[: len(part)] += 1
        total[: len(part)] += part
        squares[: len(part)] += (part**2).sum(axis=1)
    several = count >= 2
    if not several.any():
        return float("nan")
    pairs = ((total[several] ** 2).sum(axis=1) - squares[several]) / (count[several] - 1)
    return float(pairs.sum() / squares[several].sum())
