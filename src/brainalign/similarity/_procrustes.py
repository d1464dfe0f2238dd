"""Procrustes: how far two representations are from each other after the best rotation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from brainalign.linalg.svd import svd
from brainalign.similarity._rows import Array, Groups, fold_of, paired


def procrustes(x: ArrayLike, y: ArrayLike, *, groups: Groups | None = None, folds: int = 5) -> float:
    """Angular Procrustes shape distance (Williams et al. 2021), in radians.

        theta = arccos( max_Q <X, Y Q> / (|X| |Y|) ) = arccos( |X' Y|_* / (|X| |Y|) ),   X, Y about their means

    A metric: it keeps the triangle inequality. In-sample it is biased towards 0 where rows are few beside dimensions. With
    ``groups`` the rotation is fitted on other groups' rows than those it is scored on: unrelated representations are then pi / 2 apart.

    Args:
        x: (n, p).
        y: (n, q).
        groups: (n,) what must stay together, such as the stimulus of each row; None = rotation and score on the same rows.
        folds: Of whole groups.

    Returns:
        0 (equal up to rotation, shift and scale) to pi / 2 (nothing in common); held out it may be larger.

    Raises:
        BrainalignError: Fewer than 3 rows, unequal numbers of rows, values that are not finite, or fewer groups than folds.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(100, 5))
        >>> rotation, _ = np.linalg.qr(rng.normal(size=(5, 5)))
        >>> round(procrustes(x, 7 * x @ rotation, groups=np.arange(100) // 10), 3)
        0.0
    """
    left, right = paired(x, y, 3)
    if groups is None:
        nuclear = np.linalg.norm(left.T @ right, "nuc")
        return _angle(float(nuclear), float(np.linalg.norm(left)), float(np.linalg.norm(right)))
    fold = fold_of(groups, len(left), folds)
    inner, squares_x, squares_y = 0.0, 0.0, 0.0
    for number in range(folds):
        test, train = fold == number, fold != number
        mean_x, mean_y = left[train].mean(axis=0), right[train].mean(axis=0)
        rotation = _rotation(left[train] - mean_x, right[train] - mean_y)
        a, b = left[test] - mean_x, right[test] - mean_y
        inner += float(((a @ rotation) * b).sum())
        squares_x, squares_y = squares_x + float((a**2).sum()), squares_y + float((b**2).sum())
    return _angle(inner, float(np.sqrt(squares_x)), float(np.sqrt(squares_y)))


def _rotation(x: Array, y: Array) -> Array:
    """(p, q) with orthonormal rows or columns that brings x nearest to y."""
    u, _, vt = svd(x.T @ y)
    return np.asarray(u @ vt)


def _angle(inner: float, norm_x: float, norm_y: float) -> float:
    """In radians. Near 0 an arccos keeps half the digits only, which is as good as the sums themselves are."""
    return float(np.arccos(np.clip(inner / (norm_x * norm_y), -1.0, 1.0)))
