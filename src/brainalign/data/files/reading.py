"""reading: whatever goes wrong while a file is read becomes one sentence with the file's name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from brainalign.data.files.placeholders import check_fetched
from brainalign.errors import BrainalignError


@contextmanager
def reading(path: Path | str, what: str) -> Iterator[None]:
    """Read a file inside this block; every reader does.

    A damaged file makes a library raise whatever its parser stumbles over: ``BadZipFile``, ``struct.error``, ``EOFError``, HDF5's
    ``RuntimeError``, a ``RecursionError`` of nested JSON, a ``MemoryError`` of a header's impossible size. To list them would be to miss
    some, so each of them is the file's. The library's own error is the cause of ours.

    Args:
        path: The file, or the folder of a format that is one.
        what: What it must be, for the sentences: ``an NPZ file of arrays``.

    Raises:
        BrainalignError: The file is missing, its content is not fetched, or it cannot be read as that. A sentence of ours
            that does not name the file gets its name.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "responses.npy"
        >>> _ = path.write_bytes(b"")
        >>> import numpy as np
        >>> with reading(path, "a numpy array"):  # doctest: +ELLIPSIS, +NORMALIZE_WHITESPACE
        ...     np.load(path)
        Traceback (most recent call last):
        brainalign.errors.BrainalignError: ...responses.npy cannot be read as a numpy array (EOFError: No data left in file);
        it may be truncated or damaged.
    """
    path = Path(path)
    check_fetched(path)
    if not path.exists():
        raise BrainalignError(f"{path} does not exist; it must be {what}.")
    try:
        yield
    except BrainalignError as error:
        if path.name in str(error):
            raise
        raise BrainalignError(f"{path}: {error}") from error
    except Exception as error:
        said = " ".join(str(error).split())[:300].rstrip(".")
        why = f"{type(error).__name__}: {said}" if said else type(error).__name__
        raise BrainalignError(f"{path} cannot be read as {what} ({why}); it may be truncated or damaged.") from error


def read_text(path: Path, what: str) -> str:
    """The text of a UTF-8 file, with or without a byte-order mark.

    Raises:
        BrainalignError: As :func:`reading`.
    """
    with reading(path, what):
        return path.read_text(encoding="utf-8-sig")


def read_json(path: Path, what: str = "JSON") -> Any:
    """The content of a JSON file.

    Raises:
        BrainalignError: As :func:`reading`.
    """
    with reading(path, what):
        return json.loads(path.read_text(encoding="utf-8-sig"))
