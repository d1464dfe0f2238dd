"""Runs, provenance and the folder a run leaves behind: the only floor that knows MLflow.

mlflow itself is imported inside functions alone; to open a run's folder it is not needed at all.
"""

from brainalign.tracking.artifacts import artifacts_of
from brainalign.tracking.context import PARENT_RUN, SWEPT
from brainalign.tracking.files import write_config, write_figures, write_json, write_metrics, write_tables
from brainalign.tracking.identity import CODE, identities, identity
from brainalign.tracking.metrics import Metrics
from brainalign.tracking.provenance import provenance
from brainalign.tracking.reproduction import write_reproduction
from brainalign.tracking.run import (
    NOTE,
    Run,
    as_parent,
    child_name,
    figure_link,
    record_failure,
    tracked_run,
    ui_addresses,
)
from brainalign.tracking.saved import SavedRun, load_run
from brainalign.tracking.search import Tracked, finished, note_finished_before
from brainalign.tracking.signals import sigterm_raises
from brainalign.tracking.store import check_reachable, prepare_store, ui_command
from brainalign.tracking.uri import absolute_uri

__all__ = [
    "CODE",
    "NOTE",
    "PARENT_RUN",
    "SWEPT",
    "Metrics",
    "Run",
    "SavedRun",
    "Tracked",
    "absolute_uri",
    "artifacts_of",
    "as_parent",
    "check_reachable",
    "child_name",
    "figure_link",
    "finished",
    "identities",
    "identity",
    "load_run",
    "note_finished_before",
    "prepare_store",
    "provenance",
    "record_failure",
    "sigterm_raises",
    "tracked_run",
    "ui_addresses",
    "ui_command",
    "write_config",
    "write_figures",
    "write_json",
    "write_metrics",
    "write_reproduction",
    "write_tables",
]
