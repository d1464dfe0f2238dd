"""One label, one representation: in tables, metrics, legends and files a model stands under its name alone."""

from __future__ import annotations

from collections.abc import Mapping

from brainalign.features.representation import Representation

PARTS = ("full", "truncated", "shared", "rest", "matched")
"""Spaces that stand behind a model's name (``gpt2 shared``), which no other model may be called."""


def content(found: Representation) -> tuple[str, ...]:
    """What determines all rows of a representation; two that share it are one thing."""
    return tuple(found.key(layer) for layer in found.layers)


def tell_apart(roles: Mapping[str, Representation]) -> list[str]:
    """Give representations of one name and different content different names: ``mel`` and ``mel (baseline)``.

    Args:
        roles: What each plays (model, partner, baseline, ...) -> representation, the first of a name keeping it.

    Returns:
        Sentences on who is called what.
    """
    taken: dict[str, tuple[str, ...]] = {}
    notes = []
    for role, found in roles.items():
        name, own = found.name, content(found)
        while _clashes(name, own, taken):
            name = f"{name} ({role})"
        if name != found.name:
            notes.append(f"The {role} is called {found.name} as another model of this run is; it stands as {name!r}.")
            found.name = name
        taken[name] = own
    return notes


def _clashes(name: str, own: tuple[str, ...], taken: Mapping[str, tuple[str, ...]]) -> bool:
    if name in taken:
        return taken[name] != own
    return any(name == f"{other} {part}" or other == f"{name} {part}" for other in taken for part in PARTS)
