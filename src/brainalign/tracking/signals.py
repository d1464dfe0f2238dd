"""A scheduler's signals as an exception, so that a run which it stops can still say that it was stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


class TerminatedError(SystemExit):
    """A signal ends the run. A SystemExit (143 = 128 + 15 for SIGTERM), so that ``except Exception`` lets it pass.

    Args:
        number: Of the signal.
        why: What a scheduler's own handler says of it.
    """

    last: TerminatedError | None = None
    """The one that was raised in this process: at exit it is not to be had from elsewhere."""

    def __init__(self, number: int = signal.SIGTERM, why: str = "") -> None:
        super().__init__(128 + number)
        self.reason = f"stopped by {signal.Signals(number).name}" + (f": {why}" if why else "")
        TerminatedError.last = self


def _raise(signum: int, frame: FrameType | None) -> NoReturn:
    # The run is marked where the exception arrives: a handler can interrupt a write to the very same store.
    raise TerminatedError(signum)


def _raise_after(handler: Callable[..., object]) -> Callable[[int, FrameType | None], None]:
    """The handler, and a TerminatedError where it wants to end the process: submitit's queues the job again, then exits."""

    def handle(signum: int, frame: FrameType | None) -> None:
        try:
            handler(signum, frame)
        except (Exception, SystemExit) as end:
            signal.signal(
                signal.SIGTERM, signal.SIG_IGN
            )  # queueing a job again sends it, and we are at the end already
            raise TerminatedError(signum, "" if isinstance(end, SystemExit) else str(end)) from end

    return handle


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
    """Turn SIGTERM into :class:`TerminatedError` inside the block, then put the former handlers back.

    A scheduler's warning before a time limit or a preemption (SIGUSR1 or SIGUSR2) is left to its own handler first; where
    nobody has set one it means nothing to us.
    """
    former = [(number, signal.getsignal(number)) for number in (signal.SIGUSR1, signal.SIGUSR2)]
    with _handlers((signal.SIGTERM, _raise), *((n, _raise_after(h)) for n, h in former if callable(h))):
        yield


@contextmanager
def deferred() -> Iterator[None]:
    """Keep SIGTERM and Ctrl-C until the block ends, and let them do then what they would have done."""
    came: list[int] = []

    def note(signum: int, frame: FrameType | None) -> None:
        came.append(signum)

    with _handlers((signal.SIGTERM, note), (signal.SIGINT, note)):
        yield
    if came:
        signal.raise_signal(came[0])


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore SIGTERM and Ctrl-C for the moment in which a run's last state is written."""
    with _handlers((signal.SIGTERM, signal.SIG_IGN), (signal.SIGINT, signal.SIG_IGN)):
        yield
