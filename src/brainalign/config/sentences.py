"""Hydra's errors as one sentence that names the key, the value and the nearest valid name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf

from brainalign.config.location import conf_folder
from brainalign.errors import nearest


def sentence(error: Exception, overrides: Sequence[str]) -> str:
    """What to tell the user of a command line that Hydra could not compose.

    Args:
        error: Raised by Hydra or OmegaConf.
        overrides: The command line's arguments.
    """
    text = str(error)
    if "Could not find" in text and (told := _path_for_option(overrides)):
        return told
    if found := re.search(r"Could not find '([\w/@.-]+)/([^']+)'", text):
        group, name = found[1], found[2]
        bare = group.split("@")[0]
        offered = re.findall(r"^\s+([\w.-]+)\s*$", text, re.MULTILINE)  # a lab's own options too
        return f"{group}={name} is no option of {bare}; {nearest(name, offered)}"
    if found := re.search(r"Could not override '([^']+)'", text):
        return _unknown_key(found[1])
    if found := re.search(r"Key '([^']+)' is not in struct\s*full_key: (\S+)", text):
        return _unknown_key(found[2])
    if found := re.search(r"Error merging override (\S+?)=", text):
        cause = str(error.__cause__ or text).splitlines()[0]
        return f"{found[1]}: {cause}"
    if "mismatched input" in text or "no viable alternative" in text or "token recognition error" in text:
        first = text.splitlines()[0]
        return (
            f"{first.rstrip('.')}: quote it for the shell, as in 'encoding.alphas=[1,10]', and a value with spaces or signs "
            "inside that once more, as in \"model.path='my folder/model'\"."
        )
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


def _path_for_option(overrides: Sequence[str]) -> str:
    """That a group was given a path where the name of an option is wanted; empty where none was."""
    for word in overrides:
        group, _, value = word.partition("=")
        bare = group.split("@")[0]
        if value.startswith(("/", "./", "../", "~")) and (conf_folder() / bare).is_dir():
            hint = {
                "model": f"a checkpoint's folder is {group}=causal_lm model.path={value}, vectors of your own {group}=features "
                f"model.path={value}",
                "data": f"a BIDS folder is data=bids data.root={value}",
            }.get(bare, "a YAML file of your own goes into a folder that --config-dir names")
            return f"{group}={value} is a path, but {group} wants the name of an option: {hint}."
    return ""


def _unknown_key(key: str) -> str:
    valid, groups = (
        known_keys(),
        [p.relative_to(conf_folder()).as_posix() for p in conf_folder().rglob("*") if p.is_dir()],
    )
    if key in valid:
        if key in ("partner", "baseline"):
            return f"{key} is not in use with the chosen options; choose a model for it first, as model@{key}=mel does."
        owners = valid[key][:3] + (["others"] if len(valid[key]) > 3 else [])
        return f"{key} is not in use with the chosen options; it belongs to {' and '.join(owners)}."
    if key == "model@partner":
        return f"model@partner is not in use with the chosen options; it belongs to analysis={', '.join(_paired())}."
    return f"{key} is no key of this config; {nearest(key, [*valid, *groups])} (--cfg job shows all)."


def _paired() -> list[str]:
    """Options of ``conf/analysis`` that take a second model, by their own defaults or by those of what they begin from."""
    files = sorted((conf_folder() / "analysis").glob("*.yaml"))
    begun = {file.stem: OmegaConf.select(OmegaConf.load(file), "defaults", default=[]) for file in files}

    def takes(name: str) -> bool:
        entries = [entry for entry in begun[name] if entry != "_self_"]
        return any("/model@partner" in entry if isinstance(entry, DictConfig) else takes(entry) for entry in entries)

    return [name for name in begun if takes(name)]


def known_keys() -> dict[str, list[str]]:
    """Dotted keys of all shipped options, and the options (``analysis=cca``) that have them."""
    found: dict[str, list[str]] = {}

    def walk(node: DictConfig, prefix: str, option: str) -> None:
        for key in map(str, node):
            if key in ("defaults", "hydra", "_target_"):
                continue
            found.setdefault(prefix + key, []).append(option)
            inner = node._get_node(key)
            if isinstance(inner, DictConfig) and not inner._is_none() and not inner._is_missing():
                walk(inner, f"{prefix}{key}.", option)

    for file in sorted(conf_folder().rglob("*.yaml")):
        group = file.parent.relative_to(conf_folder()).as_posix()
        loaded = OmegaConf.load(file)
        if (group.startswith("hydra") and group != "hydra/launcher") or not isinstance(loaded, DictConfig):
            continue
        whole = group == "." or file.read_text().startswith("# @package _global_")
        walk(
            loaded,
            "" if whole else f"{group.replace('/', '.')}.",
            "every run" if group == "." else f"{group}={file.stem}",
        )
        for role in ("baseline", "partner") if group == "model" else ():
            walk(loaded, f"{role}.", f"model@{role}={file.stem}")
    return found
