"""Numbers of things as sentences have them."""

from __future__ import annotations


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A number of things.

    Args:
        n: How many.
        noun: What one of them is called.
        plural: What several are called, where that is not the noun with an s.

    Example:
        >>> count(1, "electrode"), count(3, "electrode"), count(1200, "frame"), count(2, "stimulus", "stimuli")
        ('1 electrode', '3 electrodes', '1200 frames', '2 stimuli')
    """
    return f"{n} {noun if n == 1 else plural or f'{noun}s'}"
