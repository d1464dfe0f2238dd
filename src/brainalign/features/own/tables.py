"""Tables of somebody's own features: one row a frame, a word or a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.files.reading import reading
from brainalign.errors import BrainalignError
from brainalign.features.own.files import OwnFile
from brainalign.features.own.given import By, Given

PLACES: tuple[By, ...] = ("time", "index", "onset", "sentence")
"""Columns of which a table has one."""
BESIDE = ("stimulus", "word", "offset")
"""Columns that are no features."""


def read_table(file: OwnFile, columns: Sequence[str] | None) -> dict[str, Given]:
    """Stimulus -> its rows.

    Args:
        file: A Parquet file, or text separated by tabs or commas.
        columns: Names of the features; None = all columns that are not named in ``PLACES`` or ``BESIDE``.

    Raises:
        BrainalignError: It cannot be read, lacks a column, or has one that holds no numbers.
    """
    path = file.path
    with reading(path, "a table of features"):
        if path.suffix.lower() == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(
                path,
                sep="\t" if path.suffix.lower() == ".tsv" else ",",
                converters={"word": str, "stimulus": str},
                encoding="utf-8-sig",
            )
    names = [str(c) for c in table.columns]
    table.columns = pd.Index(names)
    if file.stimulus is None and "stimulus" not in names:
        raise BrainalignError(
            f"{path} lacks the column 'stimulus'; its columns are {', '.join(map(repr, names[:12]))}."
        )
    told = [place for place in PLACES if place in names]
    by = next((p for p in told if p != "onset"), told[0] if told else None)
    if by is None or len(set(told) - {by, "onset"}):
        raise BrainalignError(
            f"{path} has {'more than one' if told else 'none'} of the columns {', '.join(PLACES)}; one must say where a row belongs: the "
            "second of a frame, the number of a word (from 0) or its onset, or the number of a sentence (from 0)."
        )
    chosen = [n for n in names if n not in (*PLACES, *BESIDE)] if columns is None else list(columns)
    absent = [n for n in chosen if n not in names]
    if absent or not chosen:
        raise BrainalignError(
            f"{path} has no column {absent[0]!r} (model.columns)."
            if absent
            else f"{path} has no columns of features beside {names}."
        )
    values, at = _numbers(table, chosen, path.name), _number(table, by, path.name)
    ids = pd.Series([file.stimulus] * len(table)) if file.stimulus is not None else table["stimulus"].astype(str)
    words = table["word"].astype(str).to_numpy() if "word" in names else None
    found = {}
    for stimulus, rows in ids.groupby(ids, sort=False).indices.items():
        order = rows[np.argsort(at[rows], kind="stable")] if by == "time" else rows
        mine = None if words is None else words[order].tolist()
        found[str(stimulus)] = Given(str(path), values[order], by, at[order], mine)
    return found


def _numbers(table: pd.DataFrame, columns: Sequence[str], name: str) -> NDArray[np.float64]:
    """(rows, dims): a column a dimension, or vectors of one length in a cell."""
    return np.concatenate([_column(table, c, name) for c in columns], axis=1)


def _column(table: pd.DataFrame, column: str, name: str) -> NDArray[np.float64]:
    if len(table) and isinstance(table[column].iloc[0], np.ndarray | list):
        lengths = {len(cell) for cell in table[column]}
        if len(lengths) != 1:
            raise BrainalignError(
                f"{name}: the vectors of column {column!r} have {len(lengths)} lengths; they must have one."
            )
        return np.array(table[column].tolist(), dtype=np.float64)
    return _number(table, column, name)[:, None]


def _number(table: pd.DataFrame, column: str, name: str) -> NDArray[np.float64]:
    cells = table[column]
    found = np.asarray(pd.to_numeric(cells, errors="coerce"), dtype=np.float64)
    missing = cells.isna() | cells.astype(str).str.lower().isin(["nan", "inf", "-inf"])
    text = cells[~np.isfinite(found) & ~missing.to_numpy()]
    if len(text):
        raise BrainalignError(
            f"{name}: column {column!r} holds {str(text.iloc[0])[:40]!r}, which is no number; model.columns names those that are features."
        )
    return found
