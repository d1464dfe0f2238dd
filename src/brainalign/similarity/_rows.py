"""Paired rows: the checks that all measures share."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brainalign.errors import BrainalignError

Array = NDArray[np.float64]
Groups = Sequence[Hashable] | NDArray[np.generic]

CONSTANT = 1e-10
"""Of a column's size: an sd below this is rounding. Relative, so that no result hangs on a unit."""


def centred(rows: ArrayLike, name: str, least: int = 2) -> Array:
    """Rows in float64, about their mean, in units of their root mean square: no measure here depends on either.

    Args:
        rows: (n, p), or (n,) for one dimension.
        name: Of the argument, for the sentence.
        least: Rows that are needed.

    Returns:
        (n, p).

    Raises:
        BrainalignError: Not a matrix, too few rows, a value that is not finite, or rows that are all alike.
    """
    given = np.asarray(rows, dtype=np.float64)
    x = given[:, None] if given.ndim == 1 else given
    if x.ndim != 2:
        raise BrainalignError(f"{name} has shape {given.shape}; (rows, dimensions) is needed.")
    if len(x) < least:
        raise BrainalignError(f"{name} has {len(x)} row(s); at least {least} are needed.")
    if not np.isfinite(x).all():
        raise BrainalignError(
            f"{name} has {int((~np.isfinite(x)).sum())} value(s) that are not finite; leave these rows out."
        )
    size = np.abs(x).max()
    scaled = x / size if size > 0 else x  # squares of very small or very large numbers stay numbers
    away = scaled - scaled.mean(axis=0)
    spread = np.sqrt((away**2).mean())
    if spread <= CONSTANT:
        raise BrainalignError(f"{name} is the same in all {len(x)} rows; there is no geometry to compare.")
    return np.asarray(away / spread)


def paired(x: ArrayLike, y: ArrayLike, least: int = 2) -> tuple[Array, Array]:
    """Both sides by :func:`centred`.

    Raises:
        BrainalignError: Unequal numbers of rows, or a fault of one side.
    """
    left, right = centred(x, "x", least), centred(y, "y", least)
    if len(left) != len(right):
        raise BrainalignError(f"x has {len(left)} rows and y has {len(right)}; rows must be paired.")
    return left, right


def codes(groups: Groups, n: int) -> NDArray[np.int64]:
    """(n,) the number of each row's group, from 0 in order of appearance.

    Raises:
        BrainalignError: Another number of labels than of rows.
    """
    labels = list(groups)
    if len(labels) != n:
        raise BrainalignError(f"groups has {len(labels)} labels for {n} rows; one a row is needed.")
    number = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    return np.array([number[label] for label in labels], dtype=np.int64)


def fold_of(groups: Groups, n: int, folds: int) -> NDArray[np.int64]:
    """(n,) the fold of each row: groups are dealt out by their number of rows, largest first, to the emptiest fold.

    Raises:
        BrainalignError: Fewer groups than folds.
    """
    number = codes(groups, n)
    sizes = np.bincount(number)
    if len(sizes) < folds:
        raise BrainalignError(f"groups has {len(sizes)} different labels, too few for {folds} folds of whole groups.")
    filled, chosen = np.zeros(folds, dtype=np.int64), np.zeros(len(sizes), dtype=np.int64)
    for group in np.argsort(-sizes, kind="stable"):
        chosen[group] = filled.argmin()
        filled[chosen[group]] += sizes[group]
    return chosen[number]
