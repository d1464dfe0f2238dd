"""Files whose content has not been fetched: placeholders of git-annex and Git LFS."""

from __future__ import annotations

from pathlib import Path


def check_fetched(path: Path) -> None:
    """Refuse a placeholder.

    Raises:
        BrainalignError: The file is one.
    """
