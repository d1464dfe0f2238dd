"""Digests of files that settings name: what they hold is part of a run's identity, as data are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path


def file_digests(files: Mapping[str, Path]) -> dict[str, str]:
    """SHA-256 of each file that is there.

    Args:
        files: Key of the config -> path.

    Example:
        >>> file_digests({"analysis.triplets": Path("auto")})
        {}
    """
    return {key: hashlib.sha256(path.read_bytes()).hexdigest() for key, path in files.items() if path.is_file()}
