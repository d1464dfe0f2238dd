"""Memory that is freed goes back to all threads."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

ARENAS = -8
"""``M_ARENA_MAX`` of glibc's ``malloc.h``."""


def one_arena() -> None:
    """Let all threads allocate from one arena, where the C library is glibc and ``MALLOC_ARENA_MAX`` is not set.

    Else each thread has its own, and keeps what it has freed: a run that works in threads holds several times what any of them needs.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(OSError, AttributeError, TypeError):  # macOS, musl and Windows have no such call
            ctypes.CDLL(None).mallopt(ARENAS, 1)
