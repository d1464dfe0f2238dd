"""How a machine's cores and GPUs are shared out among the workers of a sweep."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

VISIBLE = "CUDA_VISIBLE_DEVICES"

_held: list[BaseFileLock] = []
"""This worker's place; it is given back when the process ends, however it ends."""


def gpus() -> list[str]:
    """The GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them; without torch, which takes seconds."""
    if VISIBLE in os.environ:
        return [name.strip() for name in os.environ[VISIBLE].split(",") if name.strip() not in ("", "-1")]
    if shutil.which("nvidia-smi") is None:
        return []
    listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, check=False).stdout
    return [str(n) for n, line in enumerate(s for s in listed.splitlines() if s.startswith("GPU "))]


def count(n_jobs: int, children: int, n_gpus: int) -> int:
    """Number of workers: as asked, -1 for one a GPU or else one a core, and no more than there are children.

    Example:
        >>> count(4, children=10, n_gpus=0), count(4, children=2, n_gpus=0), count(-1, children=10, n_gpus=3)
        (4, 2, 3)
    """
    import joblib

    if n_jobs < 0:
        n_jobs = n_gpus or max(int(joblib.cpu_count()) + 1 + n_jobs, 1)
    return min(n_jobs, children)


@dataclass(frozen=True)
class OneGpu:
    """Lets a worker see one GPU, the same in all that it does; more workers than GPUs share them evenly.

    Places are files that a worker locks for life: the one that follows a worker which died gets the same GPU.

    Attributes:
        gpus: Names for ``CUDA_VISIBLE_DEVICES``.
        workers: Number of places.
        slots: Folder of the locks.
    """

    gpus: Sequence[str]
    workers: int
    slots: str

    def __call__(self) -> None:
        """Choose, once a process."""
        if not _held:
            os.environ[VISIBLE] = self.gpus[self._place() % len(self.gpus)]

    def _place(self) -> int:
        from filelock import FileLock, Timeout

        for place in range(self.workers):
            lock = FileLock(Path(self.slots) / f"{place}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            _held.append(lock)
            return place
        raise RuntimeError(f"all {self.workers} places are taken")
