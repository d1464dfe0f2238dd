"""Provenance: the code's state inside and outside git, versions, machine, and nothing private."""

import json
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from brainalign.tracking.provenance import checkout, git_state, provenance

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *command], cwd=folder, check=True)
    checkout.cache_clear()
    yield folder
    checkout.cache_clear()


def test_commit_and_dirty_flag(repository):
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True).stdout.strip()
    assert checkout(repository) == (head, False)
    (repository / "new.py").write_text("x = 1")
    assert checkout(repository) == (head, False), "the state at the start of the run is the one that counts"
    checkout.cache_clear()
    assert checkout(repository) == (head, True)


def test_a_hooks_variables_do_not_lead_elsewhere(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert checkout(repository) is not None


def test_outside_git_there_is_none(tmp_path):
    assert checkout(tmp_path) is None


def test_a_package_installed_inside_somebodys_repository_is_not_its_code(repository):
    installed = repository / ".venv/brainalign"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("")
    assert checkout(installed, package=True) is None
    assert checkout(repository, package=True) is not None


def test_the_current_folders_commit_where_the_package_has_none(repository, monkeypatch, tmp_path):
    monkeypatch.setattr(sys.modules[checkout.__module__], "_PACKAGE_FOLDER", tmp_path)
    monkeypatch.chdir(repository)
    assert (git_state()["of"], git_state()["dirty"]) == ("folder", False)
    monkeypatch.chdir(tmp_path)
    assert git_state() == {"commit": None, "dirty": None, "of": None}


def test_without_git_installed(monkeypatch, repository):
    monkeypatch.setenv("PATH", "")
    assert checkout(repository) is None


def test_versions_cover_every_declared_dependency():
    """As pyproject.toml declares them: none is forgotten where one is added."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    named = {re.match(r"[\w.-]+", line)[0].lower() for line in declared}
    found = provenance(started=datetime.now(UTC), seed=0, device="cpu")["packages"]
    assert set(found) == named | {"brainalign"} and {"numpy", "torch", "mlflow", "hydra-core"} < named
    assert all(found.values())


def test_what_it_states(monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(Path.home() / "run.py"), "model=gpt2", "tracking.uri=http://me:pw@host/x"])
    started = datetime.now(UTC) - timedelta(seconds=90)
    found = provenance(started=started, seed=7, device="cpu", dataset_digest="ab" * 32, checkpoints={"gpt2": "cd" * 32})
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["seed"] == 7
    assert found["dataset_digest"] == "ab" * 32
    assert found["checkpoints"] == {"gpt2": "cd" * 32}
    assert found["packages"]["numpy"] == np.__version__
    assert 90 <= found["wall_seconds"] < 150
    assert datetime.fromisoformat(found["started"]).utcoffset() == timedelta(0)
    assert found["command"] == "~/run.py model=gpt2 tracking.uri=http://***@host/x"
    assert str(Path.home()) not in json.dumps(found)


def test_peak_memory_is_in_mib():
    before = provenance(started=datetime.now(UTC), seed=0, device="cpu")["peak_memory_mib"]
    block = np.ones(300 * 2**17)  # 300 MiB
    after = provenance(started=datetime.now(UTC), seed=0, device="cpu")["peak_memory_mib"]
    assert block.nbytes == 300 * 2**20
    assert 20 < before < 4000
    assert 0 <= after - before < 320
