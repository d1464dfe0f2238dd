"""What a run logs, kept beside its results: where MLflow does not answer nothing is lost, and it is logged later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.errors import BrainalignError
from brainalign.tracking.client import mlflow_client
from brainalign.tracking.files import CONFIG, write_json
from brainalign.tracking.store import prepare_store

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRACKING = "tracking.json"


@dataclass
class Record:
    """A run as MLflow has it, or should.

    Attributes:
        id: MLflow's id; of a run that MLflow does not know yet one of our own.
        uri: The store, without secrets.
        experiment: The experiment's name.
        name: The run's name.
        parent: Id of the parent run, or None.
        started, ended: Milliseconds since 1970; ``ended`` is None while it goes on.
        status: RUNNING, FINISHED, FAILED or KILLED.
        unlogged: Why MLflow lacks a part of it; None where it has everything.
        tags, params: As logged.
        metrics: (name, value, milliseconds, step) of every point.
        datasets: (name, digest, source) of each.
    """

    id: str
    uri: str
    experiment: str
    name: str
    parent: str | None
    started: int
    ended: int | None = None
    status: str = "RUNNING"
    unlogged: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: list[tuple[str, float, int, int]] = field(default_factory=list)
    datasets: list[tuple[str, str, str]] = field(default_factory=list)

    def save(self, folder: Path) -> Path:
        """Write ``tracking.json`` into the run's folder."""
        return write_json(Path(folder) / TRACKING, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> Record:
        """Read a run's ``tracking.json``.

        Args:
            folder: The run's.

        Raises:
            BrainalignError: It is not there, or holds something else.
        """
        path = Path(folder) / TRACKING
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            record = cls(**content)
        except FileNotFoundError as error:
            raise BrainalignError(
                f"{folder} has no {TRACKING}: it is no run's folder; name one that holds a run."
            ) from error
        except (ValueError, TypeError) as error:
            raise BrainalignError(f"{path} is no record of a run ({error}).") from error
        record.metrics = [(name, value, when, step) for name, value, when, step in record.metrics]
        record.datasets = [(name, digest, source) for name, digest, source in record.datasets]
        return record


def records(folder: Path) -> Iterator[tuple[Path, Record]]:
    """All runs in and below a folder, those that began first in front: a parent comes before its children.

    Args:
        folder: Where to look.
    """
    found = [(path.parent, Record.load(path.parent)) for path in Path(folder).rglob(TRACKING)]
    yield from sorted(found, key=lambda pair: pair[1].started)


def send_params(client: MlflowClient, run: str, params: dict[str, str]) -> None:
    """Log parameters."""
    from mlflow.entities import Param

    client.log_batch(run, params=[Param(key, value) for key, value in params.items()])


def send_tags(client: MlflowClient, run: str, tags: dict[str, str]) -> None:
    """Set tags."""
    from mlflow.entities import RunTag

    client.log_batch(run, tags=[RunTag(key, value) for key, value in tags.items()])


def send_metrics(client: MlflowClient, run: str, points: list[tuple[str, float, int, int]]) -> None:
    """Log metrics; the same point twice is one."""
    from mlflow.entities import Metric

    client.log_batch(run, metrics=[Metric(name, value, when, step) for name, value, when, step in points])


def send_datasets(client: MlflowClient, run: str, datasets: list[tuple[str, str, str]]) -> None:
    """Log which data were used."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    tags = [InputTag("mlflow.data.context", "analysis")]
    inputs = [
        DatasetInput(
            Dataset(
                name=name, digest=digest, source_type="local", source=json.dumps({"uri": source}, ensure_ascii=False)
            ),
            tags,
        )
        for name, digest, source in datasets
    ]
    client.log_inputs(run, inputs)


def send_folder(client: MlflowClient, run: str, folder: Path) -> None:
    """Copy a run's folder to its artifacts, without hidden files and the folders of other runs in it.

    Args:
        client: Of the store.
        run: The run's id.
        folder: The output folder. A sub-folder with a ``config.yaml`` or ``.hydra`` is a run of its own.
    """
    for entry in sorted(Path(folder).iterdir()):
        if entry.name.startswith(".") or entry.name == TRACKING:
            continue
        if entry.is_file():
            client.log_artifact(run, str(entry))
        elif not (entry / CONFIG).exists() and not (entry / ".hydra").exists():
            client.log_artifacts(run, str(entry), artifact_path=entry.name)


ORIGIN = "origin_run"
"""Tag of a run that was logged from a folder: its id there, by which the store knows it again."""


def known_as(client: MlflowClient, experiments: list[str], run: str) -> str | None:
    """The id of a run in a store: its own, or the one under which it was logged there from a folder; None where the store lacks it.

    Args:
        client: Of the store.
        experiments: Ids of those in which it may be.
        run: Its id in its folder.
    """
    from mlflow.exceptions import MlflowException

    try:
        return str(client.get_run(run).info.run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    found = client.search_runs(experiments, f"tags.{ORIGIN} = '{run}'", max_results=1)
    return str(found[0].info.run_id) if found else None


PARENT = "mlflow.parentRunId"
"""MLflow's own tag for the run that a run stands below."""


def parent_in(record: Record, uri: str) -> str | None:
    """The id of a run's parent in a store, None where that store lacks it (or the run has none).

    Args:
        record: Of the run.
        uri: The store's absolute URI.
    """
    client = mlflow_client(uri)
    return known_as(client, [prepare_store(uri, record.experiment)], record.parent) if record.parent else None


def stand_below(run: str, parent: str, uri: str) -> None:
    """Put a logged run below its parent, where it is not.

    Args:
        run: Its id in the store.
        parent: The parent's.
        uri: The store's absolute URI.
    """
    client = mlflow_client(uri)
    if client.get_run(run).data.tags.get(PARENT) != parent:
        client.set_tag(run, PARENT, parent)


def is_logged(record: Record, uri: str, artifacts: str | None = None) -> str | None:
    """The id of a run in a store that has all of it, else None.

    Args:
        record: Of the run.
        uri: The store's absolute URI.
        artifacts: See :func:`brainalign.tracking.store.prepare_store`.
    """
    client = mlflow_client(uri)
    there = known_as(client, [prepare_store(uri, record.experiment, artifacts)], record.id)
    return there if there and client.get_run(there).info.status == record.status else None


def catch_up(record: Record, folder: Path, uri: str, parent: str | None = None) -> str:
    """Give MLflow all of a run: what it has of it already stays, what it lacks is logged.

    Args:
        record: Of the run.
        folder: The run's.
        uri: The store's absolute URI.
        parent: The parent's id in that store; None = it has none there.

    Returns:
        The run's id in that store.

    Raises:
        BrainalignError: The store cannot be used.
    """
    experiment = prepare_store(uri, record.experiment)
    client = mlflow_client(uri)
    own = {key: value for key, value in record.tags.items() if key != PARENT}
    above = {PARENT: parent} if parent else {}
    run = known_as(client, [experiment], record.id)
    if run is None:
        tags = own | above | {ORIGIN: record.id}
        created = client.create_run(experiment, start_time=record.started, tags=tags, run_name=record.name)
        run = str(created.info.run_id)
    note = {
        k: v.replace(record.id, run) for k, v in record.tags.items() if k == "mlflow.note.content"
    }  # links to figures
    send_tags(client, run, own | note | above)
    send_params(client, run, record.params)
    send_metrics(client, run, record.metrics)
    if record.datasets:
        send_datasets(client, run, record.datasets)
    send_folder(client, run, folder)
    if record.status != "RUNNING":
        client.set_terminated(run, record.status, record.ended)
    return run
