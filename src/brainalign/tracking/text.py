"""What may stand in a tracking store: plain values, valid names, no home folder and no secret."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from brainalign.secrets import hide_in, hide_secrets

LONGEST = 250
"""Characters of a name."""

_NOT_IN_NAMES = re.compile(r"[^/\w.\- ]")
_UPWARDS = re.compile(r"^\.\.+")
"""How no name may begin: MLflow takes it for a way out of a folder."""


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
    folders, go, as do two dots that a name begins with; a name of more than 250 characters ends in a hash of it all.

    Example:
        >>> valid_name("test/gpt2 > mel/STG/p")
        'test/gpt2 _ mel/STG/p'
    """
    parts = [part for part in _NOT_IN_NAMES.sub("_", str(name)).split("/") if part not in ("", ".", "..")]
    return _fit(_UPWARDS.sub("_", "/".join(parts)) or "_", name)


def valid_names(names: Iterable[str]) -> dict[str, str]:
    """Name -> :func:`valid_name`; where several would become one, each part that had to change ends in a hash of what it was.

    Example:
        >>> valid_names(["region/A+/r", "region/A?/r", "r/mean"])
        {'region/A+/r': 'region/A_-aee8736c/r', 'region/A?/r': 'region/A_-2d003dcd/r', 'r/mean': 'r/mean'}
    """
    plain = {name: valid_name(name) for name in names}
    counts = Counter(plain.values())
    return {name: found if counts[found] == 1 else _told_apart(name) for name, found in plain.items()}


def _told_apart(name: str) -> str:
    parts = []
    for place, part in enumerate(str(name).split("/")):
        kept = _NOT_IN_NAMES.sub("_", part)
        stays = kept == part and part not in ("", ".", "..") and not (place == 0 and _UPWARDS.match(part))
        parts.append(part if stays else f"{kept.strip('.') or '_'}-{_hash(part)}")
    return _fit("/".join(parts), name)


def _fit(whole: str, name: str) -> str:
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 9]}-{_hash(name)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


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
