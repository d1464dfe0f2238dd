"""One tracked run: FINISHED, FAILED or KILLED, whatever ends it, with all it logged in few, batched calls."""

from __future__ import annotations

import atexit
import json
import logging
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from brainalign.errors import BrainalignError
from brainalign.secrets import hide_secrets
from brainalign.tracking.client import impatient, mlflow_client, patient
from brainalign.tracking.context import PARENT_RUN, SWEPT, abandoned_state, context_tags, last_state
from brainalign.tracking.files import CONFIG, file_name, write_config
from brainalign.tracking.metrics import Metrics, settle
from brainalign.tracking.patience import FIRST, LAST, PATIENCE, SLOWEST, answered, settle_down
from brainalign.tracking.record import (
    TRACKING,
    Record,
    catch_up,
    send_datasets,
    send_folder,
    send_metrics,
    send_params,
    send_tags,
)
from brainalign.tracking.runs_view import KEY
from brainalign.tracking.signals import deferred, sigterm_raises, uninterrupted
from brainalign.tracking.store import answering, prepare_store
from brainalign.tracking.text import cut, flatten, plain, reason, scrub, valid_name, valid_names
from brainalign.tracking.uri import OFFLINE, absolute_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARAM_LIMIT = 6000
NOTE = "mlflow.note.content"
TRAINING = "workflowType=machine_learning"
"""Of the addresses of MLflow 3's UI, which else shows an experiment as one of chat models, without runs."""
"""The tag that MLflow shows as a run's description."""

TAG_LIMIT = 8000
DIGEST_LENGTH = 16
"""MLflow cuts longer parameters and tags without a word, and refuses digests of more than 36 characters."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """A run that is going on; :func:`tracked_run` makes it.

    MLflow may stop answering at any moment. The run then goes on: what it logs is kept in its folder (``tracking.json``), sent at
    its end if MLflow answers again by then, and by ``brainalign-tools relog`` later.

    Attributes:
        record: All that was logged.
        experiment_id: The id of its experiment; empty where there is no store.
        uri: The store's absolute URI, or ``offline``.
        folder: The run's output folder.
    """

    record: Record
    experiment_id: str
    uri: str
    folder: Path
    _client: MlflowClient | None

    @property
    def id(self) -> str:
        """MLflow's id, or one of our own where there is no store."""
        return self.record.id

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log a nested configuration, keys joined by dots, and the whole of it as ``config.yaml``.

        What is longer than MLflow's 6000 characters is cut and says so; ``config.yaml`` has it all.

        Args:
            params: Nested mappings of plain values; the home folder is replaced by ``~`` in both places.
        """
        config = plain(params)
        file = write_config(self.folder, config)
        told = flatten(config)
        names = valid_names(told)
        flat = {names[key]: _param_text(value) for key, value in told.items()}
        note = f" (whole in {CONFIG})"
        entries = {key: cut(value, PARAM_LIMIT, note) for key, value in flat.items()}
        self.record.params.update(entries)
        self._send(lambda client: client.log_artifact(self.id, str(file)))
        self._send(lambda client: send_params(client, self.id, entries))

    def log_metrics(self, metrics: Metrics) -> list[str]:
        """Log numbers and curves; a value that is NaN or infinite is left out, and said.

        Args:
            metrics: Name -> value, or (step, value) pairs.

        Returns:
            The names of what was left out.
        """
        settled = settle(metrics)
        now = round(time.time() * 1000)
        points = [(name, value, now, step) for name, step, value in settled.points]
        self.record.metrics.extend(points)
        self._send(lambda client: send_metrics(client, self.id, points))
        if settled.not_finite:
            count = f"{len(settled.not_finite)} metric value(s) not finite"
            log.warning("%s, left out of MLflow: %s", count, ", ".join(settled.not_finite))
            self.set_tags({"metrics_not_finite": f"{count}: {', '.join(settled.not_finite)}"})
        return settled.not_finite

    def log_dataset(self, name: str, digest: str, source: str, simulated: bool = False) -> None:
        """Log the data set; MLflow shows 16 digits of its digest, the tag ``dataset_digest`` has them all.

        Args:
            name: As the user calls it.
            digest: Of the content, of any length.
            source: Where it came from: a folder, a URL, or what made it.
            simulated: Whether its responses were drawn at random.
        """
        used = (name, digest[:DIGEST_LENGTH], scrub(source))
        self.record.datasets.append(used)
        self._send(lambda client: send_datasets(client, self.id, [used]))
        self.set_tags({"dataset": name, "dataset_digest": digest, "simulated": simulated})

    def log_artifacts(self, folder: Path) -> None:
        """Copy a run's folder to its artifacts, without hidden files and the folders of other runs in it.

        Args:
            folder: The output folder. A sub-folder with a ``config.yaml`` or ``.hydra`` is a run of its own.
        """
        size = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file())
        self._send(lambda client: send_folder(client, self.id, folder), size)

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags; a value longer than MLflow's 8000 characters ends in `` …``."""
        texts = _tag_texts(tags)
        self.record.tags.update(texts)
        self._send(lambda client: send_tags(client, self.id, texts))

    def _send(self, log_it: Callable[[MlflowClient], object], size: int = 0, seconds: float | None = None) -> None:
        """Tell MLflow, or note that it has to be told later.

        Args:
            log_it: Does it.
            size: Bytes of files that it hands over.
            seconds: To wait beside the time for those; None = PATIENCE.
        """
        if self._client is not None and self.record.unlogged is None:
            handled = sys.exc_info()[1]
            try:
                client, longest = self._client, (seconds or PATIENCE) + size / SLOWEST
                with patient():
                    answered(lambda: log_it(client), longest)
            except Exception as failure:  # each store, and each store of artifacts, has its own
                self.record.unlogged = reason(failure, handled)
                log.warning(
                    "MLflow at %s does not take what the run logs (%s); the run goes on and keeps it in %s",
                    hide_secrets(self.uri),
                    self.record.unlogged,
                    self.folder / TRACKING,
                )
        if self.record.unlogged is not None:
            self._keep()

    def _keep(self) -> None:
        """Write ``tracking.json``; a full disk is said where results are written, not hidden behind this."""
        try:
            self.record.save(self.folder)
        except OSError as failure:
            log.warning("%s cannot be written (%s)", self.folder / TRACKING, failure.strerror or failure)

    def _abandon(self) -> None:
        self._end(*abandoned_state())

    def _end(self, status: str, error: str | None = None) -> None:
        """Write the last state; saying that a run broke must not take minutes, nor hide what broke it."""
        with uninterrupted():
            record = self.record
            record.status, record.ended = status, round(time.time() * 1000)
            if error is not None:
                record.tags |= _tag_texts({"error": error})
            settle_down(LAST)  # a write that a signal left under way
            hurried = error is not None or record.unlogged is not None
            with impatient() if hurried else nullcontext():
                self._send(self._last_words, seconds=LAST if hurried else PATIENCE)
                self._catch_up()
            self._keep()
            if record.unlogged is not None:
                again = f"brainalign-tools relog {shlex.quote(str(self.folder))}"
                log.warning(
                    "MLflow has not all of this run (%s); its results are in %s, and this logs them later: %s",
                    record.unlogged,
                    self.folder,
                    again if self._client else f"{again} --uri STORE",
                )

    def _catch_up(self) -> None:
        """Tell a store that answers again what it was not told."""
        client, record = self._client, self.record
        if client is None or record.unlogged is None:
            return
        with suppress(Exception):  # it has been said that MLflow does not answer
            answered(lambda: client.get_experiment(self.experiment_id), LAST)
            answered(lambda: catch_up(record, self.folder, self.uri), PATIENCE)
            record.unlogged = None
            log.warning("MLflow answers again: it has all of the run")

    def _last_words(self, client: MlflowClient) -> None:
        if "error" in self.record.tags:
            send_tags(client, self.id, {"error": self.record.tags["error"]})
        client.set_terminated(self.id, self.record.status)


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
    artifacts: str | None = None,
) -> Iterator[Run]:
    """Track what happens inside the block as one MLflow run.

    It ends FINISHED; FAILED where an exception leaves the block (its sentence is the tag ``error``); KILLED
    on Ctrl-C and on SIGTERM, which inside the block becomes a SystemExit of status 143. What was raised is
    raised on. A block that is still open when the process exits is ended then. A store that answers at the start and not later
    ends nothing: see :class:`Run`.

    Args:
        uri: The store, see :func:`brainalign.tracking.absolute_uri`; ``offline`` for none.
        experiment: The experiment's name; made where it is missing.
        name: The run's name, as a person reads it.
        tags: More tags to search by.
        params: The nested configuration.
        folder: The run's output folder; ``config.yaml`` is written into it.
        description: Markdown, shown on the run's page.
        parent: Id of the parent run; by default the environment variable ``BRAINALIGN_PARENT_RUN``.
        artifacts: Where artifacts go if the experiment is made, see :func:`brainalign.tracking.artifacts.artifacts_of`.

    Yields:
        The run, to log to.

    Raises:
        BrainalignError: The store cannot be used, or it has no such parent run.
    """
    uri = absolute_uri(uri)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    online = uri != OFFLINE
    experiment_id = prepare_store(uri, experiment, artifacts) if online else ""
    client = mlflow_client(uri) if online else None
    parent, name = parent or os.environ.get(PARENT_RUN), scrub(name)
    place = {"folder": str(folder.absolute()), "host": platform.node(), "pid": os.getpid()}
    with sigterm_raises(), ExitStack() as begin:
        begin.enter_context(deferred())  # until the run can be ended
        with answering(uri), patient():
            every = {**answered(lambda: context_tags(client, uri, parent), FIRST), **place, **tags, NOTE: description}
            texts = _tag_texts(every)
            made = client and answered(lambda: client.create_run(experiment_id, tags=texts, run_name=name), FIRST)
        run_id = made.info.run_id if made else uuid4().hex
        record = Record(run_id, hide_secrets(uri), experiment, name, parent, round(time.time() * 1000), tags=texts)
        record.unlogged = None if online else OFFLINE
        run = Run(record, experiment_id, uri, folder, client)
        atexit.register(run._abandon)  # a caller that keeps the block open, as a callback must, may never close it
        try:
            begin.close()
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


def ui_addresses(run: Run) -> tuple[str, ...]:
    """Where MLflow's UI shows a run, and all runs of its experiment in brainalign's view; nothing where nothing was logged.

    Args:
        run: The run.
    """
    if run.record.unlogged is not None:
        return ()
    server = hide_secrets(run.uri).rstrip("/") if run.uri.startswith("http") else "http://127.0.0.1:5000"
    runs = f"{server}/#/experiments/{run.experiment_id}/runs"
    return f"{runs}/{run.id}?{TRAINING}", f"{runs}?{TRAINING}&viewStateShareKey={KEY}"


def figure_link(run: Run, name: str, suffix: str = "svg") -> str:
    """The address, within MLflow's UI, of a figure among a run's artifacts.

    Args:
        run: The run.
        name: Of the figure.
        suffix: Of the format that it was written in.
    """
    return f"get-artifact?path=figures/{file_name(name)}.{suffix}&run_uuid={run.id}"


@contextmanager
def as_parent(run: Run, swept: Sequence[str] = ()) -> Iterator[None]:
    """Let runs started inside the block, here or in worker processes, be shown under ``run``.

    Args:
        run: The parent.
        swept: Keys in which its children differ.
    """
    ours = {PARENT_RUN: run.id, SWEPT: ",".join(swept)}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def child_name(name: str, overrides: Sequence[str]) -> str:
    """A run's name, and below a sweep the values in which it differs from the other children.

    Args:
        name: Of the run.
        overrides: Its command line's words.
    """
    swept = [key for key in os.environ.get(SWEPT, "").split(",") if key and key != "model"]
    told = [word for word in overrides if word.split("=", 1)[0] in swept]
    return " · ".join([name, *told])


def _param_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool | None) else str(value)


def _tag_texts(tags: Mapping[str, Any]) -> dict[str, str]:
    return {valid_name(key): cut(scrub(str(value)), TAG_LIMIT) for key, value in tags.items()}
