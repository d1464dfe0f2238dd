"""``brainalign-tools reproduce``: the command that repeats a run, and whether it gives the same bits."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from brainalign.errors import BrainalignError
from brainalign.secrets import hide_secrets
from brainalign.tools.stdout import write_line

HERE = ("file",)
"""Columns of tables that name places, which differ between a run and its repetition."""


def run_folder(run: str, uri: str | None, scratch: Path) -> Path:
    """The folder of a run, or a copy of its artifacts.

    Args:
        run: Its folder, or its id in MLflow.
        uri: The store that has the id; None = outputs/mlflow.db.
        scratch: Where artifacts may be put.

    Raises:
        BrainalignError: There is no such run.
    """
    from brainalign.tracking.artifacts import artifact
    from brainalign.tracking.client import mlflow_client
    from brainalign.tracking.search import by_id
    from brainalign.tracking.uri import absolute_uri, database_file

    if Path(run).is_dir():
        return Path(run)
    store = absolute_uri(uri or "outputs")
    file = database_file(store)
    if file is not None and not file.exists():
        raise BrainalignError(
            f"{run} is no folder, and there is no MLflow store {hide_secrets(store)} to look for it; give --uri."
        )
    (found,) = by_id(store, [run])
    folder = Path(found.folder).expanduser()
    if found.folder and folder.is_dir():
        return folder
    return artifact(mlflow_client(store), store, run, "", scratch)


def commands(folder: Path) -> str:
    """What ``reproduce.txt`` says.

    Args:
        folder: Of the run.

    Raises:
        BrainalignError: The run has none.
    """
    from brainalign.tracking.reproduction import REPRODUCE

    file = folder / REPRODUCE
    if not file.is_file():
        raise BrainalignError(f"{folder} has no {REPRODUCE}; name the folder or the id of a run that has one.")
    return file.read_text(encoding="utf-8")


def read_script(script: str) -> tuple[Path, dict[str, str], list[str]]:
    """Folder, thread variables and overrides of a ``reproduce.txt``; nothing else in it is believed.

    A run's folder may come from anybody. Only overrides of settings are handed on: what sets Hydra itself, or brings configs with a
    ``_target_``, names code to run.

    Args:
        script: Of a run.

    Raises:
        BrainalignError: It holds something else.
    """
    from brainalign.tracking.reproduction import DOORS, THREADS

    home = str(Path.home())
    lines = [
        re.sub(r"(?<!\\)\$HOME\b", lambda _: home, line) for line in script.splitlines() if line and line[0] != "#"
    ]
    try:
        first, *exports, last = [shlex.split(line) for line in lines]
        said, place = first
        exported = dict(word.split("=", 1) for _, word in exports)
        if [said, *(words[0] for words in exports)] != ["cd", *("export" for _ in exports)]:
            raise ValueError
        door = next(n for n, word in enumerate(last) if Path(word).name in DOORS)
    except (ValueError, StopIteration) as error:
        raise BrainalignError(
            "reproduce.txt is not as brainalign writes it: cd, thread variables, a command."
        ) from error
    for name, value in exported.items():
        if name not in THREADS or not value.isdigit():
            raise BrainalignError(
                f"reproduce.txt sets {name}, but only {', '.join(THREADS)} are handed on; repeat it by hand."
            )
    overrides = last[door + 1 :]
    for word in overrides:
        key = word.lstrip("+~").split("=")[0]
        if re.match(r"hydra\b", key) or "_target_" in word:
            raise BrainalignError(
                f"reproduce.txt sets {key}, which can name code to run: it is not handed on; repeat it by hand."
            )
        if word.startswith("--config-dir="):
            _check_configs(Path(word.split("=", 1)[1]))
        elif word.startswith("-") and word not in ("-m", "--multirun"):
            raise BrainalignError(f"reproduce.txt has the option {key}, which is not handed on; repeat it by hand.")
    return Path(place), exported, overrides


def _check_configs(folder: Path) -> None:
    for file in sorted(folder.rglob("*.yaml")):
        if "_target_" in file.read_text(encoding="utf-8", errors="replace"):
            raise BrainalignError(
                f"{file} has a _target_, which names code to run: the run is not repeated; do it by hand."
            )


def _allowed_here() -> list[str]:
    """Packages from which this machine's own defaults allow classes to be imported."""
    from omegaconf import OmegaConf

    from brainalign.config import local_config

    file = local_config()
    return [] if file is None else [str(p) for p in OmegaConf.select(OmegaConf.load(file), "allow") or ()]


def repeat(script: str, scratch: Path) -> Path:
    """Do a run again, with a cache and a store of its own.

    Args:
        script: Of its ``reproduce.txt``.
        scratch: Where everything goes.

    Returns:
        The folder of the repetition.

    Raises:
        BrainalignError: It is a sweep, its folder is gone, or it fails.
    """
    place, exported, overrides = read_script(script)
    if "-m" in overrides or "--multirun" in overrides:
        raise BrainalignError("this run is a sweep; check its children, one by one.")
    if not place.is_dir():
        raise BrainalignError(f"the run was started in {place}, which is gone; make that folder, or run it by hand.")
    own = [
        f"paths.output={scratch}", f"paths.cache={scratch}/cache", f"hydra.run.dir={scratch}/run", "tracking.uri=null",
        "tracking.resume=false", f"allow=[{','.join(_allowed_here())}]",  # not what the folder says: it may come from anybody
    ]  # fmt: skip
    code = "from brainalign.cli import main; main()"
    environment = {k: v for k, v in os.environ.items() if k != "BRAINALIGN_PARENT_RUN"}
    environment |= exported | {"PYTHONSAFEPATH": "1"}  # for processes that it starts, as -P for itself
    command = [sys.executable, "-P", "-c", code, *overrides, *own]  # nothing in the folder can be imported
    done = subprocess.run(command, cwd=place, env=environment, check=False)
    if done.returncode:
        raise BrainalignError(f"the repetition ended with status {done.returncode}; what it said stands above.")
    return scratch / "run"


def differences(first: Path, second: Path) -> Iterator[str]:
    """In what two runs differ: configs without places, metrics, tables, to the last bit.

    Args:
        first: Folder of one.
        second: Folder of the other.
    """
    import pandas as pd

    from brainalign.tracking import load_run
    from brainalign.tracking.identity import IRRELEVANT
    from brainalign.tracking.text import flatten

    a, b = load_run(first), load_run(second)
    configs = [flatten({k: v for k, v in run.config.items() if k not in IRRELEVANT}) for run in (a, b)]
    for key in sorted(set(configs[0]) | set(configs[1])):
        if configs[0].get(key) != configs[1].get(key):
            yield f"config {key}: {configs[0].get(key)} and {configs[1].get(key)}"
    metrics = [json.loads((folder / "metrics.json").read_text(encoding="utf-8")) for folder in (first, second)]
    for name in sorted(set(metrics[0]) | set(metrics[1])):
        if metrics[0].get(name) != metrics[1].get(name):
            yield f"metric {name}: {metrics[0].get(name)!r} and {metrics[1].get(name)!r}"
    for name in sorted(set(a.tables) | set(b.tables)):
        if name not in a.tables or name not in b.tables:
            yield f"table {name}: one run has none"
            continue
        tables = [run.tables[name].drop(columns=[*HERE], errors="ignore") for run in (a, b)]
        try:
            pd.testing.assert_frame_equal(*tables, check_exact=True)
        except AssertionError as error:
            yield f"table {name}: {' '.join(str(error).split())}"


def _reproduce(arguments: argparse.Namespace) -> None:
    with TemporaryDirectory(prefix="brainalign-reproduce-") as scratch:
        folder = run_folder(arguments.run, arguments.uri, Path(scratch))
        script = commands(folder)
        if not arguments.check:
            write_line(script.rstrip())
            return
        if not (folder / "metrics.json").is_file():
            raise BrainalignError(
                f"{folder} has no metrics.json: the run did not finish, so there is nothing to check."
            )
        again = repeat(script, Path(scratch) / "again")
        found = list(differences(folder, again))
        if found:
            shown = "\n  ".join(found[:20])
            more = f"\n  and {len(found) - 20} more" if len(found) > 20 else ""
            raise BrainalignError(f"the repetition differs in {len(found)} place(s):\n  {shown}{more}")
        numbers = len(json.loads((again / "metrics.json").read_text(encoding="utf-8")))
        tables = len(list((again / "tables").glob("*.parquet")))
        write_line(f"the same, bit for bit: {numbers} metrics and {tables} tables")


def add_reproduce(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``reproduce``.

    Args:
        commands: Of the command line.
    """
    made = commands.add_parser("reproduce", help="the command that repeats a run; --check: does it give the same bits?")
    made.add_argument("run", metavar="RUN", help="a run's folder, or its id in MLflow")
    made.add_argument("--uri", help="the store that has the id; by default outputs/mlflow.db")
    made.add_argument("--check", action="store_true", help="do it again from scratch, and compare metrics and tables")
    made.set_defaults(do=_reproduce)
