"""One tracked run: FINISHED, FAILED or KILLED, whatever ends it, with all it logged in few, batched calls."""

from __future__ import annotations

import atexit
import json
import logging
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.errors import BrainalignError
from brainalign.tracking.client import impatient, mlflow_client
from brainalign.tracking.context import PARENT_RUN, abandoned_state, context_tags, last_state
from brainalign.tracking.files import CONFIG, write_config
from brainalign.tracking.metrics import Metrics, settle
from brainalign.tracking.signals import sigterm_raises, uninterrupted
from brainalign.tracking.store import absolute_uri, prepare_store
from brainalign.tracking.text import cut, flatten, plain, scrub, valid_name

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARAM_LIMIT = 6000
TAG_LIMIT = 8000
DIGEST_LENGTH = 16
"""MLflow cuts longer parameters and tags without a word, and refuses digests of more than 36 characters."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """A run that is going on; :func:`tracked_run` makes it.

    Attributes:
        id: MLflow's id.
        experiment_id: The id of its experiment.
        uri: The store's absolute URI.
        folder: The run's output folder.
    """

    id: str
    experiment_id: str
    uri: str
    folder: Path
    _client: MlflowClient

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log a nested configuration, keys joined by dots, and the whole of it as ``config.yaml``.

        What is longer than MLflow's 6000 characters is cut and says so; ``config.yaml`` has it all.

        Args:
            params: Nested mappings of plain values; the home folder is replaced by ``~`` in both places.
        """
        from mlflow.entities import Param

        config = plain(params)
        self._client.log_artifact(self.id, str(write_config(self.folder, config)))
        flat = {valid_name(key): _param_text(value) for key, value in flatten(config).items()}
        note = f" (whole in {CONFIG})"
        entries = [Param(key, cut(value, PARAM_LIMIT, note)) for key, value in flat.items()]
        self._client.log_batch(self.id, params=entries)

    def log_metrics(self, metrics: Metrics) -> list[str]:
        """Log numbers and curves; a value that is NaN or infinite is left out, and said.

        Args:
            metrics: Name -> value, or (step, value) pairs.

        Returns:
            The names of what was left out.
        """
        from mlflow.entities import Metric

        settled = settle(metrics)
        now = round(time.time() * 1000)
        points = [Metric(name, value, now, step) for name, step, value in settled.points]
        self._client.log_batch(self.id, metrics=points)
        if settled.not_finite:
            count = f"{len(settled.not_finite)} metric value(s) not finite"
            log.warning("%s, left out of MLflow: %s", count, ", ".join(settled.not_finite))
            self.set_tags({"metrics_not_finite": f"{count}: {', '.join(settled.not_finite)}"})
        return settled.not_finite

    def log_dataset(self, name: str, digest: str, source: str) -> None:
        """Log the data set; MLflow shows 16 digits of its digest, the tag ``dataset_digest`` has them all.

        Args:
            name: As the user calls it.
            digest: Of the content, of any length.
            source: Where it came from: a folder, a URL, or what made it.
        """
        from mlflow.entities import Dataset, DatasetInput, InputTag

        place = json.dumps({"uri": scrub(source)}, ensure_ascii=False)
        dataset = Dataset(name=name, digest=digest[:DIGEST_LENGTH], source_type="local", source=place)
        tags = [InputTag("mlflow.data.context", "analysis")]
        self._client.log_inputs(self.id, [DatasetInput(dataset, tags)])
        self.set_tags({"dataset": name, "dataset_digest": digest})

    def log_artifacts(self, folder: Path) -> None:
        """Copy a run's folder to its artifacts, without hidden files and the folders of other runs in it.

        Args:
            folder: The output folder. A sub-folder with a ``config.yaml`` or ``.hydra`` is a run of its own.
        """
        for entry in sorted(Path(folder).iterdir()):
            if entry.name.startswith("."):
                continue
            if entry.is_file():
                self._client.log_artifact(self.id, str(entry))
            elif not (entry / CONFIG).exists() and not (entry / ".hydra").exists():
                self._client.log_artifacts(self.id, str(entry), artifact_path=entry.name)

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags; a value longer than MLflow's 8000 characters ends in `` …``."""
        from mlflow.entities import RunTag

        self._client.log_batch(self.id, tags=[RunTag(k, v) for k, v in _tag_texts(tags).items()])

    def _abandon(self) -> None:
        self._end(*abandoned_state())

    def _end(self, status: str, error: str | None = None) -> None:
        """Write the last state; saying that a run broke must not take minutes, nor hide what broke it."""
        with uninterrupted():
            if error is None:
                self._client.set_terminated(self.id, status)
                return
            try:
                with impatient():
                    self.set_tags({"error": error})
                    self._client.set_terminated(self.id, status)
            except Exception as failure:
                log.warning("the run %s could not be marked as %s in MLflow: %s", self.id, status, failure)


@contextmanager
def tracked_run(
    *,
    uri: str | Path,
    experiment: str,
    name: str,
    tags: Mapping[str, Any],
    params: Mapping[str, Any],
    folder: Path,
    description: str,
    parent: str | None = None,
) -> Iterator[Run]:
    """Track what happens inside the block as one MLflow run.

    It ends FINISHED; FAILED where an exception leaves the block (its sentence is the tag ``error``); KILLED
    on Ctrl-C and on SIGTERM, which inside the block becomes a SystemExit of status 143. What was raised is
    raised on. A block that is still open when the process exits is ended then.

    Args:
        uri: The store, see :func:`brainalign.tracking.absolute_uri`.
        experiment: The experiment's name; made where it is missing.
        name: The run's name, as a person reads it.
        tags: More tags to search by.
        params: The nested configuration.
        folder: The run's output folder; ``config.yaml`` is written into it.
        description: Markdown, shown on the run's page.
        parent: Id of the parent run; by default the environment variable ``BRAINALIGN_PARENT_RUN``.

    Yields:
        The run, to log to.

    Raises:
        BrainalignError: The store cannot be used, or it has no such parent run.
    """
    uri = absolute_uri(uri)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    experiment_id = prepare_store(uri, experiment)
    client = mlflow_client(uri)
    parent = parent or os.environ.get(PARENT_RUN)
    place = {"folder": str(folder.absolute()), "host": platform.node(), "pid": os.getpid()}
    every = {**context_tags(client, uri, parent), **place, **tags, "mlflow.note.content": description}
    with sigterm_raises():
        started = client.create_run(experiment_id, tags=_tag_texts(every), run_name=name)
        run = Run(started.info.run_id, experiment_id, uri, folder, client)
        atexit.register(run._abandon)  # a caller that keeps the block open, as a callback must, may never close it
        try:
            run.log_params(params)
            yield run
        except BaseException as error:
            run._end(*last_state(error))
            if isinstance(error, BrainalignError):
                error.tracked = True
            raise
        else:
            run._end("FINISHED")
        finally:
            atexit.unregister(run._abandon)


def record_failure(
    error: BrainalignError, *, uri: str | Path, experiment: str, name: str, tags: Mapping[str, Any], folder: Path
) -> None:
    """Leave a FAILED run for a sweep's child that failed before its own run began, so that its sentence is not lost.

    Args:
        error: What it failed of; one that a run has already logged is left alone.
        uri: The store.
        experiment: The experiment's name.
        name: The run's name.
        tags: To search by.
        folder: The child's output folder.
    """
    if error.tracked:
        return
    with (
        suppress(BrainalignError),
        tracked_run(
            uri=uri, experiment=experiment, name=name, tags=tags, params={}, folder=folder, description=str(error)
        ),
    ):
        raise error


@contextmanager
def as_parent(run: Run) -> Iterator[None]:
    """Let runs started inside the block, here or in worker processes, be shown under ``run``."""
    before = os.environ.get(PARENT_RUN)
    os.environ[PARENT_RUN] = run.id
    try:
        yield
    finally:
        os.environ.pop(PARENT_RUN, None)
        if before is not None:
            os.environ[PARENT_RUN] = before


def _param_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool | None) else str(value)


def _tag_texts(tags: Mapping[str, Any]) -> dict[str, str]:
    return {valid_name(key): cut(scrub(str(value)), TAG_LIMIT) for key, value in tags.items()}
