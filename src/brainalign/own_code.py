"""Digests of a lab's own code: a kind of analysis or model that was edited is another one, and its results are made anew."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path


def own_code(instance: object) -> dict[str, str]:
    """Package -> SHA-256 of its source files, for an analysis or an extractor of a lab, and for an extractor inside it.

    Args:
        instance: Of any class. Of brainalign's own classes nothing is said: their version is part of every identity already.

    Example:
        >>> from brainalign.bounds import SHARE
        >>> own_code(SHARE)
        {}
    """
    found: dict[str, str] = {}
    for kind in type(instance).__mro__:
        if is_dataclass(kind) or hasattr(kind, "identity"):  # a kind or an extractor, not a base class of some library
            found |= _source(kind.__module__.split(".")[0])
    for value in vars(instance).values() if hasattr(instance, "__dict__") else ():
        if hasattr(value, "identity"):  # an extractor inside another one
            found |= own_code(value)
    return found


@cache
def _source(package: str) -> dict[str, str]:
    module = sys.modules.get(package)
    if package in ("brainalign", *sys.stdlib_module_names) or module is None:
        return {}
    folders = [Path(place) for place in getattr(module, "__path__", ())]
    single = getattr(module, "__file__", None)
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))] or ([Path(single)] if single else [])
    state = hashlib.sha256()
    for file in files:
        state.update(file.name.encode() + file.read_bytes())
    return {f"code of {package}": state.hexdigest()} if files else {}
