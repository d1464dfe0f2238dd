"""What this machine can do: its memory, and its measured rate of matrix products."""

from __future__ import annotations

import os
import time
from functools import lru_cache
from pathlib import Path

SIDE = 1536
"""Rows of the matrices that are multiplied to measure the rate."""


def total_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or its container's where that is less."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            machine = min(machine, int(Path(limit).read_text()))
        except (OSError, ValueError):
            continue  # no container, or one without a limit
    return machine


@lru_cache
def matrix_rate(device: str, dtype: str) -> float:
    """Floating-point operations a second of a matrix product, the best of three.

    Args:
        device: ``cpu`` or ``cuda``.
        dtype: ``float32`` or ``float64``.
    """
    import torch

    a = torch.ones(SIDE, SIDE, dtype=getattr(torch, dtype), device=device)
    times = []
    for _ in range(4):
        start = time.perf_counter()
        float((a @ a)[0, 0])  # reading one number waits for the device
        times.append(time.perf_counter() - start)
    return 2 * SIDE**3 / min(times[1:])
