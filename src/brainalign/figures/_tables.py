"""What every figure asks of the table that it is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.errors import BrainalignError, nearest

ELECTRODE = ("subject", "electrode")


def require(table: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    """Raise a BrainalignError where a column is missing or the table has no rows."""
    for column in columns:
        if column not in table.columns:
            hint = nearest(column, map(str, table.columns))
            raise BrainalignError(f"the {name} table has no column {column!r}; {hint}")
    if table.empty:
        raise BrainalignError(f"the {name} table has no rows, so there is nothing to draw.")


def once(table: pd.DataFrame, keys: Sequence[str], name: str) -> None:
    """Raise a BrainalignError where two rows share their keys: two layer rules or spaces drawn as one."""
    repeated = table[table.duplicated(list(keys))]
    if len(repeated):
        which = ", ".join(f"{k} {repeated.iloc[0][k]}" for k in keys)
        raise BrainalignError(
            f"the {name} table has several rows for {which}; choose one space and one layer rule first."
        )


def finite(values: pd.Series) -> NDArray[np.float64]:
    """The finite values of a column, as floats."""
    array: NDArray[np.float64] = values.to_numpy(dtype=np.float64)
    return array[np.isfinite(array)]


def jitter(n: int, width: float) -> NDArray[np.float64]:
    """(n,) offsets within -/+ width / 2, evenly spread and the same at each call, for dots side by side."""
    golden = 0.6180339887498949
    places: NDArray[np.float64] = np.arange(n, dtype=np.float64) * golden % 1
    return (places - 0.5) * width


def left_out(n: int, noun: str) -> str:
    """The sentence that counts what a figure could not show; empty where there is nothing to count."""
    return f" {n} {noun}{'' if n == 1 else 's'} without a finite score left out." if n else ""
