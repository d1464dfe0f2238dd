"""hydra/launcher=joblib, and what a launcher that cannot be used says."""

import os

import pytest
from mlflow import MlflowClient

SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=6", "data.sentences=24", "data.repeated=2", "data.repeats=3",
    "encoding.outer_folds=3", "encoding.alphas=[10,1000,100000]", "window.tmax=0.1", "model=mel",
)  # fmt: skip


def test_children_side_by_side_are_nested_under_one_parent_in_a_fresh_database(brainalign, tmp_path):
    done = brainalign("-m", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", *SMALL, "window.tmax=0.1,0.08,0.06")
    assert done.returncode == 0, done.stderr
    client = MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    found = client.search_runs([client.get_experiment_by_name("brainalign").experiment_id])
    (parent,) = (r for r in found if r.data.tags.get("kind") == "sweep")
    children = [r for r in found if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert {r.info.status for r in found} == {"FINISHED"} and len(found) == 4
    assert {r.data.params["window.tmax"] for r in children} == {"0.1", "0.08", "0.06"}
    assert [len(list((tmp_path / "outputs").glob(f"2*/*-sweep/{n}/metrics.json"))) for n in range(3)] == [1, 1, 1]
    workers = {r.data.tags["pid"] for r in children}
    assert len(workers) == 2 and parent.data.tags["pid"] not in workers


def test_a_failing_child_stops_nobody_else(brainalign, tmp_path):
    done = brainalign("-m", "hydra/launcher=joblib", *SMALL, "model=causal_lm,envelope")
    assert done.returncode == 1 and "model.path nor model.checkpoint is set" in done.stderr
    assert len(list((tmp_path / "outputs").glob("2*/*-sweep/1/metrics.json"))) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["hydra/launcher=jobllib"], "hydra/launcher=jobllib is no option of hydra/launcher; did you mean 'joblib'?"),
        (["hydra/launcher=joblib", "hydra.launcher.n_jobs=0"], "hydra.launcher.n_jobs=0 is impossible"),
        (["hydra/launcher=joblib", "hydra.launcher.partition=gpu"], "it belongs to hydra/launcher=submitit_slurm"),
        (["hydra/launcher=submitit_slurm"], "pip install 'brainalign[cluster]'"),
        (["hydra/launcher=submitit_slurm", "hydra.launcher.mem=4"], "did you mean 'hydra.launcher.mem_gb'?"),
    ],
)
def test_a_fault_is_one_sentence_and_leaves_nothing(brainalign, tmp_path, arguments, sentence):
    # a submitit that cannot be found, whether it is installed or not
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['submitit'] = None\n")
    done = brainalign("-m", *SMALL, *arguments, PYTHONPATH=f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("brainalign: ") and sentence in last and "Traceback" not in done.stderr
    assert not (tmp_path / "outputs").exists()


def test_slurm_is_refused_where_there_is_none_and_a_gpu_that_would_be_idle(brainalign, tmp_path):
    pytest.importorskip("submitit", reason="the extra 'cluster' is not installed")
    nowhere = brainalign("-m", *SMALL, "hydra/launcher=submitit_slurm", PATH=str(tmp_path))
    assert nowhere.returncode == 1 and "there is no command sbatch here" in nowhere.stderr.splitlines()[-1]
    for command in ("sbatch", "srun", "squeue", "scontrol"):
        (tmp_path / command).write_text("#!/bin/sh\necho sbatch: error: invalid partition >&2\nexit 1\n")
        (tmp_path / command).chmod(0o755)
    idle = brainalign("-m", *SMALL, "hydra/launcher=submitit_slurm_gpu", PATH=str(tmp_path))
    assert idle.returncode == 1 and "add device=cuda" in idle.stderr.splitlines()[-1]
    refused = brainalign("-m", *SMALL, "hydra/launcher=submitit_slurm", PATH=str(tmp_path))
    assert refused.returncode == 1 and "sbatch refuses the sweep: invalid partition" in refused.stderr
