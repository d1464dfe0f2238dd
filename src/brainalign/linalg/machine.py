"""What this machine can do: the memory that a process may use and holds, and its measured rate of matrix products."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

SIDE = 1536
"""Rows of the matrices that are multiplied to measure the rate."""


def total_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or what its control group, its SLURM job or ``ulimit`` leave of it."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(machine, *_group_limits(), *_job_limits(os.environ), *_own_limits())


def resident_memory() -> int:
    """Bytes that this process holds at this moment; 0 where the system does not say so (Linux does)."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _group_limits(groups: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> Iterator[int]:
    """Limits of this process's control group and of all that it lies in, of either version (man 7 cgroups).

    Within a container the kernel's path is the host's, and the group itself is mounted at the root: that is why the root is asked too.
    """
    try:
        lines = groups.read_text().splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        mount, name = (root / "memory", "memory.limit_in_bytes") if controllers else (root, "memory.max")
        own = mount / path.strip("/")
        for folder in (own, *own.parents[: len(own.parts) - len(mount.parts)]):
            try:
                yield int((folder / name).read_text())
            except (OSError, ValueError):
                continue  # not mounted, or "max"


def _job_limits(environment: Mapping[str, str]) -> Iterator[int]:
    """What SLURM granted, in MB (man sbatch): enforced by control groups in many clusters, and by a watching daemon in others."""
    try:
        if megabytes := int(environment.get("SLURM_MEM_PER_NODE", 0)):
            yield megabytes * 2**20
        elif megabytes := int(environment.get("SLURM_MEM_PER_CPU", 0)):
            yield megabytes * int(environment.get("SLURM_CPUS_ON_NODE", 1)) * 2**20
    except ValueError:
        return


def _own_limits() -> Iterator[int]:
    """``ulimit -v`` and ``-d``, where the system has them."""
    try:
        import resource
    except ImportError:
        return
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft, _ = resource.getrlimit(limit)
        if soft != resource.RLIM_INFINITY:
            yield soft


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
