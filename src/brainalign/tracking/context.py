"""What surrounds a run: who started it, which code, under which parent; and what its end means."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from brainalign.errors import BrainalignError
from brainalign.secrets import hide_secrets
from brainalign.tracking.provenance import git_state
from brainalign.tracking.signals import TerminatedError
from brainalign.tracking.text import scrub

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARENT_RUN = "BRAINALIGN_PARENT_RUN"
"""Environment variable with the id of the run under which new runs are shown; a sweep sets it."""

SWEPT = "BRAINALIGN_SWEPT"
"""Environment variable with the keys in which a sweep's children differ, joined by commas: their names say the values."""


def context_tags(client: MlflowClient | None, uri: str, parent: str | None) -> dict[str, str]:
    """Who ran which code: mlflow's own ``start_run`` finds it for a script and misses it for a command.

    Args:
        client: Of the store at ``uri``; None where there is none to ask.
        uri: The store's absolute URI.
        parent: Id of the parent run, or None.

    Raises:
        BrainalignError: The store has no run ``parent``.
    """
    tags = {"mlflow.source.type": "LOCAL", "mlflow.source.name": Path(sys.argv[0]).name or "python"}
    try:
        tags["mlflow.user"] = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user id without a name
        tags["mlflow.user"] = "unknown"
    git = git_state()
    if git["commit"]:
        tags |= {"mlflow.source.git.commit": git["commit"], "git_dirty": str(git["dirty"]).lower()}
    if parent:
        from mlflow.exceptions import MlflowException

        try:
            if client is not None:
                client.get_run(parent)
        except MlflowException as error:
            raise BrainalignError(
                f"{PARENT_RUN}: the store {hide_secrets(uri)} has no run {parent!r}; "
                "unset it, or name a run of this store."
            ) from error
        tags["mlflow.parentRunId"] = parent
    return tags


def abandoned_state() -> tuple[str, str]:
    """The status and the sentence of a run that nobody ended: a callback's, or one kept open in a notebook."""
    error = TerminatedError.last or getattr(sys, "last_value", None)
    status, sentence = last_state(error) if error else ("FAILED", None)
    return status, sentence or "the process ended before the run did"


def last_state(error: BaseException) -> tuple[str, str | None]:
    """The status and the sentence that an exception leaves behind.

    Example:
        >>> last_state(KeyboardInterrupt())
        ('KILLED', 'stopped by Ctrl-C')
        >>> last_state(BrainalignError("model.path: there is no folder x."))
        ('FAILED', 'model.path: there is no folder x.')
    """
    if isinstance(error, GeneratorExit):
        return abandoned_state()
    if isinstance(error, TerminatedError):
        return "KILLED", error.reason
    if isinstance(error, KeyboardInterrupt):
        return "KILLED", "stopped by Ctrl-C"
    if isinstance(error, SystemExit):
        return ("FINISHED", None) if error.code in (None, 0) else ("FAILED", f"exit status {error.code}")
    if isinstance(error, BrainalignError):
        return "FAILED", scrub(str(error))
    return "FAILED", scrub(f"{type(error).__name__}: {error}")
