"""Responses to sentences as arrays (.npy), as tables (wide or long), or as brain-score's assemblies (.nc)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.files.patterns import fields_of
from brainalign.data.files.reading import reading
from brainalign.data.formats import SentenceColumns
from brainalign.data.sentences.form import KEY, need, read_table
from brainalign.errors import BrainalignError

UNNAMED = re.compile(r"\s*|Unnamed: \d+")
"""Header of a column that numbers the rows, as pandas writes it without being asked: no channel."""

MISSING = ("", "n/a", "na", "nan", "none")
"""What tables write, whatever the capitals, where there is no response."""


@dataclass(frozen=True)
class SentenceResponses:
    """One participant's responses.

    Attributes:
        subject: The label.
        where: The file, for sentences.
        sentences: Id of each row; one that stands there again was seen again.
        values: (rows, channels) responses; NaN where there is none.
        channels: One row a channel: ``name``, and whatever more is known.
    """

    subject: str
    where: str
    sentences: list[str]
    values: NDArray[np.floating[Any]]
    channels: pd.DataFrame


def of_array(path: Path, subject: str, ids: list[str], channels: pd.DataFrame | None) -> SentenceResponses:
    """An array (sentence, channel), or (repeat, sentence, channel), in the order of the table of sentences.

    Args:
        path: The file.
        subject: Whose it is.
        ids: Of the sentences, in that order.
        channels: Table with the column ``name``; None: channels are called ch001, ...

    Raises:
        BrainalignError: It has another shape.
    """
    with reading(path, "a numpy array"):
        values = np.load(path, allow_pickle=False)
    if values.ndim == 2:
        values = values[None]
    if values.ndim != 3 or values.dtype.kind not in "fiu" or values.shape[1] != len(ids):
        raise BrainalignError(
            f"{path} is {values.dtype} of the shape {values.shape[1:] if values.shape[:1] == (1,) else values.shape}; it must be numbers "
            f"({len(ids)}, channels), a row for each sentence of the table in its order, or (repeats, {len(ids)}, channels)."
        )
    n = values.shape[2]
    if channels is None:
        channels = pd.DataFrame({"name": [f"ch{c + 1:03d}" for c in range(n)]})
    if len(channels) != n:
        raise BrainalignError(f"{path} has {n} channels, but data.channels_file names {len(channels)}.")
    values = values if values.dtype == np.float32 else values.astype(np.float64)
    return SentenceResponses(subject, str(path), ids * len(values), values.reshape(-1, n), channels)


def of_table(path: Path, subject: str | None, columns: SentenceColumns) -> list[SentenceResponses]:
    """A table with a response a row (it has the column of responses), or with a sentence a row and a channel a column.

    Args:
        path: The file.
        subject: Whose it is by its name; None: its column of participants says.
        columns: Its names.

    Raises:
        BrainalignError: A column is missing, or a cell is no number.
    """
    table = read_table(path)
    need(table, [columns.sentence], path)
    if subject is None:
        need(table, [columns.subject], path)
    whose = pd.Series(subject, index=table.index) if subject is not None else table[columns.subject]
    out = []
    for label, own in table.groupby(whose, sort=False):
        if columns.response in table:
            need(table, [columns.channel], path)
            again = own.groupby([columns.sentence, columns.channel], sort=False).cumcount()
            cells = own.assign(again=again, value=_numbers(own[columns.response], path))
            wide = cells.pivot(index=["again", columns.sentence], columns=columns.channel, values="value")
            order = {s: i for i, s in enumerate(dict.fromkeys(own[columns.sentence]))}
            wide = wide.sort_index(key=lambda level: level.map(order) if level.name == columns.sentence else level)
            wide = wide[list(dict.fromkeys(own[columns.channel]))]
            ids, names, values = [s for _, s in wide.index], list(wide.columns), wide.to_numpy(dtype=np.float64)
        else:
            about = {
                columns.sentence,
                columns.text,
                columns.subject,
                columns.passage,
                *(columns.order or []),
                *fields_of(columns.passage or ""),
            }
            names = [c for c in table if c not in about and not UNNAMED.fullmatch(c)]
            ids = own[columns.sentence].tolist()
            values = np.stack([_numbers(own[c], path) for c in names], axis=1)
        out.append(SentenceResponses(str(label), str(path), ids, values, pd.DataFrame({"name": names})))
    return out


def _numbers(cells: pd.Series, path: Path) -> NDArray[np.float64]:
    """(n,) numbers; NaN where nothing stands."""
    known = ~cells.str.strip().str.lower().isin(MISSING)
    found: NDArray[np.float64] = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    wrong = cells[known & ~np.isfinite(found)]
    if len(wrong):
        raise BrainalignError(
            f"{path}, row {wrong.index[0] + 1}: {cells.name}={wrong.iloc[0]!r} is no response; a number or n/a must stand there. Columns "
            f"that are no channels are named by {KEY}."
        )
    return found
