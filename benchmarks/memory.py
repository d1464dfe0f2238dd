"""Peak memory of a piece of work, above what was resident before it."""

from __future__ import annotations

import ctypes
import gc
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


class Peak:
    """Largest resident memory inside a ``with`` block above the resident memory on entering it.

    The kernel's own high-water mark (VmHWM) is set back on entering, so that no peak between two samples is missed. Memory that
    was freed before is handed back to the system first, so that the block cannot grow into it unseen. Linux only;
    elsewhere ``above`` stays None. Children of the process are not counted.

    Attributes:
        above: Bytes, once the block has ended.
        whole: The same with what was resident before: all that the process had.
    """

    above: int | None = None
    whole: int | None = None

    def __enter__(self) -> Peak:
        if sys.platform == "linux":
            gc.collect()
            libc = ctypes.CDLL(None)
            if hasattr(libc, "malloc_trim"):  # glibc
                libc.malloc_trim(0)
            Path("/proc/self/clear_refs").write_text("5")
            self._before = _kib("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        if sys.platform == "linux":
            self.whole = 1024 * _kib("VmHWM")
            self.above = self.whole - 1024 * self._before


def _kib(key: str) -> int:
    """An entry of the process status, in KiB."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1])
