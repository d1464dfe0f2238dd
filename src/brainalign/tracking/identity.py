"""Identity of a run: a hash of everything that its numbers depend on, by which a finished one is found again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from brainalign.tracking.text import plain

IRRELEVANT = ("paths", "tracking", "plan", "figures")
"""Groups of the config that change where results go and what figures look like, not what they are."""

CODE = {"source": "identity", "version": "identity_version", "any": "identity_any"}
"""What counts as the same code (the same source files, the same release, or any code at all) -> the tag of a run that says so."""


def identities(
    settings: Mapping[str, Any], dataset_digest: str, models: Mapping[str, str], code: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The tags by which a run is found again under each policy: whoever looks later decides what counts as the same code.

    Args:
        settings: The nested config.
        dataset_digest: Of the data set.
        models: Model name -> digest of its weights or settings.
        code: What an analysis that is not ours says of its code (:func:`brainalign.own_code.own_code`).
    """
    own = code or {}
    return {
        tag: identity(settings, dataset_digest, {**models, **({} if policy == "any" else own)}, policy)
        for policy, tag in CODE.items()
    }


def identity(settings: Mapping[str, Any], dataset_digest: str, models: Mapping[str, str], code: str) -> str:
    """SHA-256 of the config without what does not change results, the data, the models' weights, and the code.

    Args:
        settings: The nested config.
        dataset_digest: Of the data set.
        models: Model name -> digest of its weights or settings.
        code: One of CODE.

    Example:
        >>> a = identity({"seed": 0, "paths": {"output": "a"}}, "d", {}, "any")
        >>> a == identity({"seed": 0, "paths": {"output": "b"}}, "d", {}, "any"), a == identity({"seed": 1}, "d", {}, "any")
        (True, False)
    """
    kept = {key: value for key, value in plain(settings).items() if key not in IRRELEVANT}
    said = [kept, dataset_digest, dict(sorted(models.items())), code_state(code)]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@cache
def code_state(policy: str) -> str:
    """The code under a policy: a digest of the package's source files, its version, or nothing.

    Args:
        policy: One of CODE.
    """
    if policy == "any":
        return ""
    if policy == "version":
        return version("brainalign")
    folder = Path(__file__).resolve().parents[1]
    state = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        state.update(file.relative_to(folder).as_posix().encode())
        state.update(file.read_bytes())
    return state.hexdigest()
