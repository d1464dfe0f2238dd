"""The one exception for what a user can mend, the nearest valid name for what was misspelled, and checks of settings."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

FINITE = 1e300
"""Larger numbers are none that a setting can have."""


class BrainalignError(ValueError):
    """A fault in the input or the configuration: one sentence with the file or key, the value, and what is right.

    The command line prints the sentence alone, without a traceback, and exits with status 1.

    Attributes:
        tracked: Whether a tracked run has logged it.

    Example:
        >>> try:
        ...     raise BrainalignError("data.root=/data is no folder; name one.")
        ... except BrainalignError as error:
        ...     print(error)
        data.root=/data is no folder; name one.
    """

    tracked = False


def nearest(name: str, valid: Iterable[str]) -> str:
    """A hint that ends an error sentence: the nearest valid name, or all of them.

    Args:
        name: What was written.
        valid: The names that would have been right.

    Returns:
        ``"did you mean 'gpt2'?"`` when one is near, else ``"valid: a, b, c"``.

    Example:
        >>> nearest("gtp2", ["gpt2", "mel"])
        "did you mean 'gpt2'?"
        >>> nearest("modle", ["mode", "model"])
        "did you mean 'model'?"
    """
    names = sorted(str(v) for v in valid)
    close = difflib.get_close_matches(str(name), names, n=3, cutoff=0.6)
    close.sort(key=lambda near: sorted(near) != sorted(str(name)))  # swapped letters are the likeliest slip
    return f"did you mean {close[0]!r}?" if close else f"valid: {', '.join(names)}"


def one_of(key: str, value: Any, valid: Sequence[str]) -> None:
    """Refuse a value that is none of ``valid``."""
    if value not in valid:
        raise BrainalignError(f"{key}={value!r} is unknown; {nearest(str(value), valid)}")


def within(key: str, value: float | None, low: float, high: float = float("inf")) -> None:
    """Refuse a number outside [low, high], or one that is not finite; None passes."""
    if value is not None and not (low <= value <= high and -FINITE < value < FINITE):
        bound = f"at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
        told = (
            f"{value:g}" if -FINITE < value < FINITE or isinstance(value, float) else "a number of more than 300 digits"
        )
        raise BrainalignError(f"{key}={told} is impossible; it must be {bound}.")
