"""The command line as a person uses it: a real process, in a folder of its own."""

import json
import os
import subprocess
import sys
from functools import partial
from itertools import count
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TOOLS = Path(sys.executable).parent / "brainalign-tools"

READ_LATE = {"HOME", "PATH"}
"""Variables that are read when they are needed; others may be read when the interpreter starts, or a library is imported."""


@pytest.fixture(scope="session")
def warm():
    """A process that forks for each command line, with the imports behind it."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "warm.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture(scope="session")
def brainalign_in(warm, tmp_path_factory):
    """Call the command line in a folder; gives the finished process.

    A door other than ``run.py`` and ``brainalign-tools``, and variables that are not READ_LATE, are met by a fresh interpreter, the
    rest by a fork of one that has everything imported.
    """
    said, number = tmp_path_factory.mktemp("said"), count()

    def fork(folder, door, arguments, env, timeout):
        command, n = [str(door), *map(str, arguments)], next(number)
        outputs = [str(said / f"{n}.out"), str(said / f"{n}.err")]
        request = {"argv": command, "folder": str(folder), "environment": env, "outputs": outputs, "seconds": timeout}
        warm.stdin.write(json.dumps(request) + "\n")
        warm.stdin.flush()
        status = int(warm.stdout.readline())
        out, err = (Path(file).read_text(encoding="utf-8") for file in outputs)
        return subprocess.CompletedProcess(command, status, out, err)

    def call(folder, *arguments, door=ROOT / "run.py", timeout=300, **environment):
        env = {**os.environ, "COLUMNS": "200", **environment}
        if door in (ROOT / "run.py", TOOLS) and READ_LATE.issuperset(environment):
            return fork(folder, door, arguments, env, timeout)
        command = [sys.executable, str(door), *arguments]
        return subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=timeout, check=False
        )

    return call


@pytest.fixture
def brainalign(brainalign_in, tmp_path):
    """The same in ``tmp_path``."""
    return partial(brainalign_in, tmp_path)


@pytest.fixture
def tools(brainalign_in, tmp_path):
    """``brainalign-tools`` in ``tmp_path``."""
    return partial(brainalign_in, tmp_path, door=TOOLS)
