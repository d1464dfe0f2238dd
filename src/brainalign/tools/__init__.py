"""``brainalign-tools``: what is no run. This machine, the cache, runs to log, repeat or give away, new configs, public and faulty data."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from brainalign.errors import BrainalignError
from brainalign.secrets import hide_secrets, told_without_secrets
from brainalign.tools.cache import add_cache
from brainalign.tools.config_reference import add_config_reference
from brainalign.tools.doctor import add_doctor
from brainalign.tools.export import add_export
from brainalign.tools.fetch import add_fetch
from brainalign.tools.new import add_new
from brainalign.tools.reference import add_reference
from brainalign.tools.relog import add_relog
from brainalign.tools.reproduce import add_reproduce
from brainalign.tools.stdout import write_line
from brainalign.tools.validate import add_validate

__all__ = ["main"]


def _models(_: argparse.Namespace) -> None:
    from brainalign.config.cards import models_table

    write_line(models_table().rstrip())


def _data(_: argparse.Namespace) -> None:
    from brainalign.config.cards import data_table

    write_line(data_table().rstrip())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="brainalign-tools", description=__doc__)
    commands = parser.add_subparsers(required=True)
    add_cache(commands)
    add_doctor(commands)
    add_relog(commands)
    add_export(commands)
    add_reproduce(commands)
    add_new(commands)
    add_validate(commands)
    add_fetch(commands)
    add_reference(commands)
    add_config_reference(commands)
    models = commands.add_parser("models", help="the table of models, in Markdown: docs/models.md")
    models.set_defaults(do=_models)
    data = commands.add_parser("data", help="the table of public data sets, in Markdown: docs/data-sets.md")
    data.set_defaults(do=_data)
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; faults of the user's get one sentence.

    Args:
        arguments: None = those of the process.
    """
    sys.excepthook = told_without_secrets
    given = _parser().parse_args(arguments)
    try:
        given.do(given)
    except BrainalignError as error:
        sys.stderr.write(f"brainalign-tools: {hide_secrets(str(error))}\n")
        raise SystemExit(1) from None
    except BrokenPipeError:  # `... | head`
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  open until the process ends
