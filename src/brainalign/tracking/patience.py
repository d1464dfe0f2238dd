"""Waiting for a store: never longer than is said, and so that a signal ends the waiting and not a write that is half done.

A call is made in a thread of its own. Python raises what a signal brings in the main thread alone, so a write to the database is
never cut in two (which leaves it locked, and the run RUNNING); and a server that accepts a connection and then says nothing is left
alone after a while, whatever patience its driver has.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

PATIENCE = 45.0
"""Seconds for which a run waits for a store that answered before; after that it goes on without it."""

FIRST = 15.0
"""Seconds for the first contact."""

LAST = 8.0
"""Seconds for the last word of a run that is broken, or whose store did not answer before."""

SLOWEST = 1e6
"""Bytes a second that a store takes at least."""

UNBORN = 0.5
"""Seconds after which a thread that has not begun never will: the signal came before its birth."""

Answer = TypeVar("Answer")

_busy: set[threading.Thread] = set()


class NoAnswerError(Exception):
    """The store said nothing for as long as we wait."""


def answered(call: Callable[[], Answer], seconds: float) -> Answer:
    """What a call gives, or raises.

    Args:
        call: Talks to a store.
        seconds: To wait at most. The call itself is not stopped, but nobody waits for it any more.

    Raises:
        NoAnswerError: It took longer.

    Example:
        >>> answered(lambda: 1 + 1, 5.0)
        2
    """
    found: dict[str, Any] = {}

    def make() -> None:
        try:
            found["answer"] = call()
        except BaseException as error:
            found["error"] = error
        finally:
            _busy.discard(threading.current_thread())

    thread = threading.Thread(target=make, daemon=True, name="brainalign-store")  # no exit waits for it
    _busy.add(thread)
    try:
        thread.start()
    except RuntimeError:  # as the interpreter ends, Python 3.12 begins no thread
        make()
    else:
        thread.join(seconds)
    if thread.is_alive():
        raise NoAnswerError(f"no answer within {seconds:g} s")
    if "error" in found:
        raise found["error"]
    return found["answer"]  # type: ignore[no-any-return]


def settle_down(seconds: float) -> None:
    """Let calls that were left, because a signal ended the waiting, come to their end.

    Args:
        seconds: To wait at most, for all of them.
    """
    begin = time.monotonic()
    while (waited := time.monotonic() - begin) < seconds:
        if not any(thread.ident is not None or waited < UNBORN for thread in list(_busy)):
            break
        time.sleep(0.01)
