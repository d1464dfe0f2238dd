"""What may stand in a tracking store: plain values, valid names, no home folder and no secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brainalign.secrets import hide_in, hide_secrets

_NOT_IN_NAMES = re.compile(r"[^/\w.\- ]")


def reason(error: BaseException, handled: BaseException | None = None) -> str:
    """The innermost cause in one line, without secrets: mlflow wraps a refused connection four times.

    Args:
        error: What was raised.
        handled: What was being handled already when it was raised, and is no cause of it.

    Example:
        >>> reason(OSError("cannot reach http://me:pw@host"))
        'cannot reach http://***@host'
    """
    while (inner := error.__cause__ or error.__context__) is not None and inner is not handled:
        error = inner
    lines = str(error).strip().splitlines()
    return hide_secrets(lines[0] if lines else type(error).__name__)


def scrub(text: str) -> str:
    """Hide secrets, and the home folder behind ``~``: for what is kept and may be shared.

    Example:
        >>> scrub("python run.py tracking.uri=postgresql://me:pw@db/x hf_token=abc")
        'python run.py tracking.uri=postgresql://***@db/x hf_token=***'
    """
    home = str(Path.home()).rstrip("/\\")
    if home:  # a user without a home folder has "/", which is part of every path
        text = re.sub(rf"(?<![\w.\-]){re.escape(home)}(?![\w.\-])", "~", text)
    return hide_secrets(text)


def plain(value: Any) -> Any:
    """Bring a configuration to what YAML and JSON know, scrubbed: dict, list, str, int, float, bool, None.

    Example:
        >>> plain({"alphas": (1, 2), "out": Path("results")})
        {'alphas': [1, 2], 'out': 'results'}
    """
    return _plain(hide_in(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or type(value) in (bool, int, float):
        return value
    if isinstance(value, str):
        return scrub(str(value))
    if hasattr(value, "item"):  # a numpy scalar
        return value.item()
    return scrub(str(value))


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys joined by dots; lists and empty mappings stay values.

    Example:
        >>> flatten({"model": {"name": "gpt2", "layers": [0, 1]}, "seed": 0})
        {'model.name': 'gpt2', 'model.layers': [0, 1], 'seed': 0}
    """
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def valid_name(name: str) -> str:
    """The nearest name that MLflow accepts for a metric, parameter or tag on every system.

    Letters, digits, ``_ - . /`` and spaces remain; empty and dotted path parts, which MLflow would read as
    folders, go; 250 characters at most.

    Example:
        >>> valid_name("test/gpt2 > mel/STG/p")
        'test/gpt2 _ mel/STG/p'
    """
    parts = [part for part in _NOT_IN_NAMES.sub("_", str(name)).split("/") if part not in ("", ".", "..")]
    return "/".join(parts)[:250] or "_"


def cut(text: str, limit: int, note: str = "") -> str:
    """Shorten ``text`` to ``limit`` characters, with `` …`` and ``note`` in place of what went.

    Example:
        >>> cut("a long sentence", 8)
        'a long …'
    """
    if len(text) <= limit:
        return text
    end = f" …{note}"
    return text[: limit - len(end)] + end
