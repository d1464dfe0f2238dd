"""``channels.tsv``: what a column of the responses is, and where it lies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from brainalign.data.electrodes.channels import marked_bad
from brainalign.data.electrodes.coordinates import in_millimetres
from brainalign.data.electrodes.table import ABSENT, UNKNOWN
from brainalign.data.files.tsv import MISSING, read_tsv
from brainalign.data.types import CHANNEL_COLUMNS
from brainalign.errors import BrainalignError, nearest

SIDES = ("L", "R", MISSING)


def read_channels(folder: Path, notes: list[str]) -> pd.DataFrame:
    """Read a participant's channels, one row a column of the responses.

    Args:
        folder: ``sub-XX``; its name becomes the column ``subject``.
        notes: Gets what is strange about the places.

    Returns:
        The columns of :data:`CHANNEL_COLUMNS`, then ``status``, then whatever more the file has (numbers as numbers).

    Raises:
        BrainalignError: The file or a column is missing, an electrode is named twice, or a value cannot be.
    """
    path = folder / "channels.tsv"
    table = read_tsv(path, ["name|electrode", "region"])
    table = table.rename(columns={"name": "electrode"}) if "electrode" not in table else table
    if table.empty:
        raise BrainalignError(f"{path} has no row; each column of the responses needs one.")
    for column, default in (
        ("hemisphere", MISSING),
        ("status", "good"),
        ("x", MISSING),
        ("y", MISSING),
        ("z", MISSING),
    ):
        if column not in table:
            table[column] = default
    twice = table["electrode"][table["electrode"].duplicated()]
    if len(twice):
        raise BrainalignError(
            f"{path}, line {twice.index[0]}: electrode {twice.iloc[0]!r} is named twice; names must differ."
        )
    wrong = table["hemisphere"][~table["hemisphere"].isin(SIDES)]
    if len(wrong):
        raise BrainalignError(
            f"{path}, line {wrong.index[0]}: hemisphere={wrong.iloc[0]!r} is unknown; {nearest(wrong.iloc[0], SIDES)}"
        )
    table["status"] = np.where(marked_bad(table["status"], str(path)), "bad", "good")
    table["region"] = table["region"].where(~table["region"].str.lower().isin(ABSENT), UNKNOWN)
    for column in ("x", "y", "z"):
        numbers = _numbers(table[column])
        wrong = table[column][numbers.isna() & (table[column] != MISSING)]
        if len(wrong):
            raise BrainalignError(
                f"{path}, line {wrong.index[0]}: {column}={wrong.iloc[0]!r} is no number of millimetres."
            )
        table[column] = numbers
    more = [c for c in table.columns if c not in (*CHANNEL_COLUMNS, "status")]
    for column in more:
        numbers = _numbers(table[column])
        if not (numbers.isna() & (table[column] != MISSING)).any():
            table[column] = numbers
    places = table[["x", "y", "z"]].to_numpy(dtype=np.float64)
    table[["x", "y", "z"]] = in_millimetres(places, "mm", str(path), notes)
    table["subject"] = folder.name
    return table[[*CHANNEL_COLUMNS, "status", *more]].reset_index(drop=True)


def _numbers(cells: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(cells, errors="coerce").astype(np.float64)
    return numbers.where(np.isfinite(numbers))
