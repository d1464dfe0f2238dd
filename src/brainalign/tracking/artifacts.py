"""Where a store keeps copies of runs' folders. MLflow writes that place down once, absolute, when an experiment is made."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse
from urllib.request import url2pathname

from brainalign.errors import BrainalignError
from brainalign.secrets import hide_secrets
from brainalign.tracking.client import patient
from brainalign.tracking.patience import PATIENCE, answered
from brainalign.tracking.uri import SERVED, database_file

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

ARTIFACTS = "mlartifacts"

log = logging.getLogger(__name__)


def artifacts_of(uri: str, given: str | None, output: str | Path) -> str | None:
    """The place of artifacts of an experiment that a run makes; MLflow's own default is ``mlruns`` in whatever folder it is called from.

    Args:
        uri: The store's absolute URI.
        given: ``tracking.artifacts``: a folder, the address of a store of objects (``s3://...``), or None.
        output: ``paths.output``.

    Returns:
        A URI: of what is given; else of ``mlartifacts`` beside an SQLite file and in ``output`` for a database's server.
        None where an MLflow server decides.

    Example:
        >>> artifacts_of("postgresql://db/runs", None, "/data/outputs")
        'file:///data/outputs/mlartifacts'
        >>> artifacts_of("postgresql://db/runs", "s3://lab/runs", "/data/outputs")
        's3://lab/runs'
        >>> artifacts_of("sqlite:////data/mlflow.db", None, "elsewhere")
        'file:///data/mlartifacts'
        >>> artifacts_of("http://server:5000", None, "/data/outputs")
    """
    if given:
        return given if "://" in given else Path(given).expanduser().absolute().as_uri()
    file = database_file(uri)
    if file is not None:
        return (file.parent / ARTIFACTS).as_uri()
    if uri.startswith(SERVED):
        return None
    return (Path(output).expanduser().absolute() / ARTIFACTS).as_uri()


def check_artifacts(uri: str, experiment: Experiment, given: str | None) -> None:
    """Say where artifacts go, and refuse a store that was moved away from its artifacts.

    Args:
        uri: The store's absolute URI.
        experiment: As the store has it.
        given: Where they would go, were the experiment new.

    Raises:
        BrainalignError: They would go to the place that the store was moved from.
    """
    location, file = experiment.artifact_location, database_file(uri)
    place = local_folder(location)
    if file is None and given is not None:
        log.info("artifacts of the experiment %s go to %s", experiment.name, hide_secrets(str(place or location)))
    if given is None or location.rstrip("/") == given.rstrip("/"):
        return
    if place is not None and local_folder(given) in (
        place,
        place.parent,
    ):  # MLflow's own "Default" lies a folder deeper
        return
    if file is not None and place is not None and _was_left(place):
        raise BrainalignError(
            f"tracking.uri: {file} was moved: its experiment {experiment.name!r} keeps artifacts in {place}, which is not there any more. "
            f"Move the folder back, or link it (ln -s {file.parent} {place.parent}), or give a new store by tracking.uri and log "
            f"the finished runs to it: brainalign-tools relog {file.parent} --uri STORE."
        )
    log.info(
        "artifacts of the experiment %s go to %s, as they did when it was made, and not to %s",
        experiment.name,
        hide_secrets(str(place or location)),
        hide_secrets(str(local_folder(given) or given)),
    )


def artifact(client: MlflowClient, uri: str, run: str, path: str, scratch: Path) -> Path:
    """A file or folder among a run's artifacts; of a store that was moved with them, from where they lie now.

    Args:
        client: Of the store.
        uri: The store's absolute URI.
        run: The run's id.
        path: Among its artifacts; empty for all.
        scratch: Where a copy may be put.

    Raises:
        BrainalignError: Its artifacts are not there any more.
    """
    with patient():
        location = str(answered(lambda: client.get_run(run), PATIENCE).info.artifact_uri)
        place, file = local_folder(location), database_file(uri)
        if place is not None and not place.exists():
            beside = file.parent / ARTIFACTS / run / "artifacts" if file is not None else place
            if not beside.exists():
                raise BrainalignError(
                    f"the run {run} left its artifacts in {place}, which is not there any more. Was the folder of results moved? "
                    "Move it back, or link its new place under the old name (ln -s NEW OLD), or log the run's folder to a "
                    "new store: brainalign-tools relog FOLDER --uri STORE."
                )
            log.warning(
                "the folder of results was moved: artifacts of the run %s were in %s, now read from %s",
                run,
                place,
                beside,
            )
            return beside / path
        return Path(answered(lambda: client.download_artifacts(run, path, str(scratch)), PATIENCE))


def local_folder(location: str) -> Path | None:
    """The folder that a place of artifacts is on this machine, None where it is elsewhere.

    Example:
        >>> local_folder("file:///data/my%20results/mlartifacts").as_posix(), local_folder("s3://lab/runs")
        ('/data/my results/mlartifacts', None)
    """
    parts = urlparse(location)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return Path(location) if not parts.scheme or len(parts.scheme) == 1 else None


def _was_left(place: Path) -> bool:
    """Whether a place of ours is gone together with the folder of results that it lay in."""
    return place.name == ARTIFACTS and not place.parent.exists()
