"""Kinds of models by name, and which families of them a data set allows."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, cast

from brainalign.models._base import Model
from brainalign.registry import importable, kind_of

if TYPE_CHECKING:
    from brainalign.data.types import Dataset


def model_kind(name: object, role: str | None = None, allow: Collection[str] = ()) -> type[Model]:
    """The class of a kind of model; its module is imported now.

    Args:
        name: Of the kind.
        role: What an error calls it, where that is not ``model``: ``partner``.
        allow: Packages from which ``module.path:Class`` may be imported.

    Raises:
        BrainalignError: There is no such kind, or a package's is no ``Model``.

    Example:
        >>> model_kind("mel").needs
        ('sound',)
    """
    return kind_of("model", name, role, allow)


def lacking(dataset: Dataset) -> dict[str, str]:
    """Family of models -> what the data lack for it, a sentence; empty where they allow it.

    A kind that cannot be imported stands there by its own name.

    Args:
        dataset: As read.
    """
    classes, broken = importable("model")
    found: dict[str, str] = {}
    for kind in cast("dict[str, type[Model]]", classes).values():
        if kind.family:
            found.setdefault(kind.family, kind.lacks(dataset))
    return found | broken
