"""Between what every number of the options may lie: each dataclass of options says it of its own fields, in ``bounds``.

``bounds`` is a class variable, field -> least and largest value, both possible; an item of a list or of a mapping has the bounds of the
whole. Upper ends are not limits of the method: beyond them a value is a slip of the hand, or asks for more than any machine has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from brainalign.errors import within

Bounds = Mapping[str, tuple[float, float]]
"""Field -> least and largest value."""

WIDEST = (-1e12, 1e12)
"""Of a number that has no bounds of its own."""

LAYERS, COUNT, SEED, SHARE = (-1, 1000), (0, 1_000_000), (0, 2**32 - 1), (0, 1)
"""Of layer numbers, of counts that may be 0, of seeds, and of shares of a whole."""


def check_bounds(key: str, options: Any) -> None:
    """Refuse a number that is not finite or out of its bounds.

    Args:
        key: Of the options, such as ``window``, or ``partner``.
        options: A dataclass of options.

    Raises:
        BrainalignError: Key, value and what is possible.
    """
    for dotted, value, (low, high) in numbers(key, options):
        within(dotted, value, low)  # which says no more than what is too small needs
        within(dotted, value, low, high)


def bounds_of(kind: type) -> dict[str, tuple[float, float]]:
    """The bounds of a dataclass's fields: its own, and those of the classes that it is made of."""
    return {name: ends for c in reversed(kind.__mro__) for name, ends in vars(c).get("bounds", {}).items()}


def numbers(
    key: str, value: Any, bounds: tuple[float, float] = WIDEST
) -> Iterator[tuple[str, float, tuple[float, float]]]:
    """Every number in some options: its dotted key, itself, and its bounds.

    Args:
        key: Of the options.
        value: A dataclass, a mapping, a list or a value.
        bounds: Of the numbers in a mapping, in a list, or of the value.

    Example:
        >>> list(numbers("data.mixture", {"acoustic": 1.0, "lexical": 2}, (0, 10)))
        [('data.mixture.acoustic', 1.0, (0, 10)), ('data.mixture.lexical', 2, (0, 10))]
    """
    if is_dataclass(value):
        own = bounds_of(type(value))
        for field in fields(value):
            yield from numbers(f"{key}.{field.name}", getattr(value, field.name), own.get(field.name, WIDEST))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from numbers(f"{key}.{name}", item, bounds)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from numbers(key, item, bounds)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key, value, bounds
