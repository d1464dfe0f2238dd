"""Small systems side by side, a thread or some for each: a factor of a thousand rows is too small to be shared among many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import torch
    from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
T = TypeVar("T")

ROOM = 2**28
"""Bytes that systems under way at once may take together: larger ones come one after the other, each in all threads."""


def workers(count: int, size: int) -> int:
    """How many of some jobs run at once on the CPU.

    Args:
        count: Of jobs.
        size: Bytes that one needs.

    Example:
        >>> workers(10, ROOM)
        1
    """
    import torch

    return max(1, min(count, torch.get_num_threads(), ROOM // max(size, 1)))


def in_parallel(
    job: Callable[[Item], T], items: Sequence[Item], size: int, device: torch.device, most: int | None = None
) -> Iterator[T]:
    """What a job gives for each item, in order: on the CPU as many at once as threads and ``ROOM`` allow, on a GPU one by one.

    Torch's threads are dealt out among them. Each item's numbers are its own.

    Args:
        job: Of matrix products and factors, which let other threads run meanwhile.
        items: One a job.
        size: Bytes that one needs, at most.
        device: Where they are computed.
        most: So many at once at most; None = any number.

    Yields:
        The results.

    Example:
        >>> import torch
        >>> list(in_parallel(lambda n: n**2, range(4), 0, torch.device("cpu")))
        [0, 1, 4, 9]
    """
    import torch

    count = min(workers(len(items), size), most or len(items)) if device.type == "cpu" else 1
    if count <= 1:
        yield from map(job, items)
        return
    threads = torch.get_num_threads()

    def in_share(item: Item) -> T:
        torch.set_num_threads(threads // count)  # of the thread that calls it
        return job(item)

    with _numpys().limit(limits=1), ThreadPoolExecutor(count) as pool:
        try:
            yield from pool.map(in_share, items)
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)  # what threads that start later begin with


@cache
def _numpys() -> ThreadpoolController:
    """NumPy's and SciPy's own threads: one pool a library, for which several callers would only wait."""
    import scipy.linalg  # noqa: F401  (the controller knows the libraries that are loaded by now alone)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
