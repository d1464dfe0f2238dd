"""A layer's rows as one file of tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.features.base import Rows
from brainalign.storage.tensors import load_tensors, save_tensors

DTYPES = ("float32", "float16")
_PARTS = ("values", "onset", "offset")


def save(
    target: Path,
    key: str,
    groups: Mapping[str, Mapping[str, Rows]],
    dtype: str | None = "float32",
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write group -> stimulus -> rows; see :func:`brainalign.storage.tensors.save_tensors`.

    Args:
        target: The file.
        key: Whose rows they are.
        groups: Prefix of names -> stimulus -> Rows.
        dtype: Of the values, None for the one that they have; times are float64.
        about: What a person may want to know of it.

    Raises:
        BrainalignError: The folder cannot be written to.
    """
    tensors: dict[str, dict[str, NDArray[Any]]] = {}
    for group, rows in groups.items():
        mine = tensors.setdefault(group, {})
        for stimulus, r in rows.items():
            mine[f"{group}{stimulus}/values"] = np.ascontiguousarray(r.values, dtype=dtype)
            mine[f"{group}{stimulus}/onset"] = np.ascontiguousarray(r.onset, dtype=np.float64)
            mine[f"{group}{stimulus}/offset"] = np.ascontiguousarray(r.offset, dtype=np.float64)
    save_tensors(target, key, tensors, about, what="features")


def load(file: Path, key: str | None = None, group: str = "", *, check: bool = True) -> dict[str, Rows]:
    """One group of a file of rows, as views into the file: what is not looked at is not read.

    Args:
        file: Written by :func:`save`.
        key: Whose rows they should be; None = anyone's.
        group: Prefix of names.
        check: Whether the checksum is compared, for which all of the group is read once.

    Returns:
        Stimulus -> Rows, read-only, in the order of names.

    Raises:
        ValueError: The file is damaged or belongs to something else.
        OSError: It cannot be read.
    """
    tensors = load_tensors(file, key, group, check=check)
    stimuli = sorted({name.rsplit("/", 1)[0] for name in tensors})
    try:
        return {s.removeprefix(group): Rows(*(tensors[f"{s}/{part}"] for part in _PARTS)) for s in stimuli}
    except KeyError as error:
        raise ValueError(f"it was not written by brainalign: no {error}") from error
