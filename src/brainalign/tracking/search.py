"""Runs that were tracked before: finished ones under an identity, the children of a sweep, and what a query finds."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.errors import BrainalignError
from brainalign.secrets import hide_secrets
from brainalign.tracking.artifacts import artifact
from brainalign.tracking.client import mlflow_client, patient
from brainalign.tracking.patience import PATIENCE, answered
from brainalign.tracking.record import Record, known_as, records
from brainalign.tracking.run import Run
from brainalign.tracking.store import answering
from brainalign.tracking.uri import OFFLINE, absolute_uri, database_file

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities import Run as Stored

STALE = timedelta(hours=24)
"""Age from which a run of another host that is still called RUNNING is taken for dead."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tracked:
    """A run as the store knows it.

    Attributes:
        id: MLflow's id.
        name: As a person reads it.
        status: FINISHED, FAILED, KILLED or RUNNING.
        metrics, params, tags: As logged.
        folder: Its output folder, as tagged; empty where it is not known.
        seconds: From start to end, None while it runs.
    """

    id: str
    name: str
    status: str
    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]
    folder: str
    seconds: float | None

    @property
    def simulated(self) -> bool:
        """Whether its responses were drawn at random; a run without the tag is of an earlier version, whose data tell it by their name."""
        said = self.tags.get("simulated")
        return self.tags.get("dataset", "").startswith("simulated") if said is None else said == str(True)


def finished(uri: str, experiment: str, tag: str, identity: str) -> Tracked | None:
    """The newest FINISHED run of an experiment under an identity; runs of it that died unseen are marked KILLED.

    Args:
        uri: The store.
        experiment: The experiment's name.
        tag: Of the policy on what counts as the same code, see :data:`brainalign.tracking.identity.CODE`.
        identity: From :func:`brainalign.tracking.identity.identity`.
    """
    client = _client(uri)
    if client is None:
        return None
    with answering(uri), patient():
        return answered(lambda: _finished(client, experiment, tag, identity), PATIENCE)


def _finished(client: MlflowClient, experiment: str, tag: str, identity: str) -> Tracked | None:
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return None
    runs = _all(client, [found.experiment_id], f"tags.{tag} = '{identity}'")
    for run in runs:
        if run.info.status == "RUNNING" and _is_stale(run):
            log.warning("run %s is called RUNNING, but its process is gone: it is marked as KILLED", run.info.run_id)
            client.set_terminated(run.info.run_id, "KILLED")
    done = [_tracked(run) for run in runs if run.info.status == "FINISHED"]
    return done[0] if done else None


def children(parent: Run) -> list[Tracked]:
    """The runs below a parent, the oldest first, with those that it found finished before.

    What MLflow was not told, because it did not answer or was not to be asked, is read from the children's folders.

    Args:
        parent: The sweep's run.
    """
    below = [record for folder, record in records(parent.folder) if folder != parent.folder]
    found = {r.id: _recorded(r) for r in below if r.unlogged}
    if parent.record.unlogged is None:
        client = mlflow_client(absolute_uri(parent.uri))
        own = _all(client, [parent.experiment_id], f"tags.mlflow.parentRunId = '{parent.id}'")
        before = [v for k, v in sorted(client.get_run(parent.id).data.tags.items()) if k.startswith(BEFORE)]
        known = [*(client.get_run(i) for i in before), *reversed(own)]
        found = {run.info.run_id: _tracked(run) for run in known} | found
    return list(found.values())


BEFORE = "finished_before."
"""Begin of a parent's tags that name children which were finished before it began."""


def note_finished_before(uri: str, parent: str, run: Tracked) -> None:
    """Let a sweep's parent know of a child that need not be done again.

    Args:
        uri: The store.
        parent: The parent's id.
        run: The finished one.
    """
    client = _client(uri)
    if client is not None:
        client.set_tag(parent, f"{BEFORE}{run.tags.get('identity', run.id)[:16]}", run.id)


def by_query(uri: str, experiments: Sequence[str], query: str) -> list[Tracked]:
    """FINISHED runs that a query in MLflow's own language finds, the oldest first.

    Args:
        uri: The store.
        experiments: Names of experiments.
        query: Such as ``tags.model = 'gpt2' and metrics."r2/mean" > 0.1``; empty for all.

    Raises:
        BrainalignError: There is no such store or experiment, MLflow does not understand the query, or nothing is found.
    """
    client = _client(uri)
    if client is None:
        raise BrainalignError(
            f"tracking.uri: there is no MLflow store {hide_secrets(absolute_uri(uri))}; name one that has runs."
        )
    with answering(uri), patient():
        return answered(lambda: _by_query(client, uri, experiments, query), PATIENCE)


def _by_query(client: MlflowClient, uri: str, experiments: Sequence[str], query: str) -> list[Tracked]:
    from mlflow.exceptions import MlflowException

    ids = []
    for name in experiments:
        found = client.get_experiment_by_name(name)
        if found is None:
            known = ", ".join(sorted(e.name for e in client.search_experiments())) or "none"
            raise BrainalignError(
                f"analysis.experiments names {name!r}, which {hide_secrets(uri)} does not have; it has {known}."
            )
        ids.append(found.experiment_id)
    try:
        runs = _all(client, ids, query)
    except MlflowException as error:
        raise BrainalignError(
            f"analysis.query={query!r} is not MLflow's language: {str(error).splitlines()[0]}"
        ) from error
    done = [
        _tracked(run)
        for run in reversed(runs)
        if run.info.status == "FINISHED" and run.data.tags.get("kind") != "sweep"
    ]
    if not done:
        raise BrainalignError(
            f"analysis.query={query!r} finds none of the {len(runs)} matching run(s) of {', '.join(experiments)} FINISHED; loosen it."
            if runs
            else f"analysis.query={query!r} finds no run in {', '.join(experiments)}; loosen it, or name other analysis.experiments."
        )
    return done


def by_id(uri: str, ids: Sequence[str]) -> list[Tracked]:
    """Runs by MLflow's ids.

    Args:
        uri: The store.
        ids: Of the runs.

    Raises:
        BrainalignError: The store has no such run.
    """
    client = mlflow_client(absolute_uri(uri))
    with answering(uri), patient():
        return answered(lambda: _by_id(client, uri, ids), PATIENCE)


def _by_id(client: MlflowClient, uri: str, ids: Sequence[str]) -> list[Tracked]:
    from mlflow.exceptions import MlflowException

    experiments = [e.experiment_id for e in client.search_experiments()]
    found = []
    for i in ids:
        sentence = f"analysis.runs names {i!r}, which {hide_secrets(uri)} does not have."
        try:
            there = known_as(client, experiments, i)  # what was imported has another id here than its folder says
        except MlflowException as error:
            raise BrainalignError(sentence) from error
        if there is None:
            raise BrainalignError(sentence)
        found.append(_tracked(client.get_run(there)))
    return found


def fetch(uri: str, run: Tracked, path: str, scratch: Path) -> Path | None:
    """A file that a run left behind: from its folder where that is at hand, else from the store's artifacts.

    Args:
        uri: The store.
        run: The run.
        path: Of the file, as in the run's folder.
        scratch: Where an artifact may be put.

    Returns:
        The file, or None where the run has none.

    Raises:
        BrainalignError: The folder of results was moved without its artifacts.
    """
    local = Path(run.folder).expanduser() / path
    if run.folder and local.is_file():
        return local
    uri = absolute_uri(uri)
    try:
        found = artifact(mlflow_client(uri), uri, run.id, path, scratch)
    except BrainalignError:
        raise
    except Exception as error:  # each artifact store has its own
        log.warning("run %s: %s cannot be had (%s)", run.id, path, error)
        return None
    return found if found.is_file() else None


def children_table(found: Sequence[Tracked], swept: Sequence[str]) -> pd.DataFrame:
    """One row a child: what was swept, how it ended, its metrics.

    Args:
        found: The children.
        swept: Keys whose values differ between them.
    """
    import pandas as pd

    rows = []
    for run in found:
        row: dict[str, Any] = {key: _given(run, key) for key in swept}
        row |= {
            "run": run.id,
            "name": run.name,
            "status": run.status,
            "seconds": run.seconds,
            "error": run.tags.get("error", ""),
        }
        rows.append(row | {"folder": run.folder} | run.metrics)
    return pd.DataFrame(rows)


def _given(run: Tracked, key: str) -> str:
    """What a run was given for a key: its own words, else its config's (a group's option by its name or kind)."""
    words = dict(pair.split("=", 1) for pair in run.tags.get("overrides", "").split("\n") if "=" in pair)
    group = key.rpartition("@")[2]
    told = (words.get(key), *(run.params.get(name) for name in (key, f"{group}.name", f"{group}.kind")))
    return next((value for value in told if value is not None), "?")


def _client(uri: str) -> MlflowClient | None:
    """A client of a store that exists; looking into one must not make it."""
    if uri == OFFLINE:
        return None
    file = database_file(absolute_uri(uri))
    return None if file is not None and not file.exists() else mlflow_client(absolute_uri(uri))


def _all(client: MlflowClient, experiments: list[str], query: str) -> list[Stored]:
    """All runs of a query, the newest first, page by page."""
    found: list[Stored] = []
    token = None
    while True:
        page = client.search_runs(
            experiments, query, max_results=500, order_by=["attributes.start_time DESC"], page_token=token
        )
        found.extend(page)
        token = page.token
        if not token:
            return found


def _tracked(run: Stored) -> Tracked:
    start, end = run.info.start_time, run.info.end_time
    return Tracked(
        run.info.run_id,
        run.info.run_name or "",
        run.info.status,
        dict(run.data.metrics),
        dict(run.data.params),
        dict(run.data.tags),
        run.data.tags.get("folder", ""),
        (end - start) / 1000 if end else None,
    )


def _recorded(record: Record) -> Tracked:
    latest = {name: value for name, value, _, _ in sorted(record.metrics, key=lambda point: point[3])}
    folder = record.tags.get("folder", "")
    seconds = (record.ended - record.started) / 1000 if record.ended else None
    return Tracked(record.id, record.name, record.status, latest, record.params, record.tags, folder, seconds)


def _is_stale(run: Stored) -> bool:
    """Whether a run that is called RUNNING cannot be: its process on this host is gone, or it is of another host and old."""
    tags = run.data.tags
    if tags.get("host") == platform.node() and tags.get("pid", "").isdigit():
        try:
            os.kill(int(tags["pid"]), 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False
    started = datetime.fromtimestamp(run.info.start_time / 1000, UTC)
    return datetime.now(UTC) - started > STALE
