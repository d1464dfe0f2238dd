"""Loops over channels, some channels a thread."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def granted() -> int:
    """Threads that this process may use: its cores, or what OMP_NUM_THREADS grants of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(wanted)) if wanted.isdigit() and int(wanted) > 0 else cores


def in_threads(work: Callable[[slice], T], count: int, block: int) -> list[T]:
    """Run a function on blocks of consecutive places: in as many threads as are granted.

    Args:
        work: Takes a slice; NumPy and SciPy let other threads run meanwhile.
        count: Places.
        block: Of them at once, which bounds the memory.

    Returns:
        What it gave for each block, in order, whatever the number of threads.

    Example:
        >>> in_threads(lambda s: sum(range(10)[s]), 10, 4)
        [6, 22, 17]
    """
    with ThreadPoolExecutor(granted()) as pool:
        return list(pool.map(work, [slice(at, min(at + block, count)) for at in range(0, count, block)]))
