"""Fingerprint: one hash of nested settings, arrays and objects, by their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import brainalign

CODE = ("analysis", "data", "encoding", "features", "linalg", "models", "signal", "similarity", "spaces", "study")
"""The floors whose code makes the numbers of a fit."""

LIBRARIES = ("numpy", "scipy", "torch")


def fingerprint(value: Any) -> str:
    """SHA-256 of a value: text, numbers, arrays, sets, lists and mappings of them, and objects by their attributes.

    Args:
        value: What is to be told apart. Two mappings, or two sets, with the same content in another order are the same.

    Raises:
        TypeError: It holds something without content of its own, such as a function.

    Example:
        >>> fingerprint({"a": 1, "b": np.arange(3)}) == fingerprint({"b": np.arange(3), "a": 1})
        True
        >>> fingerprint(np.arange(3)) == fingerprint(np.arange(3.0))
        False
    """
    return _digest(value, {})


def _digest(value: Any, known: dict[int, str]) -> str:
    """Of a value; ``known`` has the objects met so far, so that what many share (the responses) is read once."""
    state = hashlib.sha256()
    _add(state, value, known)
    return state.hexdigest()


def _add(state: Any, value: Any, known: dict[int, str]) -> None:
    state.update(type(value).__name__.encode() + b"(")
    if value is None or isinstance(value, str | int | float | bool | np.generic):
        state.update(repr(value).encode())
    elif isinstance(value, np.ndarray):
        state.update(f"{value.dtype}{value.shape}".encode())
        state.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
    elif isinstance(value, list | tuple):
        for item in value:
            _add(state, item, known)
    elif isinstance(value, set | frozenset):
        state.update("".join(sorted(_digest(item, known) for item in value)).encode())
    elif isinstance(value, Mapping):
        state.update("".join(sorted(_digest(k, known) + _digest(v, known) for k, v in value.items())).encode())
    elif hasattr(value, "__dict__") and not callable(value):
        if id(value) not in known:
            known[id(value)] = _digest(vars(value), known)
        state.update(known[id(value)].encode())
    else:
        raise TypeError(f"a {type(value).__name__} has no content to tell it by")
    state.update(b")")


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Fingerprint of the source files that make the numbers, and of the libraries' versions; taken once a process."""
    root = Path(brainalign.__file__).parent
    files = sorted(path for floor in CODE for path in (root / floor).rglob("*.py"))
    return fingerprint([{path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files},
                        {name: version(name) for name in LIBRARIES}])  # fmt: skip
