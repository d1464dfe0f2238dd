"""The command line as a person uses it: a real process, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SMALL = (
    "data=simulated_small",
    "data.subjects=2",
    "data.electrodes=6",
    "data.sentences=20",
    "data.repeated=2",
    "data.repeats=3",
    "encoding.outer_folds=3",
    "encoding.alphas=[10,1000,100000]",
)
"""Overrides that make a run small enough for a test."""


@pytest.fixture
def brainalign(tmp_path):
    """Call the command line in ``tmp_path``; gives the finished process."""

    def call(*arguments, door=ROOT / "run.py", timeout=300, **environment):
        env = {**os.environ, "COLUMNS": "200", **environment}
        command = [sys.executable, str(door), *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=timeout, check=False
        )

    return call


def folders(tmp_path):
    """The output folders of finished runs below ``tmp_path``, by age."""
    return sorted((p.parent for p in (tmp_path / "outputs").glob("*/**/metrics.json")), key=lambda p: p.stat().st_mtime)
