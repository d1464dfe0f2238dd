"""Where a kind of analysis, model or reader, or a figure of a lab, is found by its name: in its own module, or in an installed package.

A kind is a dataclass: its fields are the options of ``conf/GROUP``, its methods say and do all the rest. Ours is the one that the module
of its name defines (``analysis=cca`` is in ``brainalign.analysis.cca``); a lab's package offers its own by an entry point. No list of
kinds is kept anywhere, so that adding one touches no other file. A class of a package that is not installed so goes by
``module.path:Class``, where the config's ``allow`` names the package.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import is_dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from inspect import isclass
from typing import Any

from brainalign.errors import BrainalignError, nearest

PACKAGES = {"analysis": "brainalign.analysis", "model": "brainalign.models", "data": "brainalign.data.readers"}
"""Group of ``conf/`` -> package with a module for each kind; modules that begin with an underscore are what the kinds share."""

ENTRY_POINTS = {
    "analysis": "brainalign.analyses",
    "model": "brainalign.models",
    "data": "brainalign.readers",
    "figures": "brainalign.figures",
}
"""Group of ``conf/`` -> group of entry points by which an installed package offers kinds (or figures) of its own."""

BASES = {
    "analysis": "brainalign.analysis:Analysis",
    "model": "brainalign.models:Model",
    "data": "brainalign.data.readers:Reader",
}
"""Group of ``conf/`` -> the class that its kinds inherit from."""


def kinds(group: str) -> list[str]:
    """Names of all kinds of a group, in alphabetical order.

    Args:
        group: ``analysis``, ``model`` or ``data``.

    Example:
        >>> "cca" in kinds("analysis")
        True
    """
    return sorted({*_own(group), *_offered(group)})


def kind_of(group: str, name: object, role: str | None = None, allow: Collection[str] = ()) -> type:
    """The class of a kind; its module is imported now.

    Args:
        group: ``analysis``, ``model`` or ``data``.
        name: Of the kind, or ``module.path:Class``.
        role: What the error calls it, where that is not the group: ``partner``.
        allow: Packages from which ``module.path:Class`` may be imported.

    Raises:
        BrainalignError: There is no such kind, its package is not allowed, or what stands under the name is none or cannot be
            imported.
    """
    if name in _own(group):
        return _defined_in(f"{PACKAGES[group]}.{name}")
    if ":" in str(name):
        return _loaded(group, _by_path(f"{role or group}.kind", str(name), allow, "my_lab.models:Pitch"))
    if name not in _offered(group):
        raise BrainalignError(f"{role or group}.kind={name!r} is unknown; {nearest(str(name), kinds(group))}")
    return _loaded(group, _offered(group)[str(name)])


def importable(group: str) -> tuple[dict[str, type], dict[str, str]]:
    """The classes of all kinds; a package of another lab that is broken keeps nobody from the rest.

    Args:
        group: ``analysis``, ``model`` or ``data``.

    Returns:
        Name -> class of each kind, and name -> sentence of each that an installed package offers and that cannot be imported.

    Example:
        >>> classes, broken = importable("model")
        >>> classes["mel"].__name__, broken
        ('Mel', {})
    """
    classes: dict[str, type] = {}
    broken: dict[str, str] = {}
    for name in kinds(group):
        try:
            classes[name] = kind_of(group, name)
        except BrainalignError as error:
            broken[name] = str(error)
    return classes, broken


def own_figure(name: str, allow: Collection[str] | None = None) -> Callable[..., Any]:
    """The function that draws a figure of a lab (:mod:`brainalign.own_figures`); its module is imported now.

    Args:
        name: Of an entry point ``brainalign.figures``, or ``module.path:function``.
        allow: Packages from which ``module.path:function`` may be imported; None where that was asked when the config was checked.

    Raises:
        BrainalignError: There is no such figure, its package is not allowed, or it is no function or cannot be imported.
    """
    if ":" in name:
        point = _by_path("figures.own", name, allow, "my_lab.figures:by_age")
    elif name in (offered := _offered("figures")):
        point = offered[name]
    else:
        hint = nearest(name, offered) if offered else "no installed package offers a figure."
        raise BrainalignError(f"figures.own={name!r} is unknown; {hint}")
    found = _imported("figures.own", point)
    if isclass(found) or not callable(found):
        raise BrainalignError(f"figures.own={name}: {point.value} must be a function.")
    return found  # type: ignore[no-any-return]


@cache
def _own(group: str) -> tuple[str, ...]:
    package = import_module(PACKAGES[group])
    return tuple(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


@cache
def _offered(group: str) -> dict[str, EntryPoint]:
    """Kinds of installed packages; two packages that offer one name, or one of ours, are refused."""
    found: dict[str, EntryPoint] = {}
    own = _own(group) if group in PACKAGES else ()
    for point in entry_points(group=ENTRY_POINTS[group]):
        if point.name in own or point.name in found:
            other = found[point.name].value if point.name in found else "brainalign"
            raise BrainalignError(
                f"{group}={point.name} is offered by {point.value} and by {other}; one of the two must have another name."
            )
        found[point.name] = point
    return found


def _by_path(key: str, path: str, allow: Collection[str] | None, example: str) -> EntryPoint:
    """What ``module.path:name`` names; nothing is imported before its package is found to be allowed."""
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*", path):
        what = "class" if key.endswith(".kind") else "function"
        raise BrainalignError(f"{key}={path!r} is no {what}; it must be as {example}.")
    package = path.partition(":")[0].partition(".")[0]
    if allow is not None and package not in allow:
        raise BrainalignError(
            f"{key}={path} is code of the package {package}, which the config does not allow to be imported; "
            f"'allow=[{package}]' does."
        )
    return EntryPoint(name=path, value=path, group=key)


def _imported(key: str, point: EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:
        raise BrainalignError(f"{key}={point.name}: {point.value} cannot be imported ({error}).") from error


def _loaded(group: str, point: EntryPoint) -> type:
    found = _imported(group, point)
    module, _, base = BASES[group].partition(":")
    if not (isclass(found) and issubclass(found, getattr(import_module(module), base)) and is_dataclass(found)):
        raise BrainalignError(
            f"{group}={point.name}: {point.value} must be a dataclass that inherits from {module}.{base}."
        )
    return found


def _defined_in(module: str) -> type:
    """The dataclass of a module that has the field ``kind`` and is defined there, not imported."""
    (found,) = _candidates(module)
    return found


def _candidates(module: str) -> Iterator[type]:
    for value in vars(import_module(module)).values():
        own = isclass(value) and is_dataclass(value) and value.__module__ == module
        if own and "kind" in value.__dataclass_fields__:
            yield value
