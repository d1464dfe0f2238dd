"""``brainalign-tools new``: a config, or a package with a class of one's own, that begins from one that works."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from brainalign.errors import BrainalignError
from brainalign.tools.stdout import write_line

TEMPLATE = """\
# @package _global_
# One line on what this experiment asks.
#
#     python run.py {how}experiment={name}
#
# Everything is chosen here, and any of it can still be changed on the command line: seed=1 model=mel.
# `python run.py --help` lists groups and options; `{how}experiment={name} --cfg job` shows the whole.
defaults:
  - override /data: simulated_small # or folder, with data.root below
  - override /model: tiny_gpt2
  - override /window: w400ms
  - override /analysis: encoding

# data:
#   root: ${{oc.env:HOME}}/recordings
seed: 0
tracking:
  experiment: {name}

# With -m this is a sweep over every combination. Delete it where there is none.
hydra:
  sweeper:
    params:
      model: tiny_gpt2,tiny_wav2vec2,mel
      window.tmax: 0.2,0.38
"""


def new_experiment(name: str, folder: Path) -> Path:
    """Write a config for ``experiment=NAME`` that runs as it is.

    Args:
        name: Of the experiment.
        folder: A folder of configs: ``conf`` of a checkout, or a lab's own for ``--config-dir``.

    Returns:
        The file.

    Raises:
        BrainalignError: The name cannot stand on a command line, or there is such a file already.
    """
    from brainalign.config import conf_folder

    if not re.fullmatch(r"[A-Za-z_][\w-]*", name):
        raise BrainalignError(
            f"{name!r} cannot name an experiment; use letters, digits, _ and -, and begin with a letter."
        )
    file = folder / "experiment" / f"{name}.yaml"
    if file.exists():
        raise BrainalignError(f"{file} is there already; choose another name, or edit it.")
    shipped = folder.resolve() == conf_folder().resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    how = "" if shipped else f"--config-dir {folder} "
    file.write_text(TEMPLATE.format(name=name, how=how), encoding="utf-8")
    return file


def _package(arguments: argparse.Namespace) -> None:
    from brainalign.tools.skeletons import SKELETONS, new_package

    name, group = arguments.name, SKELETONS[arguments.what].group
    root = new_package(arguments.what, name, arguments.folder)
    write_line(
        f"{root}\npip install -e {root}; pytest {root}; then use it by 'hydra.searchpath=[pkg://{name}.conf]' {group}={name}"
    )


def _new(arguments: argparse.Namespace) -> None:
    from brainalign.config import conf_folder

    file = new_experiment(arguments.name, arguments.config_dir or conf_folder())
    write_line(f"{file}\nThe command stands in its first lines.")


def add_new(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``new``.

    Args:
        commands: Of the command line.
    """
    kinds = commands.add_parser("new", help="begin a config, or a package with a class, of your own").add_subparsers(
        required=True
    )
    made = kinds.add_parser("experiment", help="a whole run, or a sweep, under one name: experiment=NAME")
    made.add_argument("name", metavar="NAME")
    made.add_argument("--config-dir", type=Path, help="where; by default the conf/ of this checkout")
    made.set_defaults(do=_new)
    for what in ("model", "reader", "analysis"):
        own = kinds.add_parser(what, help=f"a package that adds a kind of {what}, with its options and a test")
        own.add_argument("name", metavar="NAME")
        own.add_argument(
            "--folder", type=Path, default=Path(), help="where the package's folder is made; by default here"
        )
        own.set_defaults(do=_package, what=what)
