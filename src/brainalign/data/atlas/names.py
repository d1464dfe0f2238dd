"""What an atlas calls its labels: a table beside the file, or what the file itself holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from brainalign.data.electrodes.table import ABSENT, UNKNOWN
from brainalign.data.files.reading import read_json, read_text, reading
from brainalign.data.files.tsv import MISSING
from brainalign.errors import BrainalignError

ENDINGS = (".tsv", ".csv", ".json", ".txt")
"""Of a table of names, in the order in which they are looked for."""

IMAGES = (".nii.gz", ".nii", ".label.gii", ".gii", ".annot")
"""Endings of an atlas, which the table's takes the place of."""

INDEX = ("index", "value", "id", "no", "label")
NAME = ("name", "region", "structure", "label", "abbreviation")
"""What their columns are called, without regard to capitals, the most telling first (BIDS and nilearn: ``index``, ``name``)."""

NO_REGION = (*ABSENT, "background", "???", "medial_wall", "medial wall", "freesurfer_defined_medial_wall")
"""Names of what is no region, without regard to capitals."""


def table_beside(path: Path) -> Path | None:
    """The table of names that lies beside an atlas, under its name; None where there is none.

    Args:
        path: Of the atlas.
    """
    stem = next((path.name.removesuffix(end) for end in IMAGES if path.name.endswith(end)), path.stem)
    return next((table for end in ENDINGS if (table := path.with_name(stem + end)).is_file()), None)


def read_names(path: Path) -> dict[int, str]:
    r"""Label -> region of a table: TSV or CSV with a row a label, JSON, or a FreeSurfer look-up table (``.txt``).

    Args:
        path: The table.

    Raises:
        BrainalignError: It is no such table, or a label stands in it twice under two names.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "atlas.tsv"
        >>> _ = path.write_text("index\tname\n0\tBackground\n3\tSTG\n")
        >>> read_names(path)
        {0: 'unknown', 3: 'STG'}
    """
    what = "a table of an atlas's labels"
    if path.suffix == ".json":
        pairs = _of_json(read_json(path, what), path)
    elif path.suffix == ".txt":
        lines = [
            line.split() for line in read_text(path, what).splitlines() if line.strip() and line.lstrip()[0] != "#"
        ]
        pairs = [(cells[0], cells[1] if len(cells) > 1 else "") for cells in lines]
    else:
        with reading(path, what):
            comma = "," if path.suffix == ".csv" else "\t"
            table = pd.read_csv(path, sep=comma, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        pairs = _of_columns(table, path)
    found: dict[int, str] = {}
    for label, name in pairs:
        number = _whole(label, path)
        region = region_name(name)
        if found.setdefault(number, region) != region:
            raise BrainalignError(
                f"{path}: label {number} is both {found[number]!r} and {region!r}; it can have one name."
            )
    if not found:
        raise BrainalignError(f"{path} names no label; a row a label with its index and name is needed.")
    return found


def region_name(name: Any) -> str:
    """A label's name as a region; ``unknown`` where it says that there is none.

    Example:
        >>> region_name(" STG "), region_name("Background")
        ('STG', 'unknown')
    """
    said = MISSING if name is None else str(name).strip()
    return UNKNOWN if said.lower() in NO_REGION else said


def _of_json(content: Any, path: Path) -> list[tuple[Any, Any]]:
    """A mapping either way round, or a list of rows."""
    if isinstance(content, Mapping):
        pairs = list(content.items())
        if all(isinstance(value, int) for value in content.values()):
            return [(value, key) for key, value in pairs]
        return pairs
    if isinstance(content, list) and content and all(isinstance(row, Mapping) for row in content):
        return _of_columns(pd.DataFrame(content).astype(str), path)
    raise BrainalignError(f'{path} must hold {{"1": "STG", ...}}, label and name, or a list of such rows.')


def _of_columns(table: pd.DataFrame, path: Path) -> list[tuple[Any, Any]]:
    lower = {str(c).strip().lower(): c for c in reversed(list(table.columns))}
    index = next((lower[c] for c in INDEX if c in lower), None)
    name = next((lower[c] for c in NAME if c in lower and lower[c] != index), None)
    if index is None or name is None:
        lacking = "labels (index)" if index is None else "names (name)"
        raise BrainalignError(
            f"{path} has no column of {lacking}; its columns are {', '.join(map(repr, table))}: index and name are needed."
        )
    return list(zip(table[index], table[name], strict=True))


def _whole(label: Any, path: Path) -> int:
    try:
        number = float(label)
    except (TypeError, ValueError):
        number = float("nan")
    if not number.is_integer():
        raise BrainalignError(f"{path}: {label!r} is no label; each must be a whole number.")
    return int(number)
