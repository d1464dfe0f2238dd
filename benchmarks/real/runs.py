"""Runs of the command line: each done once in its own folder, and read from there."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.real import ROOT
from brainalign import load_run
from brainalign.tracking.saved import SavedRun

SAID = "words.json"
"""In a finished run's folder: the command line that made it."""


class Runs:
    """A folder of runs; what stands there under the same words is not done again, and features are shared by all.

    Args:
        folder: Where they go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)

    def run(self, name: str, *words: str) -> SavedRun:
        """Do a run, or open it where it was done.

        Args:
            name: Of its folder.
            words: Of the command line; environment variables are filled in.
        """
        place, said = self.folder / name, json.dumps(words)
        if not (place / SAID).is_file() or (place / SAID).read_text(encoding="utf-8") != said:
            paths = [f"paths.output={self.folder}", f"paths.cache={self.folder / 'cache'}", f"hydra.run.dir={place}"]
            command = [sys.executable, str(ROOT / "run.py"), *map(os.path.expandvars, words), *paths]
            done = subprocess.run(command, check=False)
            if done.returncode:
                raise SystemExit(f"{line(words)} ended with status {done.returncode}")
            (place / SAID).write_text(said, encoding="utf-8")
        return load_run(place)


def line(words: Sequence[str]) -> str:
    """The command as a person would type it: variables stay what they are."""
    return (
        f"python run.py {shlex.join(words)}".replace("'$", "$").replace("'", '"')
        if any(" " in w for w in words)
        else ("python run.py " + " ".join(f"'{w}'" if set(w) & set('{"[') else w for w in words))
    )
