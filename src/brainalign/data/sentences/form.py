"""How tables of sentences and of responses to them name their columns, and the cells of any such table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from brainalign.data.files.patterns import fields_of
from brainalign.data.files.reading import reading
from brainalign.data.formats import SentenceColumns
from brainalign.errors import BrainalignError, nearest

KEY = "data.columns"


def read_table(path: Path) -> pd.DataFrame:
    """Text cells of a table: separated by tabs where its name ends in ``.tsv``, else by commas; cells may be quoted.

    Args:
        path: The file.

    Raises:
        BrainalignError: It is no such table.
    """
    with reading(path, "a table (.tsv or .csv)"):
        return pd.read_csv(path, sep="\t" if path.suffix.lower() == ".tsv" else ",", dtype=str, keep_default_na=False)


def need(table: pd.DataFrame, columns: Sequence[str], where: object) -> None:
    """Refuse a table that lacks a column.

    Raises:
        BrainalignError: One is not there.
    """
    for column in columns:
        if column not in table:
            raise BrainalignError(f"{where} lacks the column {column!r} ({KEY}); {nearest(column, list(table))}")


def told(table: pd.DataFrame, columns: SentenceColumns, where: object) -> pd.DataFrame:
    """What a table says of the sentences: columns sentence, passage, text, one row an id, in the table's order.

    Args:
        table: Text cells; several rows may have one id.
        columns: Its names.
        where: The file, for sentences.

    Raises:
        BrainalignError: A column is missing, or one id has two texts or two passages.

    Example:
        >>> table = pd.DataFrame({"id": ["1", "2"], "text": ["A cat.", "It sat."], "topic": ["a", "a"]})
        >>> told(table, SentenceColumns(passage="topic", sentence="id"), "t.tsv").iloc[1].tolist()
        ['2', 'a', 'It sat.']
    """
    asked = [] if columns.passage is None else fields_of(columns.passage) or [columns.passage]
    need(table, [columns.sentence, columns.text, *asked], where)
    passage = table[columns.sentence]
    if columns.passage is not None:
        made = bool(fields_of(columns.passage))
        passage = pd.Series(
            [
                columns.passage.format(**row) if made else row[columns.passage]
                for row in table[asked].to_dict("records")
            ],
            index=table.index,
        )
    rows = pd.DataFrame({"sentence": table[columns.sentence], "passage": passage, "text": table[columns.text]})
    rows = rows.drop_duplicates(ignore_index=True)
    twice = rows["sentence"][rows["sentence"].duplicated()]
    if len(twice):
        first, other = (rows.loc[i] for i in rows.index[rows["sentence"] == twice.iloc[0]][:2])
        differing = "passage" if first["text"] == other["text"] else "text"
        raise BrainalignError(
            f"{where}: sentence {twice.iloc[0]!r} has two of the column {differing}: {first[differing]!r} and {other[differing]!r}; "
            f"ids must differ ({KEY}.sentence)."
        )
    return rows
