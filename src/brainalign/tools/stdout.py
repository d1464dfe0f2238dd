"""The standard output of `brainalign-tools`."""

from __future__ import annotations

import sys


def write_line(text: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{text}\n")
