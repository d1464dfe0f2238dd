"""Relations: a representation as a matrix of rows by rows, so made that two matrices' inner product is the similarity of the two.

Permuting the rows of a representation permutes both axes of its matrix, and participants' matrices can be averaged: nulls, ceilings and
maps of many representations follow from inner products alone.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.similarity._neighbours import nearest
from brainalign.similarity._rdm import Metric, rdm
from brainalign.similarity._rows import Array, Groups, centred, codes
from brainalign.similarity._rsa import Comparison, scaled

Relational = Literal["cka", "rsa", "knn"]
Matrix = NDArray[np.float32]


def relation(
    rows: Array,
    measure: Relational,
    *,
    groups: Groups,
    metric: Metric = "correlation",
    compare: Comparison = "spearman",
    k: int = 10,
) -> Matrix:
    """The relation of rows to each other, see the module; pairs of rows of one group (a stimulus) have no part.

    Frames of one stimulus resemble each other in everything that is slow, so that their pairs would raise every measure, the more the fewer
    stimuli there are.

    * ``cka``: the kernel X X' less a sum of two row effects, so that its rows add up to 0, and of norm 1. Where each row is a group of
      its own this is the U-centred kernel (Szekely & Rizzo 2014), whose inner products are debiased CKA.
    * ``rsa``: distances or their ranks, about their mean and of norm 1: inner products are their correlation.
    * ``knn``: 1 / sqrt(n k) at each row's nearest neighbours: inner products are the share that is mutual.

    Args:
        rows: (n, p).
        measure: Which.
        groups: (n,) group of each row.
        metric: Of the distances (``rsa``).
        compare: ``pearson`` keeps distances, ``spearman`` and ``rho_a`` take their ranks (``rsa``).
        k: Neighbours (``knn``).

    Returns:
        (n, n) float32.

    Raises:
        BrainalignError: Rows that are too few, all alike or not finite.

    Example:
        >>> from brainalign.similarity import cka
        >>> x, y = np.random.default_rng(0).normal(size=(2, 30, 4))
        >>> a, b = (relation(rows, "cka", groups=range(30)) for rows in (x, x + y))
        >>> bool(abs((a * b).sum() - cka(x, x + y)) < 1e-6)
        True
    """
    own = codes(groups, len(rows))
    if measure == "cka":
        return _kernel(centred(rows, "rows", 4), own)
    if measure == "rsa":
        return of_distances(rdm(rows, metric), compare, own)
    x = centred(rows, "rows", 3)
    found = np.zeros((len(x), len(x)), dtype=np.float32)
    np.put_along_axis(found, nearest(x, k, own), np.float32(1 / np.sqrt(len(x) * k)), axis=1)
    return found


def of_distances(distances: Array, compare: Comparison, groups: NDArray[np.int64]) -> Matrix:
    """The relation ``rsa`` of condensed distances, such as cross-validated ones.

    Args:
        distances: (n (n - 1) / 2,).
        compare: ``pearson`` keeps them, ``spearman`` and ``rho_a`` take their ranks.
        groups: (n,) number of each row's group.

    Raises:
        BrainalignError: All distances are alike.
    """
    upper = np.triu_indices(len(groups), 1)
    between = groups[upper[0]] != groups[upper[1]]
    values = scaled(distances[between], compare) if between.any() else np.array([np.nan])
    if np.isnan(values).any():
        raise BrainalignError("all distances between rows are alike; there is no geometry to compare.")
    found = np.zeros((len(groups), len(groups)), dtype=np.float32)
    found[upper[0][between], upper[1][between]] = values / np.sqrt(2)
    return found + found.T


def _kernel(x: Array, groups: NDArray[np.int64]) -> Matrix:
    from scipy.linalg import solve

    between = groups[:, None] != groups[None, :]
    if groups.max() < 2:  # row effects of two groups are not told apart
        raise BrainalignError(f"CKA has rows of {groups.max() + 1} group(s); at least 3 are needed.")
    kernel = np.where(between, x @ x.T, 0.0)
    counts = between.sum(axis=1)
    effect = solve(between + np.diag(counts), kernel.sum(axis=1), assume_a="sym")
    kernel -= np.where(between, effect[:, None] + effect[None, :], 0.0)
    norm = np.linalg.norm(kernel)
    if not norm > 0:
        raise BrainalignError("rows has no geometry beyond chance; CKA is not defined.")
    return np.asarray(kernel / norm, dtype=np.float32)


def inner(a: Matrix, b: Matrix) -> Array:
    """All inner products of two stacks, (A, n, n) and (B, n, n).

    Returns:
        (A, B).
    """
    return np.asarray(a.reshape(len(a), -1) @ b.reshape(len(b), -1).T, dtype=np.float64)


def permuted(matrices: Matrix, order: NDArray[np.int64]) -> Matrix:
    """The stack (A, n, n) of the same representations with their rows in another order."""
    return np.ascontiguousarray(matrices[:, order[:, None], order[None, :]])
