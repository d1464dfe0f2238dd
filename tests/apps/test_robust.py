"""What nobody plans: kills at any moment, full and read-only disks, two sweeps at once, odd locales, clocks and names."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from benchmarks.kills import kill_again_and_again

ROOT = Path(__file__).resolve().parents[2]
SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=6", "data.sentences=24", "data.repeated=2", "data.repeats=3",
    "encoding.outer_folds=3", "encoding.alphas=[10,1000,100000]", "window.tmax=0.1", "model=envelope",
)  # fmt: skip


def results(place):
    found = sorted(place.glob("outputs/2*/**/metrics.json"), key=lambda p: p.stat().st_mtime)
    return [json.loads(p.read_text()) for p in found if "artifacts" not in p.parts]


def test_kills_at_random_points_lose_nothing(tmp_path):
    outcome = kill_again_and_again(ROOT / "run.py", tmp_path, kills=3, seed=1, command=SMALL)
    assert outcome.kills == 3 and outcome.ends >= 1 and outcome.faults == []


@pytest.fixture
def little_memory():
    """A control group of 700 MB, and how a process enters it."""
    groups = Path("/sys/fs/cgroup")
    name = "memory.max" if (groups / "cgroup.controllers").exists() else "memory.limit_in_bytes"
    group = (groups if name == "memory.max" else groups / "memory") / f"brainalign-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"a control group can be made by root alone ({error})")
    try:
        (group / name).write_text("700000000")
    except OSError as error:
        group.rmdir()
        pytest.skip(f"control groups limit no memory here ({error})")
    yield lambda: (group / "cgroup.procs").write_text(str(os.getpid()))
    group.rmdir()


def test_a_fit_that_does_not_fit_is_refused_and_not_killed(little_memory, tmp_path):
    """p = 5,250 in float64 needs 0.3 GB beside the 0.4 of libraries and data; 1,050 fit."""
    for bins, status in ((250, 1), (50, 0)):
        command = [sys.executable, str(ROOT / "run.py"), *SMALL[:-1], "data.sentences=100", "encoding.solver=cholesky",
                   "model=mel", f"model.n_mels={bins}", "window.tmax=0.4", "tracking.uri=offline"]  # fmt: skip
        done = subprocess.run(
            command, cwd=tmp_path, preexec_fn=little_memory, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr
        if status:
            last = done.stderr.strip().splitlines()[-1]
            assert last.startswith("brainalign: this fit needs about 0.3 GiB (21 lags x 250 features"), last
            assert "of 0.7 GiB that this process may use" in last and "what would fit: " in last


@pytest.fixture
def small_disk(tmp_path):
    """``small_disk(options)``: (re)mount a disk of its own in tmp_path/disk."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options):
        how = ["-o", f"remount,{options}"] if os.path.ismount(place) else ["-t", "tmpfs", "-o", options, "tmpfs"]
        done = subprocess.run(["mount", *how, str(place)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a disk of its own can be mounted by root alone ({done.stderr.strip()})")
        return place

    yield mount
    if os.path.ismount(place):
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("size", ["200k", "1600k", "2200k"])  # the database, fits, tables and figures
def test_a_full_disk_is_one_sentence_and_with_room_the_same_command_ends_well(brainalign, small_disk, size):
    disk = small_disk(f"size={size}")
    place = (f"paths.output={disk}/outputs",)
    full = brainalign(*SMALL, *place)
    assert full.returncode == 1
    assert full.stderr.strip().splitlines()[-1].startswith("brainalign: ") and "Traceback" not in full.stderr
    assert "full" in full.stderr.splitlines()[-1] or "No space left" in full.stderr.splitlines()[-1]
    assert not list(disk.glob("outputs/2*/*/report.html"))
    small_disk("size=60m")
    again = brainalign(*SMALL, *place)
    assert again.returncode == 0, again.stderr
    assert all(np.isfinite(found["r/mean"]) for found in results(disk)[-1:])


def test_a_read_only_disk_is_one_sentence(brainalign, small_disk):
    disk = small_disk("size=10m")
    (disk / "outputs").mkdir()
    small_disk("ro")
    done = brainalign(*SMALL, f"paths.output={disk}/outputs")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert str(disk) in last and "cannot be" in last


def test_two_sweeps_at_once_share_one_fresh_database(tmp_path):
    command = [sys.executable, str(ROOT / "run.py"), "-m", *SMALL, "model=envelope,word_rate"]
    both = [
        subprocess.Popen([*command, f"seed={seed}"], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for seed in (0, 1)
    ]  # fmt: skip
    said = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    client = MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    found = client.search_runs([client.get_experiment_by_name("brainalign").experiment_id])
    parents = {r.info.run_id for r in found if r.data.tags.get("kind") == "sweep"}
    assert len(found) == 6 and {r.info.status for r in found} == {"FINISHED"} and len(parents) == 2
    above = [r.data.tags["mlflow.parentRunId"] for r in found if r.info.run_id not in parents]
    assert sorted(map(above.count, parents)) == [2, 2]


def test_odd_locales_clocks_and_names_change_no_number(brainalign, tmp_path):
    plain = brainalign(*SMALL)
    assert plain.returncode == 0, plain.stderr
    odd = {"LC_ALL": "C", "LANG": "", "TZ": "Pacific/Kiritimati"}
    name = "Ohr und Hirn · 耳"
    done = brainalign(*SMALL, f"paths.output='{tmp_path}/{name}/outputs'", f"tracking.experiment='{name}'", **odd)
    assert done.returncode == 0, done.stderr
    assert results(tmp_path / name) == results(tmp_path)
    client = MlflowClient(f"sqlite:///{tmp_path}/{name}/outputs/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name(name).experiment_id])
    assert run.info.status == "FINISHED"
    (folder,) = (p.parent for p in (tmp_path / name).glob("outputs/2*/*/report.html"))
    assert name in (folder / "config.yaml").read_text(encoding="utf-8")


def test_no_secret_and_no_home_is_logged(brainalign, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    done = brainalign(*SMALL, f"paths.output={home}/outputs", "+hydra.job.env_set.HF_TOKEN=xyz", HOME=str(home))
    assert done.returncode == 0, done.stderr
    client = MlflowClient(f"sqlite:///{home}/outputs/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("brainalign").experiment_id])
    logged = json.dumps([run.data.params, run.data.tags])
    assert str(home) not in logged and "xyz" not in logged
    assert run.data.params["paths.output"] == "~/outputs"
