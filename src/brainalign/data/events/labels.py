"""Which stimulus each row of an events table names: a column says it, or it is made of the row's cells and the recording's name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from brainalign.data.files.patterns import fields_of
from brainalign.data.files.tsv import MISSING
from brainalign.data.formats import EventFormat
from brainalign.errors import BrainalignError, nearest


def stimulus_labels(table: pd.DataFrame, where: Path | str, form: EventFormat) -> pd.Series:
    """The label of each row's stimulus; empty where a row names none.

    Args:
        table: Text cells.
        where: The file, for sentences.
        form: How the table is to be read.

    Raises:
        BrainalignError: The table has none of the columns, or a field of ``{book}_ses-{session}`` is no column.

    Example:
        >>> table = pd.DataFrame({"session": ["001", "001"], "value": ["10", "n/a"]})
        >>> stimulus_labels(table, "e.tsv", EventFormat(stimulus=["{session}_{value}"])).tolist()
        ['001_10', '']
    """
    for name in form.stimulus:
        if name in table:
            return table[name].mask(table[name] == MISSING, "")
        if asked := fields_of(name):
            if absent := [field for field in asked if field not in table]:
                raise BrainalignError(
                    f"{where}: data.events.stimulus={name!r} asks for {absent[0]!r}, which is neither a column of the table nor a part of "
                    f"the recording's name; {nearest(absent[0], list(table))}"
                )
            cells = table[asked]
            labels = [name.format(**row) for row in cells.to_dict("records")]
            return pd.Series(labels, index=table.index, dtype=object).mask(cells.isin(["", MISSING]).any(axis=1), "")
    raise BrainalignError(
        f"{where} has none of the columns {', '.join(map(repr, form.stimulus))} (data.events.stimulus); its columns are "
        f"{', '.join(map(repr, table))}."
    )


def with_name_fields(table: pd.DataFrame, form: EventFormat, fields: Mapping[str, str]) -> pd.DataFrame:
    """The table with those parts of the recording's name as columns that ``data.events.stimulus`` asks for; own columns win.

    Args:
        table: Text cells.
        form: How the table is to be read.
        fields: Part -> what the recording's name has in its place.
    """
    asked = {field for name in form.stimulus for field in fields_of(name)}
    return table.assign(**{field: fields[field] for field in sorted(asked) if field in fields and field not in table})


def label_column(form: EventFormat) -> str:
    """The column that labels go to which stand in no table: annotations and triggers."""
    return next((name for name in form.stimulus if not fields_of(name)), "stimulus")
