"""One process a competitor: started with its number of threads, it answers with JSON and arrays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Answer:
    """What a child left.

    Attributes:
        facts: Its JSON.
        arrays: Its arrays by name.
        fault: Why there is nothing, or an empty string.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    fault: str = ""


def run_child(module: str, arguments: list[str], threads: int, limit: float | None = None) -> Answer:
    """Run ``python -m module arguments --out FOLDER`` in a process of its own.

    Args:
        module: A module that calls ``answer`` with its results.
        arguments: Its arguments.
        threads: Given to OpenMP, MKL and OpenBLAS before the process starts, which every library obeys.
        limit: Seconds until it is stopped.
    """
    variables = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", module, *arguments, "--out", out]
        try:
            done = subprocess.run(
                command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, timeout=limit
            )
        except subprocess.TimeoutExpired:
            return Answer(fault=f"stopped after {limit:.0f} s")
        if done.returncode:
            return Answer(fault=_reason(done.returncode, done.stderr))
        with np.load(Path(out) / "arrays.npz") as arrays:
            return Answer(json.loads((Path(out) / "facts.json").read_text()), dict(arrays))


def answer(out: Path, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Leave results for the parent.

    Args:
        out: The folder of ``--out``.
        facts: What JSON can hold.
        arrays: By name.
    """
    (out / "facts.json").write_text(json.dumps(dict(facts)))
    np.savez(out / "arrays.npz", **dict(arrays))  # type: ignore[arg-type]


def _reason(status: int, errors: str) -> str:
    """Why a process failed: the last line that it wrote, or the signal that ended it."""
    if status == -signal.SIGKILL:
        return "killed by the system, most likely for want of memory"
    return next((line for line in reversed(errors.splitlines()) if line.strip()), f"exit status {status}")
