"""``stimuli.tsv``: what a study says of its stimuli beside sound and words, such as which of them are held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from brainalign.data.events.table import stimulus_id
from brainalign.data.files.tsv import MISSING, read_tsv
from brainalign.data.types import Dataset
from brainalign.errors import BrainalignError

NAME = "stimuli.tsv"

NAMES = ("stimulus", "stimulus_id", "stim_file")
"""Columns that may name the stimulus; the first that the table has counts."""


def with_stimulus_table(dataset: Dataset, folders: Sequence[Path]) -> Dataset:
    """The data set with the table that lies beside its stimuli; as it is where there is none, or where its reader found one.

    Args:
        dataset: As read.
        folders: Where the table may lie; the first that has it counts.

    Raises:
        BrainalignError: The table is not one, or names a stimulus twice with different cells.
    """
    path = next((folder / NAME for folder in folders if (folder / NAME).is_file()), None)
    if path is None or dataset.stimulus_table:
        return dataset
    table = read_tsv(path, ["|".join(NAMES)])
    named = next(c for c in NAMES if c in table)
    found: dict[str, dict[str, str]] = {}
    for line, row in table.iterrows():
        if row[named] in (MISSING, ""):
            continue
        name = stimulus_id(row[named], list(dataset.stimuli))
        cells = {c: str(row[c]) for c in table if c != named}
        if found.setdefault(name, cells) != cells:
            raise BrainalignError(f"{path}, line {line}: stimulus {name!r} stands there twice, with different cells.")
    return replace(dataset, stimulus_table=found)


def constant_columns(table: pd.DataFrame, stimulus: str, others: Sequence[str]) -> dict[str, dict[str, str]]:
    """What a table of many rows a stimulus says of the stimulus itself: its columns that do not vary within one.

    Args:
        table: With the column ``stimulus``.
        stimulus: Its column of names.
        others: Columns that are about rows.

    Example:
        >>> table = pd.DataFrame({"story": ["a", "a", "b"], "split": ["train", "train", "test"], "tr": [0, 1, 0]})
        >>> constant_columns(table, "story", ["tr"])
        {'a': {'split': 'train'}, 'b': {'split': 'test'}}
    """
    grouped = table.groupby(stimulus, sort=False)
    kept = [c for c in table if c not in (stimulus, *others) and (grouped[c].nunique(dropna=False) == 1).all()]
    return {str(name): {str(c): str(part[c].iloc[0]) for c in kept} for name, part in grouped} if kept else {}
