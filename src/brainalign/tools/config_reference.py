"""Every config key with the comment that stands beside it in conf/, in Markdown: docs/reference/config.md."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from brainalign.config.location import conf_folder
from brainalign.tools.stdout import write_line

HEAD = """# Every config key

Each option of each group: its keys, their values, and what they mean. `brainalign-tools config-reference` makes this page
of the comments in `conf/`, which come with an installed package, too. A key is set as it is written here, `KEY=VALUE` on
the command line; an option is chosen by `GROUP=OPTION`. `model.` stands for `baseline.`, `partner.` and the other roles of
a model as well. Models with a checkpoint: [their cards](../models.md).
"""
GROUPS = (
    "data",
    "data/preprocessing",
    "data/events",
    "data/stimuli",
    "electrodes",
    "model",
    "features",
    "window",
    "encoding",
    "analysis",
    "ceiling",
    "stats",
    "tracking",
    "experiment",
    "hydra/launcher",
)
"""Folders of conf/ in the order of its config.yaml."""
_WIDTH = 70
_ROLES = re.compile(r"(baseline|partner|lexical|acoustic|contextual)\.")
_DECIDED = re.compile(
    r"hydra\.(job|run|sweep|callbacks|launcher\._target_)|(model|data)\.card\.|model\.name$|(.*\.)?kind$"
)


@dataclass(frozen=True)
class Key:
    """One key: its path in the composed config, the value as it is written, the comment beside or above it."""

    path: str
    value: str
    comment: str


@dataclass(frozen=True)
class Option:
    """One file of conf/: its group and name, its first comment, what it starts from, its keys."""

    group: str
    name: str
    said: str
    defaults: list[str]
    keys: list[Key]

    @property
    def kind(self) -> str:
        """Which class reads it: two options of a kind have the same keys."""
        return next((k.value for k in self.keys if k.path.split(".")[-1] == "kind"), "")

    @property
    def shown(self) -> list[Key]:
        """Its keys without those that the option itself decides, and without a model's card."""
        return [k for k in self.keys if not _DECIDED.match(k.path)]


def config_reference() -> str:
    """Markdown: config.yaml, then each group with its options.

    Example:
        >>> "| `encoding.outer_folds` | `5` |" in config_reference()
        True
    """
    whole = read_option(conf_folder() / "config.yaml", "")
    options = [o for group in GROUPS for o in read_group(group)]
    parts = [HEAD, "\n## The whole of a run\n\n", _table(whole, options)]
    for group in GROUPS:
        parts.append(f"\n## {group}\n")
        own = [o for o in options if o.group == group]
        carded = {o.name: o for o in own if any(k.path.startswith("model.card.") for k in o.keys)}
        for kind in sorted({o.kind for o in carded.values()}):
            first, *others = [o for o in carded.values() if o.kind == kind]
            names = ", ".join(f"`{o.name}`" for o in others) or "none"
            parts.append(
                f"\n### {group}={first.name} and its like\n\n{_sentence(first)}The same keys have: {names}.\n\n"
            )
            parts.append(_table(first, options))
        for option in own:
            if option.name not in carded:
                parts.append(f"\n### {group}={option.name}\n\n{_sentence(option)}{_table(option, options)}")
    return "".join(parts)


def unsaid() -> list[str]:
    """Keys that stand in the reference without a meaning: there are to be none."""
    options = [o for group in GROUPS for o in read_group(group)]
    return [f"{o.group}={o.name}: {k.path}" for o in options for k in o.shown if not _meaning(k, o, options)]


def read_group(group: str) -> list[Option]:
    """All options of a group, by name."""
    return [read_option(file, group) for file in sorted((conf_folder() / group).glob("*.yaml"))]


def read_option(file: Path, group: str) -> Option:
    """A file of conf/ with its comments, which YAML's own reader drops."""
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    first = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    said = " ".join(line.lstrip("# ") for line in lines[:first] if not line.startswith("# @package"))
    tree = yaml.compose(text)
    assert isinstance(tree, yaml.MappingNode)
    prefix = f"{group.replace('/', '.')}." if group and "# @package _global_" not in lines else ""
    keys = [k for k in _keys(tree, prefix, lines, first) if "defaults" not in k.path.split(".")]
    defaults: list[yaml.Node] = next((v.value for k, v in tree.value if k.value == "defaults"), [])
    return Option(group, file.stem, said, [_default(node) for node in defaults if node.value != "_self_"], keys)


def _keys(tree: yaml.MappingNode, prefix: str, lines: list[str], first: int, said: str = "") -> Iterator[Key]:
    for key, value in tree.value:
        path, line = f"{prefix}{key.value}", key.start_mark.line
        block = isinstance(value, yaml.MappingNode) and not value.flow_style
        end = key.end_mark if block else value.end_mark
        beside = re.match(r":?\s+#\s*(.*)", lines[end.line][end.column :]) if end.line < len(lines) else None
        above = lines[line - 1].strip() if line > first and lines[line - 1].strip().startswith("# ") else ""
        comment = beside[1] if beside else above.lstrip("# ") or said
        if block:
            yield from _keys(value, f"{path}.", lines, first, comment)
        else:
            yield Key(path, _written(value, lines), comment)


def _written(value: yaml.Node, lines: list[str]) -> str:
    """The value as the file has it, cut where it is long."""
    start, end = value.start_mark, value.end_mark
    if isinstance(value, yaml.SequenceNode) and not value.flow_style:
        return ", ".join(str(v.value) for v in value.value)
    shown = lines[start.line][start.column : end.column if end.line == start.line else None]
    return shown if len(shown) <= _WIDTH else f"{shown[:_WIDTH]} ..."


def _default(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return ", ".join(f"{k.value.removeprefix('override ')}: {v.value}" for k, v in node.value)
    return str(node.value)


def _sentence(option: Option) -> str:
    told = [option.said] if option.said else []
    if option.defaults:
        told.append("Starts from " + ", ".join(f"`{d}`" for d in option.defaults) + ".")
    return " ".join(told) + "\n\n" if told else ""


def _table(option: Option, options: list[Option]) -> str:
    if not option.shown:
        return ""
    told = [f"| `{k.path}` | {_code(k.value)} | {_cell(_meaning(k, option, options))} |" for k in option.shown]
    return "\n".join(["| key | value | meaning |", "|---|---|---|", *told]) + "\n"


def _meaning(key: Key, option: Option, options: list[Option]) -> str:
    """Its comment, or the one beside the same key in an option that this one starts from, is of a kind with, or builds on."""
    if key.comment:
        return key.comment
    path = _ROLES.sub("model.", key.path, count=1)
    like = [o for o in options if _lends(o, option)]
    near = sorted(like, key=lambda o: (o.name not in option.defaults, o.kind != option.kind))
    found = {k.path: k.comment for o in reversed(near) for k in o.keys if k.comment}
    return found.get(path) or found.get(path.rpartition(".")[0], "")


def _lends(other: Option, option: Option) -> bool:
    """Whether a key means the same in both: keys of readers and analyses do not where their kinds differ."""
    if other.group != option.group:
        return other.group != "experiment"
    return other.name in option.defaults or option.group not in ("data", "analysis") or other.kind == option.kind != ""


def _code(text: str) -> str:
    return f"`{_cell(text)}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;") if "`" in text else text.replace("|", "\\|")


def add_config_reference(commands: Any) -> None:
    """Add ``config-reference`` to the commands.

    Args:
        commands: Of the parser.
    """
    parser = commands.add_parser(
        "config-reference", help="every config key with its comment, in Markdown: docs/reference/config.md"
    )
    parser.set_defaults(do=_say)


def _say(_: argparse.Namespace) -> None:
    write_line(config_reference().rstrip())
