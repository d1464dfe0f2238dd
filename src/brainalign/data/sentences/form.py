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

PLACE = "place {}"
"""Columns of the places in a passage, the first decides first."""


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
    """What a table says of the sentences: columns sentence, passage, text and those of their order, one row an id, in the table's order.

    Args:
        table: Text cells; several rows may have one id.
        columns: Its names.
        where: The file, for sentences.

    Raises:
        BrainalignError: A column is missing, or one id has two texts, passages or places.

    Example:
        >>> table = pd.DataFrame({"id": ["1", "2"], "text": ["A cat.", "It sat."], "topic": ["a", "a"]})
        >>> told(table, SentenceColumns(passage="topic", sentence="id"), "t.tsv").iloc[1].tolist()
        ['2', 'a', 'It sat.']
    """
    asked = [] if columns.passage is None else fields_of(columns.passage) or [columns.passage]
    order = columns.order or []
    need(table, [columns.sentence, columns.text, *asked, *order], where)
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
    rows = rows.assign(**{PLACE.format(i): table[column] for i, column in enumerate(order)})
    rows = rows.drop_duplicates(ignore_index=True)
    twice = rows["sentence"][rows["sentence"].duplicated()]
    if len(twice):
        first, other = (rows.loc[i] for i in rows.index[rows["sentence"] == twice.iloc[0]][:2])
        differing = next(c for c in ("text", "passage", *rows) if first[c] != other[c])
        raise BrainalignError(
            f"{where}: sentence {twice.iloc[0]!r} has two of the column {differing}: {first[differing]!r} and {other[differing]!r}; "
            f"ids must differ ({KEY}.sentence)."
        )
    return rows


def in_order(sentences: pd.DataFrame, where: object) -> pd.DataFrame:
    """Sentences as they read: passages as they come, and the sentences of each by their places, where there are any.

    Args:
        sentences: As :func:`told` gives them.
        where: The files, for sentences.

    Raises:
        BrainalignError: A place is no number, or two sentences of a passage have one.

    Example:
        >>> table = pd.DataFrame({"id": ["1", "2"], "text": ["It sat.", "A cat."], "topic": ["a", "a"], "n": ["10", "9"]})
        >>> in_order(told(table, SentenceColumns("topic", "id", order=["n"]), "t.tsv"), "t.tsv")["text"].tolist()
        ['A cat.', 'It sat.']
    """
    places = [c for c in sentences if c not in ("sentence", "passage", "text")]
    if not places:
        return sentences
    numbers = sentences[places].apply(pd.to_numeric, errors="coerce")
    unknown, twice = numbers.isna().any(axis=1), numbers.assign(passage=sentences["passage"]).duplicated()
    for wrong, what in ((unknown, "is no number"), (twice, "is that of another sentence of its passage")):
        if wrong.any():
            row = sentences[wrong].iloc[0]
            raise BrainalignError(
                f"{where}: the place {row[places].tolist()} of sentence {row['sentence']!r} {what} ({KEY}.order)."
            )
    made = [".".join(row) for row in sentences[["passage", *places]].itertuples(index=False)]
    agree = sentences["sentence"] == made
    if agree.any() and not agree.all():
        row = sentences.index[~agree][0]
        raise BrainalignError(
            f"{where}: sentence {sentences['sentence'][row]!r} stands beside the text of {made[row]!r}: ids are passage and places in "
            f"{int(agree.sum())} of {len(agree)} rows, so that ids and texts were sorted apart, and responses would go to other words."
        )
    passage = pd.factorize(sentences["passage"])[0]
    rows = numbers.assign(passage=passage).sort_values(["passage", *places], kind="stable").index
    return sentences.loc[rows].reset_index(drop=True)
