"""Where runs are kept: one safe first creation, and what is wrong in one sentence."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from brainalign.errors import BrainalignError
from brainalign.secrets import hide_secrets
from brainalign.tracking.artifacts import artifacts_of, check_artifacts
from brainalign.tracking.client import impatient, import_mlflow, mlflow_client
from brainalign.tracking.patience import FIRST, answered
from brainalign.tracking.runs_view import TAG, runs_view
from brainalign.tracking.text import reason
from brainalign.tracking.uri import OFFLINE, SQLITE, absolute_uri, database_file

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LOCK_SECONDS = 120.0


def prepare_store(uri: str | Path, experiment: str, artifacts: str | None = None) -> str:
    """Create the store and the experiment where they are missing; safe when many processes begin at once.

    MLflow's migration of a fresh SQLite file is corrupted by a second process, so it happens under a lock.

    Args:
        uri: The store, see :func:`absolute_uri`.
        experiment: The experiment's name.
        artifacts: Where artifacts of an experiment that is made go, see :func:`brainalign.tracking.artifacts.artifacts_of`;
            None = beside an SQLite file, else as the server has it.

    Returns:
        The experiment's id.

    Raises:
        BrainalignError: The store cannot be reached, read or written, or the experiment is deleted.
    """
    uri = absolute_uri(uri)
    file = database_file(uri)
    if file is None:
        with impatient():
            return _server_experiment_id(uri, experiment, artifacts)
    beside = artifacts_of(uri, None, file.parent) or ""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _locked(file):
            if not file.exists():
                _create(file, beside)
            _check_writable(file)
            return _experiment_id(mlflow_client(uri), uri, experiment, artifacts or beside)
    except BrainalignError:
        raise
    except Exception as error:  # of the file system, SQLite, SQLAlchemy, alembic, mlflow
        old = "out-of-date" in str(error)
        mend = f"copy it and run `mlflow db upgrade {shlex.quote(uri)}`" if old else "name another"
        raise BrainalignError(
            f"tracking.uri: {file} cannot be used as an MLflow store ({reason(error)}); {mend}."
        ) from error


def check_reachable(uri: str) -> None:
    """Ask a server for a sign of life, before any work; a file is looked at where it is prepared.

    Args:
        uri: The store, see :func:`absolute_uri`.

    Raises:
        BrainalignError: It does not answer.
    """
    if uri != OFFLINE and database_file(uri) is None:
        with impatient(), answering(uri):
            answered(lambda: mlflow_client(uri).search_experiments(max_results=1), FIRST)


def ui_command(uri: str | Path) -> str:
    """The line that opens MLflow's UI on a store; for an MLflow server, its address.

    Example:
        >>> ui_command("sqlite:////data/my results/mlflow.db").split(" ui ")[1]
        "--backend-store-uri 'sqlite:////data/my results/mlflow.db'"
    """
    uri = absolute_uri(uri)
    if uri == OFFLINE:
        return "nothing is in MLflow: brainalign-tools relog FOLDER --uri STORE logs it"
    if uri.startswith("http"):
        return hide_secrets(uri)
    found = shutil.which("mlflow")
    ours = found and Path(found).parent == Path(sys.executable).parent  # another version could not read the store
    mlflow = "mlflow" if ours else f"{shlex.quote(sys.executable)} -m mlflow"
    return f"{mlflow} ui --backend-store-uri {shlex.quote(hide_secrets(uri))}"


def _server_experiment_id(uri: str, name: str, artifacts: str | None) -> str:
    with answering(uri):
        return answered(lambda: _experiment_id(mlflow_client(uri), uri, name, artifacts), FIRST)


@contextmanager
def answering(uri: str) -> Iterator[None]:
    """Say in one sentence that a store does not answer.

    Args:
        uri: The store.

    Raises:
        BrainalignError: Something inside the block failed.
    """
    try:
        yield
    except BrainalignError:
        raise
    except Exception as error:  # every server's driver has its own
        what, mend = (
            ("server", "start it, give a folder")
            if database_file(uri) is None
            else ("store", "free it, give another folder")
        )
        raise BrainalignError(
            f"tracking.uri: the MLflow {what} {hide_secrets(uri)} did not answer ({reason(error)}); {mend}, "
            "or use tracking=offline and log the run later."
        ) from error


def _experiment_id(client: MlflowClient, uri: str, name: str, artifacts: str | None) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            made = str(client.create_experiment(name, artifact_location=artifacts, tags={TAG: runs_view()}))
            check_artifacts(uri, client.get_experiment(made), artifacts)
            return made
        except MlflowException:  # on a server another process can have been quicker
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        restore = f"mlflow experiments restore --experiment-id {found.experiment_id}"
        raise BrainalignError(
            f"tracking.experiment: {name!r} is deleted in {hide_secrets(uri)}; choose another name, or restore it "
            f"with `MLFLOW_TRACKING_URI={shlex.quote(hide_secrets(uri))} {restore}`."
        )
    check_artifacts(uri, found, artifacts)
    if TAG not in found.tags:  # made by hand, or by an earlier version; a view that somebody changed stays
        client.set_experiment_tag(found.experiment_id, TAG, runs_view())
    return str(found.experiment_id)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold a lock beside ``file``: SQLite's own, which every system has and which dies with its process."""
    lock = file.with_name(f".{file.name}.lock")
    with closing(sqlite3.connect(lock, timeout=_LOCK_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


def _create(file: Path, artifacts: str) -> None:
    """Make an empty store beside its place and rename it: a killed migration would leave one that never opens.

    MLflow's migrations are some four hundred statements, each of which SQLite would wait to be on the disk. The file counts for nothing
    until it has its name, so that it waits once, before that.
    """
    import_mlflow()
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy import Engine, event

    def without_waiting(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA journal_mode=MEMORY")

    with TemporaryDirectory(prefix=f".{file.name}-", dir=file.parent) as folder:
        fresh = Path(folder) / file.name
        event.listen(Engine, "connect", without_waiting)
        try:
            store = SqlAlchemyStore(SQLITE + fresh.as_posix(), artifacts)  # type: ignore[no-untyped-call]
        finally:
            event.remove(Engine, "connect", without_waiting)
        store.engine.dispose()
        with fresh.open("rb+") as made:
            os.fsync(made.fileno())
        fresh.replace(file)


def _check_writable(file: Path) -> None:
    """Fail at once on what is no database or cannot be written; mlflow would retry it for minutes."""
    with closing(sqlite3.connect(file, timeout=30.0, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
