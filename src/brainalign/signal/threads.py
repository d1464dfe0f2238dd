"""Loops over channels, some channels a thread."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def in_threads(work: Callable[[slice], T], count: int, block: int) -> list[T]:
    """Run a function on blocks of consecutive places: in as many threads as this process may use cores or OMP_NUM_THREADS grants.

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
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    granted = os.environ.get("OMP_NUM_THREADS", "")
    threads = min(cores, int(granted)) if granted.isdigit() and int(granted) > 0 else cores
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, [slice(at, min(at + block, count)) for at in range(0, count, block)]))
