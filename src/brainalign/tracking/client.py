"""The one door to mlflow: imported late (it takes seconds), quiet, without telemetry, and tied to one store.

``MlflowClient`` is used rather than mlflow's global functions: it has no active run, no default store that a
stray ``./mlruns`` folder could take over, no thread of its own and no hook at exit that ends runs by itself.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "false",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
_PATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "5"}
_IMPATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}


def mlflow_client(uri: str) -> MlflowClient:
    """A client of one store, without mlflow's chatter (migration lines, git warnings) and telemetry.

    Args:
        uri: An absolute store URI, see :func:`brainalign.tracking.absolute_uri`.
    """
    import_mlflow()
    from mlflow import MlflowClient

    if not uri.startswith("http"):
        from mlflow.store.db import utils

        utils.MAX_RETRY_COUNT = min(
            utils.MAX_RETRY_COUNT, 4
        )  # 1 s in place of 100: a database that refuses says why at once

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def import_mlflow() -> None:
    """Import mlflow for the first time, with what keeps it quiet: it reads the environment on import."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import mlflow  # noqa: F401

    for name in ("mlflow", "alembic"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
    # what a database refuses is raised as well, and told in one sentence where it is caught
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)


@contextmanager
def impatient() -> Iterator[None]:
    """Let a server that does not answer fail in seconds: at the first contact, and for the last word of a run."""
    with _environment(_IMPATIENT):
        yield


@contextmanager
def patient() -> Iterator[None]:
    """Try again for as long as :mod:`brainalign.tracking.patience` waits, as with a server that is started anew."""
    with _environment(_PATIENT):
        yield


@contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    """Set what is not set: what the user, or a block around this one, chose is left alone."""
    ours = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)
