"""Configs that a lab shares, and a run that a colleague repeats."""

import json
import os
import shutil

import pandas as pd
from mlflow import MlflowClient

from brainalign.tools.reproduce import differences

SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=6", "data.sentences=24", "data.repeated=2", "data.repeats=3",
    "encoding.outer_folds=3", "encoding.alphas=[10,1000,100000]", "window.tmax=0.1",
)  # fmt: skip


def ids(tmp_path):
    client = MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    return [r.info.run_id for e in client.search_experiments() for r in client.search_runs([e.experiment_id])]


def test_a_run_is_repeated_bit_for_bit_and_the_last_bit_counts(brainalign, tools, tmp_path):
    assert brainalign(*SMALL, "model=tiny_gpt2", "model.layers=[1]").returncode == 0
    (run,) = ids(tmp_path)
    shown = tools("reproduce", run)
    assert shown.returncode == 0 and "model=tiny_gpt2 'model.layers=[1]'" in shown.stdout
    same = tools("reproduce", run, "--check")
    assert same.returncode == 0 and "the same, bit for bit: " in same.stdout, same.stderr
    assert len(ids(tmp_path)) == 1  # the check leaves nothing behind
    (folder,) = (p.parent for p in (tmp_path / "outputs").glob("2*/*/metrics.json"))
    shutil.copytree(folder, tmp_path / "other")
    metrics = json.loads((folder / "metrics.json").read_text())
    (tmp_path / "other" / "metrics.json").write_text(json.dumps(metrics | {"r/mean": metrics["r/mean"] + 1e-15}))
    scores = pd.read_parquet(folder / "tables" / "scores.parquet")
    scores.assign(r=scores["r"] + 1e-15).to_parquet(tmp_path / "other" / "tables" / "scores.parquet")
    found = list(differences(folder, tmp_path / "other"))
    assert len(found) == 2 and found[0].startswith("metric r/mean: ") and found[1].startswith("table scores: ")
    assert not list(differences(folder, folder))
    for name, sentence in (("0" * 32, "does not have"), (tmp_path, "has no reproduce.txt")):
        wrong = tools("reproduce", name)
        assert wrong.returncode == 1 and sentence in wrong.stderr and "Traceback" not in wrong.stderr


def test_a_new_experiment_runs_alone_and_as_a_sweep_from_a_labs_folder(brainalign, tools, tmp_path):
    made = tools("new", "experiment", "night", "--config-dir", tmp_path / "lab")
    assert made.returncode == 0, made.stderr
    few = ("--config-dir", str(tmp_path / "lab"), "experiment=night", *SMALL[1:-1])
    one = brainalign(*few, "model=mel", "window.tmax=0.38")
    assert one.returncode == 0, one.stderr
    sweep = brainalign("-m", *few, "model=mel,envelope")  # what is said here counts; the windows are the file's
    assert sweep.returncode == 0, sweep.stderr
    (table,) = (tmp_path / "outputs").glob("2*/*-sweep/tables/children.parquet")
    children = pd.read_parquet(table)
    assert sorted(zip(children["model"], children["window.tmax"], strict=True)) == [
        ("envelope", "0.2"), ("envelope", "0.38"), ("mel", "0.2"), ("mel", "0.38"),
    ]  # fmt: skip
    assert "finished before" in sweep.stderr  # the first run is one of the four
    (script,) = (tmp_path / "outputs").glob("2*/*-sweep/reproduce.txt")
    assert f"-m --config-dir={tmp_path}/lab experiment=night" in script.read_text()


def test_a_labs_package_on_the_search_path_adds_options(brainalign, tmp_path):
    package = tmp_path / "ourlab"
    (package / "conf" / "model").mkdir(parents=True)
    for folder in (package, package / "conf", package / "conf" / "model"):
        (folder / "__init__.py").touch()
    (package / "conf" / "model" / "ours.yaml").write_text("defaults: [mel, _self_]\nname: ours\n")
    done = brainalign(
        *SMALL,
        "hydra.searchpath=[pkg://ourlab.conf]",
        "model=ours",
        PYTHONPATH=f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}",
    )
    assert done.returncode == 0, done.stderr
    assert "ours: mean r" in done.stdout
