"""What a tool has to say goes to standard output."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")
