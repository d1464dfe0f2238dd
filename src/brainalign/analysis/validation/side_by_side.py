"""Data sets side by side on all cores: each is simulated, fitted and judged by itself."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Sequence
from typing import TypeVar

from brainalign.progress import track

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], items: Sequence[T], label: str) -> list[R]:
    """What ``work`` makes of each item, in their order, in one process a core with one thread each.

    The numbers do not hang on how many cores there are: an item draws from its own seed and is worked on by one thread.

    Args:
        work: From an item to its result; it and what it holds is sent to the processes.
        items: Seeds, or what else tells one piece of work from another.
        label: For the progress bar.

    Example:
        >>> each(abs, [-1, 2, -3], "absolute values")
        [1, 2, 3]
    """
    from joblib import Parallel, cpu_count, delayed, parallel_config

    with parallel_config(backend="loky", n_jobs=min(cpu_count(), len(items)), inner_max_num_threads=1):
        calls = (delayed(_silently)(work, item) for item in items)
        return list(track(Parallel(return_as="generator")(calls), label, len(items)))


def _silently(work: Callable[[T], R], item: T) -> R:
    """Without the bars of its own fits, which would be written across the terminal by every process at once."""
    with contextlib.redirect_stderr(io.StringIO()):
        return work(item)
