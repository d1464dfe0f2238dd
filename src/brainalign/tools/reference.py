"""The public names in Markdown: docs/reference/names.md."""

from __future__ import annotations

import argparse
import inspect
from textwrap import dedent
from typing import Any

import brainalign
from brainalign.tools.stdout import write_line

HEAD = """# Public names

What `from brainalign import ...` gives, with its arguments and, where it has one, an example that the tests run (`np` is
numpy). Recipes that put them
together: [recipes.md](../recipes.md). This page is made by `brainalign-tools reference`; the whole of each description is `help(name)`.
"""


def reference() -> str:
    """Each public name with its arguments, the first paragraph of its docstring, and its example."""
    parts = [_entry(name, getattr(brainalign, name)) for name in brainalign.__all__ if name != "__version__"]
    return "\n".join([HEAD, *parts])


def _entry(name: str, found: Any) -> str:
    text = inspect.getdoc(found) or ""
    said = text.split("\n\n")[0].replace("``", "`")
    shown = f"## {name}\n\n`{name}({_arguments(found)})` of `{found.__module__}`\n\n{said}\n"
    _, heading, example = text.partition("\nExample:\n")
    if not heading:
        return shown
    return f"{shown}\n```python\n{dedent(example).strip()}\n```\n"


def _arguments(found: Any) -> str:
    """The names of its arguments, with a star before those that are given by name alone."""
    if isinstance(found, type) and issubclass(found, Exception):
        return "message"
    told: list[str] = []
    stars: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    for argument in inspect.signature(found).parameters.values():
        if argument.kind is inspect.Parameter.KEYWORD_ONLY and "*" not in told:
            told.append("*")
        told.append(stars.get(argument.kind, "") + argument.name)
    return ", ".join(told)


def add_reference(commands: Any) -> None:
    """Add ``reference`` to the commands.

    Args:
        commands: Of the parser.
    """
    parser = commands.add_parser("reference", help="the public names, in Markdown: docs/reference/names.md")
    parser.set_defaults(do=_say)


def _say(_: argparse.Namespace) -> None:
    write_line(reference().rstrip())
