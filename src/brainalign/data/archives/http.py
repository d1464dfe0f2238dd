"""Requests to an archive's server: taken up again where a connection breaks, refused in one sentence."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    import requests

TRIES = 4
"""How often a connection that breaks is taken up again."""
TIMEOUT = (10.0, 60.0)
"""Seconds to wait for a connection, and for what comes next over it."""


def answer(url: str, **options: Any) -> requests.Response:
    """What a server says to a request.

    Args:
        url: What is asked for.
        **options: As of ``requests.get``.

    Raises:
        BrainalignError: It cannot be reached, or refuses.
    """
    import requests

    for n in range(TRIES):
        try:
            found = requests.get(url, timeout=TIMEOUT, **options)
        except (requests.ConnectionError, requests.Timeout) as error:
            if n == TRIES - 1:
                raise BrainalignError(f"{url} cannot be reached ({cause_of(error)}).") from error
            time.sleep(n)
            continue
        if found.status_code < 400:
            return found
        if found.status_code < 500 or n == TRIES - 1:
            raise BrainalignError(f"{url} is refused by its server: {found.status_code} {found.reason}.")
        time.sleep(n)
    raise AssertionError("every way above ends")


def cause_of(error: Exception) -> str:
    """The last cause of an error of a library that wraps errors in errors.

    Args:
        error: Of a request.
    """
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return str(reason or error).splitlines()[0][:200]
