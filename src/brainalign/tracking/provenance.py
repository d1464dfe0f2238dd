"""What a run's numbers depend on besides its configuration: code, versions, data, checkpoints, machine."""

from __future__ import annotations

import os
import platform
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from brainalign.secrets import hide_secrets
from brainalign.tracking.text import scrub

_PACKAGE_FOLDER = Path(__file__).resolve().parents[1]


def provenance(
    *,
    started: datetime,
    seed: int,
    device: str,
    dataset_digest: str | None = None,
    checkpoints: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Everything that ``provenance.json`` states; call it when the work is done.

    Args:
        started: When the run began, with a time zone.
        seed: The run's seed.
        device: What it computed on, as a person reads it.
        dataset_digest: Of the whole data set.
        checkpoints: Model name -> digest or revision of its weights.

    Returns:
        A dictionary that JSON can hold. Times in UTC (ISO 8601), ``wall_seconds`` in s, ``peak_memory_mib``
        in MiB (of this process; None where the system does not say). The home folder and secrets do not appear.

    Example:
        >>> found = provenance(started=datetime.now(UTC), seed=0, device="cpu")
        >>> found["seed"], found["packages"]["numpy"] == version("numpy")
        (0, True)
    """
    return {
        "git": git_state(),
        "python": platform.python_version(),
        "packages": _versions(),
        "seed": seed,
        "dataset_digest": dataset_digest,
        "checkpoints": dict(checkpoints or {}),
        "host": platform.node(),
        "system": platform.platform(),
        "device": device,
        "cpu_count": os.cpu_count(),
        "started": started.astimezone(UTC).isoformat(timespec="seconds"),
        "wall_seconds": round((datetime.now(UTC) - started).total_seconds(), 3),
        "peak_memory_mib": _peak_memory(),
        "command": scrub(" ".join(map(_word, sys.argv))),
    }


def git_state() -> dict[str, Any]:
    """Commit and dirty flag of the package's own checkout, else of the current folder's; None outside git.

    Returns:
        ``commit``, ``dirty`` and ``of`` ("package" or "folder": whose commit it is).
    """
    for of, folder in (("package", _PACKAGE_FOLDER), ("folder", Path.cwd())):
        found = checkout(folder, package=of == "package")
        if found:
            return {"commit": found[0], "dirty": found[1], "of": of}
    return {"commit": None, "dirty": None, "of": None}


@lru_cache  # the state at the start of a run is the code that was loaded, whatever is edited meanwhile
def checkout(folder: Path, package: bool = False) -> tuple[str, bool] | None:
    """(commit, whether anything differs from it) of the git checkout that holds ``folder``, or None.

    Args:
        folder: A folder.
        package: Accept only a checkout that tracks the folder's ``__init__.py``: a virtual environment inside
            somebody's repository is not that repository's code.
    """
    if package and _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    changes = _git(folder, "status", "--porcelain")
    return None if commit is None or changes is None else (commit, bool(changes))


def _git(folder: Path, *arguments: str) -> str | None:
    """The answer of git, or None: no git, no repository, no commit yet, not ours to read."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}  # hooks point elsewhere
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
            env=own,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _word(word: str) -> str:
    """Of a command line, quoted; a secret is hidden before, since it may hold blanks."""
    hidden = hide_secrets(word)
    return shlex.quote(word) if hidden == word else hidden


def _versions() -> dict[str, str | None]:
    """Of the package itself and of all that its installation says it depends on, extras apart."""
    found: dict[str, str | None] = {}
    try:
        declared = requires("brainalign") or []
    except PackageNotFoundError:  # run from a checkout that is not installed
        declared = []
    for name in ("brainalign", *(re.split(r"[^\w.-]", line)[0].lower() for line in declared if "extra ==" not in line)):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _peak_memory() -> float | None:
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB, but bytes on macOS
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024), 1)
