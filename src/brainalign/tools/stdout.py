"""The standard output of `brainalign-tools`."""

from __future__ import annotations

import sys


def write_line(text: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{text}\n")


def as_size(size: float) -> str:
    """Bytes as a person reads them.

    Args:
        size: How many.

    Example:
        >>> as_size(999), as_size(2_500_000)
        ('999 B', '2.5 MB')
    """
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
