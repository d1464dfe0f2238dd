"""A lock that several processes share, so that work which a cache will keep is done by one of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brainalign.errors import BrainalignError

log = logging.getLogger(__name__)


@contextmanager
def one_at_a_time(folder: Path, name: str, what: str, doing: str) -> Iterator[None]:
    """Held by one process at a time; another one waits, and says so. It ends with the process that holds it.

    Args:
        folder: Of the locks; made where it is missing.
        name: Of the lock, a hash.
        what: Is being worked on, for the log.
        doing: What another run then does with it, for the log.

    Raises:
        BrainalignError: The folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{name[:32]}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("%s: another run is %s; waiting for that", what, doing)
            lock.acquire()
    except OSError as error:
        raise BrainalignError(
            f"the cache cannot be written to {folder} ({error}); set paths.cache to a folder with room."
        ) from error
    try:
        yield
    finally:
        lock.release()
