"""One progress bar for all long work: rich on a terminal, silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")


def track(items: Sequence[T] | Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Iterate with a progress bar and the time left on a terminal; silently where there is none.

    Args:
        items: What to go through.
        label: What is being done, as the user reads it.
        total: The number of items, where ``items`` has no length.

    Yields:
        The items, one by one.

    Example:
        >>> list(track([1, 2, 3], "counting"))
        [1, 2, 3]
    """
    if not sys.stderr.isatty():
        yield from items
        return
    size = total if total is not None else len(items)  # type: ignore[arg-type]
    with _bars() as bars:
        task = bars.add_task(label, total=size)
        try:
            for item in items:
                yield item
                bars.advance(task)
        finally:
            bars.remove_task(task)


_shown: list[Progress] = []
"""The bars on the terminal; work inside work adds a line to them."""


@contextmanager
def _bars() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    if _shown:
        yield _shown[0]
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        _shown.append(bars)
        try:
            yield bars
        finally:
            _shown.clear()


def duration(seconds: float) -> str:
    """A time as people say it.

    Args:
        seconds: How long.

    Example:
        >>> [duration(s) for s in (0.4, 42, 150, 5000, 200000)]
        ['1 s', '42 s', '2 min 30 s', '1 h 23 min', '55 h 33 min']
    """
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
