"""Ready stores (a fresh migration takes a second, so it is made once and copied) and runs in processes of their own."""

import os
import shutil
import subprocess
import sys

import pytest

from brainalign.tracking import absolute_uri, prepare_store, tracked_run
from brainalign.tracking.client import mlflow_client


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in ("BRAINALIGN_PARENT_RUN", "MLFLOW_TRACKING_URI", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template")
    prepare_store(absolute_uri(folder), "Default")
    return folder / "mlflow.db"


@pytest.fixture
def uri(empty_store, tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    shutil.copy(empty_store, folder / "mlflow.db")
    return absolute_uri(folder)


@pytest.fixture
def begin(uri, tmp_path):
    """``with begin(...) as run``: a tracked run with everything given that a test does not care about."""

    def start(**given):
        usual = {
            "uri": uri,
            "experiment": "encoding",
            "name": "gpt2 on simulated",
            "tags": {},
            "params": {"seed": 0},
            "folder": tmp_path / "out",
            "description": "A run.",
        }
        return tracked_run(**(usual | given))

    return start


@pytest.fixture
def stored(uri):
    """``stored(run)``: what MLflow has of a run."""

    def read(run):
        return mlflow_client(run.uri).get_run(run.id)

    return read


@pytest.fixture
def python(tmp_path):
    """``python(code, *arguments)``: start an interpreter of its own in tmp_path, output piped."""
    started = []

    def start(code, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
