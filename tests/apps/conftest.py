"""The command line as a person uses it: a real process, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


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
