"""Mutual nearest neighbours: whether the same rows lie beside each other in both representations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brainalign.errors import BrainalignError
from brainalign.similarity._rows import Array, Groups, codes, paired

BLOCK = 2048
"""Rows whose similarities are in memory at a time."""


def mutual_knn(x: ArrayLike, y: ArrayLike, *, k: int = 10, groups: Groups | None = None) -> float:
    """Share of each row's k nearest neighbours that are the same in both representations (Huh et al. 2024).

        m = 1/n sum_i | N_x(i) and N_y(i) | / k,   N: the k rows of highest cosine about the mean

    By chance it is about k / (n - 1). It sees local structure alone, and no scale.

    Args:
        x: (n, p).
        y: (n, q).
        k: Neighbours.
        groups: (n,) rows of one group (a stimulus) are no neighbours of each other, so that frames a moment apart do not count.

    Returns:
        In [0, 1].

    Raises:
        BrainalignError: Fewer than k + 1 rows outside a row's own group, unequal numbers of rows, or values that are not finite.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(100, 5))
        >>> mutual_knn(x, 3 * x), mutual_knn(x, rng.normal(size=(100, 5))) < 0.2
        (1.0, True)
    """
    left, right = paired(x, y, 3)
    own = codes(groups, len(left)) if groups is not None else np.arange(len(left))
    near_x, near_y = nearest(left, k, own), nearest(right, k, own)
    shared = sum(len(np.intersect1d(a, b, assume_unique=True)) for a, b in zip(near_x, near_y, strict=True))
    return shared / (k * len(left))


def nearest(rows: Array, k: int, own: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n, k) the rows of highest cosine with each row, none of its own group.

    Args:
        rows: (n, p) about their mean.
        k: Neighbours.
        own: (n,) group of each row.

    Raises:
        BrainalignError: A group leaves fewer than k other rows.
    """
    others = len(rows) - int(np.bincount(own).max())
    if not 1 <= k <= others:
        raise BrainalignError(
            f"k={k} neighbours are asked for, but a row has {others} others; k must lie between 1 and that."
        )
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = rows / np.where(norms > 0, norms, 1.0)
    found = np.empty((len(rows), k), dtype=np.int64)
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        cosine = unit[part] @ unit.T
        cosine[own[part, None] == own[None, :]] = -np.inf
        found[part] = np.argpartition(-cosine, k - 1, axis=1)[:, :k]
    return found
