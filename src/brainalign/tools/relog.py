"""``brainalign-tools relog``: give MLflow the runs that it was not told of."""

from __future__ import annotations

import argparse
from pathlib import Path

from brainalign.errors import BrainalignError
from brainalign.secrets import hide_secrets
from brainalign.tools.stdout import write_line


def relog(folder: Path, uri: str | None, artifacts: str | None = None) -> int:
    """Log every run in and below a folder of which MLflow lacks something.

    Args:
        folder: Of a run, of a sweep, or of many; copies as well.
        uri: The store, which is asked for every run; None = each run's own, for the runs that know that it lacks something.
        artifacts: As ``tracking.artifacts``.

    Returns:
        How many runs were logged.

    Raises:
        BrainalignError: There is no such folder, a run has no store to go to, or the store does not answer.
    """
    from brainalign.tracking.artifacts import artifacts_of
    from brainalign.tracking.record import catch_up, is_logged, parent_in, records, stand_below
    from brainalign.tracking.store import answering, prepare_store
    from brainalign.tracking.text import reason, scrub
    from brainalign.tracking.uri import OFFLINE, absolute_uri

    if not folder.is_dir():
        raise BrainalignError(f"{folder} is no folder; give the folder of a run or of a sweep.")
    renamed: dict[str, str] = {}
    logged = 0
    for place, record in records(folder):
        if record.unlogged is None and uri is None:
            _check_there(record.uri, place)
            continue
        store = absolute_uri(uri or record.uri)
        if store == OFFLINE or "***" in store:
            why = "was made with tracking=offline" if store == OFFLINE else "does not keep its store's password"
            raise BrainalignError(f"the run in {place} {why}: name its store by --uri.")
        kept = artifacts_of(store, artifacts, "outputs")
        prepare_store(store, record.experiment, kept)  # its sentence, where the store does not answer
        if record.unlogged is None:
            with answering(store):
                there = is_logged(record, store)
                if there is not None:
                    renamed[record.id] = there
                    if record.parent in renamed:  # it was logged alone before
                        stand_below(there, renamed[record.parent], store)
                    continue
        record.tags["folder"] = scrub(str(place.absolute()))
        try:
            with answering(store):
                parent = renamed.get(record.parent or "") or parent_in(record, store)
            if record.parent and not parent:
                write_line(
                    f"{hide_secrets(store)} lacks the sweep that {place} belongs to: relog the sweep's folder, and it will stand below it."
                )
            new = catch_up(record, place, store, parent)
        except BrainalignError:
            raise
        except Exception as error:  # each store, and each store of artifacts, has its own
            raise BrainalignError(
                f"the run in {place} could not be logged ({reason(error)}); the same command goes on from there."
            ) from error
        renamed[record.id] = new
        if (
            record.unlogged is not None
        ):  # else it belongs to the store that has it; this one knows the run by its id there
            record.id, record.uri, record.parent, record.unlogged = (
                new,
                hide_secrets(store),
                parent or record.parent,
                None,
            )
            record.save(place)
        write_line(f"{new}  {record.status}  {record.name}  {place}")
        logged += 1
    return logged


def _check_there(uri: str, place: Path) -> None:
    """Refuse to call a run logged whose store is gone, as when the folder of results was moved."""
    from brainalign.tracking.uri import database_file

    file = database_file(uri)
    if file is not None and not file.expanduser().exists():
        raise BrainalignError(
            f"the run in {place} was logged to {file}, which is not there any more. Was the folder of results moved or copied? "
            "Name the store by --uri."
        )


def _relog(arguments: argparse.Namespace) -> None:
    counts = [relog(folder, arguments.uri, arguments.artifacts) for folder in arguments.folders]
    write_line(f"{sum(counts)} run(s) logged" if any(counts) else "MLflow has all of these runs already")


def add_relog(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``relog``.

    Args:
        commands: Of the command line.
    """
    made = commands.add_parser("relog", help="log runs that MLflow lacks: it did not answer, or tracking=offline")
    made.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="of a run, of a sweep, or of many")
    made.add_argument("--uri", help="the store, as in tracking.uri; by default the one that the run was for")
    made.add_argument(
        "--artifacts", help="as tracking.artifacts; by default mlartifacts beside the store, in outputs for a database"
    )
    made.set_defaults(do=_relog)
