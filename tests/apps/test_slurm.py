"""Sweeps on a real SLURM: children under one parent; what is cancelled, preempted or out of time is KILLED and goes on."""

import importlib.util
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock
from mlflow import MlflowClient

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("slurm_cluster", Path(__file__).parent / "slurm" / "cluster.py")
slurm_cluster = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(slurm_cluster)

SLOW = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=6", "data.repeated=2", "data.repeats=3", "model=planted_language",
    "encoding.alphas=[10,1000,100000]", "data.sentences=60", "encoding.outer_folds=10",
)  # fmt: skip
"""Children of several layers, the first of them done long before the last."""

ON_SLURM = ("hydra/launcher=submitit_slurm", "hydra.launcher.cpus_per_task=1", "hydra.launcher.mem_gb=2")


@pytest.fixture
def slurm(tmp_path_factory):
    """The environment of a fresh cluster; one at a time, however many workers the tests have."""
    pytest.importorskip("submitit", reason="the extra 'cluster' is not installed")
    if reason := slurm_cluster.why_not():
        pytest.skip(reason)
    with FileLock(tmp_path_factory.getbasetemp().parent / "slurm.lock"), slurm_cluster.cluster() as env:
        yield env


@pytest.fixture
def sweep(slurm, tmp_path):
    """Start a sweep; gives the process."""

    def start(*arguments):
        command = [sys.executable, str(ROOT / "run.py"), "-m", *ON_SLURM, *arguments]
        return subprocess.Popen(
            command, cwd=tmp_path, env=slurm, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )

    return start


def children(tmp_path):
    """The parent, and the children in the order in which they began."""
    client = MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    found = client.search_runs([client.get_experiment_by_name("brainalign").experiment_id], order_by=["start_time"])
    parent = next(r for r in found if r.data.tags.get("kind") == "sweep")
    return parent, [r for r in found if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]


def until_fitting(tmp_path, process, child):
    """Wait until a child is in the middle of its fits; gives its job's id."""
    for _ in range(240):
        for log in (tmp_path / "outputs").glob(f"2*/*-sweep/.slurm/*_{child}/*.err"):
            if "layer 0: mean r" in log.read_text():
                return log.name.removesuffix("_0_log.err")
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.5)
    raise AssertionError("no child came to its fits within two minutes")


def test_one_child_is_cancelled_one_is_preempted_and_goes_on_one_is_left_alone(slurm, sweep, brainalign, tmp_path):
    line = "export OMP_NUM_THREADS=7"
    process = sweep(*SLOW, "window.tmax=0.3,0.35,0.1", f'hydra.launcher.setup=["{line}"]')
    cancelled, preempted = (until_fitting(tmp_path, process, child) for child in (0, 1))
    subprocess.run(["scancel", cancelled], env=slurm, check=True)
    subprocess.run(
        ["scancel", "--signal=USR2", preempted], env=slurm, check=True
    )  # SLURM's own word before it preempts
    _, err = process.communicate(timeout=400)
    assert process.returncode == 1
    assert f"job {cancelled} " in err and "ended without a result (" in err and "Traceback" not in err

    (script,) = (tmp_path / "outputs").glob("2*/*-sweep/.slurm/**/*submission.sh")
    text = script.read_text()
    assert text.index(line) < text.index("OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}") < text.index("srun --")
    assert "#SBATCH --array=0-2%3" in text and "#SBATCH --requeue" in text and "#SBATCH --mem=2GB" in text

    parent, below = children(tmp_path)
    assert parent.info.status == "FAILED"
    ends = {(r.data.params["window.tmax"], r.info.status, r.data.tags.get("error")) for r in below}
    assert ends == {
        ("0.3", "KILLED", "stopped by SIGTERM"),
        ("0.35", "KILLED", "stopped by SIGUSR2"),
        ("0.35", "FINISHED", None),
        ("0.1", "FINISHED", None),
    }
    again = brainalign(*SLOW, "window.tmax=0.3")
    assert again.returncode == 0, again.stderr
    assert "reused from the cache" in again.stderr


def test_a_child_out_of_time_is_killed(sweep, tmp_path):
    limit = ("hydra.launcher.timeout_min=1", "hydra.launcher.signal_delay_s=1", "hydra.launcher.max_num_timeout=0")
    process = sweep(*SLOW, *limit, "data.sentences=600")
    _, err = process.communicate(timeout=400)
    assert process.returncode == 1, err
    _, (killed,) = children(tmp_path)
    assert killed.info.status == "KILLED" and killed.data.tags["error"].startswith("stopped by SIG")
