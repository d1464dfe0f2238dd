"""The machine that numbers were measured on, in words: neither host name nor paths."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

GIB = 1024**3


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> int:
    """Bytes of physical memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def describe(packages: Iterable[str], threads: int, device: str = "cpu") -> str:
    """One paragraph: processor, cores, memory, graphics card where it was used, threads, versions, date.

    Args:
        packages: Distributions whose versions matter; those that are not installed are left out.
        threads: That every competitor was given.
        device: ``cuda`` adds the card.
    """
    parts = [hardware(threads, device)]
    parts.append(f"{platform.system()}, Python {platform.python_version()}")
    parts.append(", ".join(f"{name} {found}" for name in packages if (found := _version(name))))
    parts.append(f"{datetime.now(UTC):%Y-%m-%d}")
    return "; ".join(parts) + "."


def hardware(threads: int, device: str = "cpu") -> str:
    """What times of a run are comparable on: processor, cores, memory, graphics card where it was used, threads.

    Args:
        threads: That every competitor was given.
        device: ``cuda`` adds the card.
    """
    parts = [f"{_processor()}, {cores()} cores, {memory() / GIB:.0f} GiB of memory"]
    if device == "cuda":
        import torch

        card = torch.cuda.get_device_properties(0)
        parts.append(f"{card.name}, {card.total_memory / GIB:.0f} GiB")
    return "; ".join([*parts, f"{threads} threads"])


def _processor() -> str:
    """The processor's name as the system tells it, with family and model (a virtual machine's name says little)."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor() or platform.machine()
    found: dict[str, str] = {}
    for line in info.read_text().splitlines():
        key, _, value = line.partition(":")
        found.setdefault(key.strip(), value.strip())
    name = found.get("model name", platform.machine())
    return f"{name} (family {found['cpu family']}, model {found['model']})" if "cpu family" in found else name


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
