"""Scores as named arrays, as a file keeps them, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.encoding.nested import OuterScores

Tensors = Mapping[str, NDArray[Any]]


def pack(scores: OuterScores, prefix: str = "") -> dict[str, NDArray[Any]]:
    """The arrays of scores by name: ``r``, ``predictions/0/sentence001``, ...; a list has its length beside it.

    Args:
        scores: Of all outer folds.
        prefix: Of all names.
    """
    found: dict[str, NDArray[Any]] = {}
    for field in fields(scores):
        value, name = getattr(scores, field.name), f"{prefix}{field.name}"
        if isinstance(value, np.ndarray):
            found[name] = value
            continue
        found[f"{name}/len"] = np.array([len(value)])
        for i, item in enumerate(value):
            if isinstance(item, np.ndarray):
                found[f"{name}/{i}"] = item
            else:
                found |= {f"{name}/{i}/{key}": array for key, array in item.items()}
    return found


def unpack(tensors: Tensors, prefix: str = "") -> OuterScores:
    """What :func:`pack` was given, in memory of its own.

    Args:
        tensors: Name -> array.
        prefix: Of the names to look at.

    Raises:
        KeyError: Something is missing.
    """
    names: dict[str, list[str]] = {}
    for name in tensors:
        if name.startswith(prefix):
            names.setdefault(name.removeprefix(prefix).split("/")[0], []).append(name)
    found: dict[str, Any] = {}
    for field in fields(OuterScores):
        name = f"{prefix}{field.name}"
        if name in tensors:
            found[field.name] = tensors[name].copy()
            continue
        items: list[Any] = [{} for _ in range(int(tensors[f"{name}/len"][0]))]
        for full in names[field.name]:
            place, _, key = full.removeprefix(f"{name}/").partition("/")
            if key:
                items[int(place)][key] = tensors[full].copy()
            elif place != "len":
                items[int(place)] = tensors[full].copy()
        found[field.name] = items
    return OuterScores(**found)
