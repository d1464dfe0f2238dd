"""Tab-separated tables in the manner of BIDS, read as text with the line number of each row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from brainalign.data.files.reading import read_text
from brainalign.errors import BrainalignError

MISSING = "n/a"
"""What BIDS writes where a value is missing."""


def read_tsv(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table without guessing at types.

    A byte-order mark is tolerated, blank lines are passed over, a line that is too short is filled with ``n/a``.

    Args:
        path: The file, UTF-8.
        columns: The columns that must be there; ``offset|duration`` means either.

    Returns:
        Text cells, stripped; the index, named ``line``, holds each row's line in the file.

    Raises:
        BrainalignError: The file is missing or not text, lacks a column, or has a line with too many cells.
    """
    lines = read_text(path, f"a tab-separated table in UTF-8{f' with {_listed(columns)}' if columns else ''}").split(
        "\n"
    )
    header = [name.strip() for name in lines[0].split("\t")]
    absent = [c for c in columns if not set(c.split("|")) & set(header)]
    if absent:
        raise BrainalignError(f"{path} lacks {_listed(absent)}; its columns are {', '.join(map(repr, header))}.")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise BrainalignError(f"{path} has the column {twice!r} twice; each column needs a name of its own.")
    rows = {n: line.split("\t") for n, line in enumerate(lines[1:], start=2) if line.strip()}
    for n, cells in rows.items():
        if len(cells) > len(header):
            raise BrainalignError(f"{path}, line {n} has {len(cells)} cells, but there are {len(header)} columns.")
        rows[n] = [cell.strip() for cell in cells] + [MISSING] * (len(header) - len(cells))
    return pd.DataFrame(list(rows.values()), columns=header, index=pd.Index(list(rows), name="line"), dtype=object)


def unquoted(table: pd.DataFrame) -> pd.DataFrame:
    """The table without the quotation marks around a whole cell, which some programs write as in CSV.

    Example:
        >>> unquoted(pd.DataFrame({"value": ['"10"', 'say "no"']}))["value"].tolist()
        ['10', 'say "no"']
    """
    return table.map(lambda cell: cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell)


def _listed(columns: Sequence[str]) -> str:
    names = [" or ".join(map(repr, c.split("|"))) for c in columns]
    return f"the column{'s' * (len(names) > 1)} {', '.join(names)}"
