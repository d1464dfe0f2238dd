"""``reproduce.txt``: the command that repeats a run, with the folder, the code and the settings that it needs."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from brainalign.secrets import hide_secrets
from brainalign.tracking.files import replacing
from brainalign.tracking.provenance import git_state

REPRODUCE = "reproduce.txt"
DOORS = ("run.py", "brainalign")
"""What the command line is started by."""


THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables on which the last bits of a result can hang."""


def write_reproduction(folder: Path, overrides: Sequence[str], local: Path | None = None) -> Path:
    """Write ``reproduce.txt``: a script for ``sh``, the home folder as ``$HOME``, secrets as ``***``.

    Args:
        folder: The run's.
        overrides: The command line after the door's name.
        local: Config of this checkout alone that has a part in the run; its lines are told.
    """
    script = Path(sys.argv[0])
    door = script.name if script.name in DOORS else DOORS[1]
    command = ["python", str(script)] if door.endswith(".py") else [door]
    git = git_state()
    code = f"brainalign {version('brainalign')}, Python {platform.python_version()}"
    if git["commit"]:
        code += f", commit {git['commit']} of the {git['of']}'s checkout"
        code += " and changes that no commit has" if git["dirty"] else ""
    lines = [
        "# Repeats this run. On the same machine metrics and tables come out bit for bit; this checks that they do:",
        f"# brainalign-tools reproduce {quote(str(folder))} --check",
        f"# code: {code}; packages: provenance.json",
    ]
    if local is not None:
        told = local.read_text(encoding="utf-8").strip().splitlines()
        lines += [f"# {quote(str(local))} was in use:", *(f"#     {hide_secrets(line)}" for line in told)]
    lines.append(f"cd {quote(str(Path.cwd()))}")
    lines += [f"export {name}={os.environ[name]}" for name in THREADS if os.environ.get(name, "").isdigit()]
    lines.append(" ".join(quote(word) for word in [*command, *overrides]))
    path = Path(folder) / REPRODUCE
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def quote(word: str) -> str:
    """A word for the shell, in which the home folder is ``$HOME`` and a secret ``***``.

    Example:
        >>> quote("model=gpt2"), quote("encoding.alphas=[1,10]"), quote(str(Path.home() / "my data"))
        ('model=gpt2', "'encoding.alphas=[1,10]'", '"$HOME/my data"')
    """
    word, home = hide_secrets(word), str(Path.home()).rstrip("/")
    if not home or home not in word:
        return shlex.quote(word)
    parts = ["".join(f"\\{c}" if c in '"\\`$' else c for c in part) for part in word.split(home)]
    return f'"{"$HOME".join(parts)}"'
