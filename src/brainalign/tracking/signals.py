"""SIGTERM as an exception, so that a run which a scheduler stops can still say that it was stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


class TerminatedError(SystemExit):
    """SIGTERM arrived. A SystemExit of status 143 (128 + 15), so that ``except Exception`` lets it pass."""

    last: TerminatedError | None = None
    """The one that was raised in this process: at exit it is not to be had from elsewhere."""

    def __init__(self) -> None:
        super().__init__(143)
        TerminatedError.last = self


def _raise(signum: int, frame: FrameType | None) -> NoReturn:
    # The run is marked where the exception arrives: a handler can interrupt a write to the very same store.
    raise TerminatedError


@contextmanager
def _handlers(*handlers: tuple[signal.Signals, signal.Handlers | object]) -> Iterator[None]:
    """Set handlers for the duration; nothing in a thread but the main one, since Python allows none there."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = [(number, signal.signal(number, handler)) for number, handler in handlers]  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, handler in previous:
            # None: a handler that was not set from Python, which signal.signal cannot set again.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Turn SIGTERM into :class:`TerminatedError` inside the block, then put the former handler back."""
    with _handlers((signal.SIGTERM, _raise)):
        yield


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore SIGTERM and Ctrl-C for the moment in which a run's last state is written."""
    with _handlers((signal.SIGTERM, signal.SIG_IGN), (signal.SIGINT, signal.SIG_IGN)):
        yield
