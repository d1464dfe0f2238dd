"""Sweeps and what comes after: a parent that sums up, the same command again, runs compared."""

import json
import re

import pandas as pd
import pytest
from mlflow import MlflowClient

SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=6", "data.sentences=24", "data.repeated=2", "data.repeats=3",
    "encoding.outer_folds=3", "encoding.alphas=[10,1000,100000]", "window.tmax=0.1",
)  # fmt: skip


def runs(tmp_path):
    client = MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("brainalign")
    return client, client.search_runs([experiment.experiment_id])


def sweep_folders(tmp_path):
    return sorted((tmp_path / "outputs").glob("2*/*-sweep"))


def test_a_sweep_sums_up_its_children_and_the_same_command_again_does_only_what_failed(brainalign, tmp_path):
    command = ("-m", *SMALL, "model=mel,causal_lm,envelope")
    first = brainalign(*command)
    assert first.returncode == 1
    (folder,) = sweep_folders(tmp_path)
    table = pd.read_parquet(folder / "tables" / "children.parquet").set_index("model")
    assert table["status"].to_dict() == {"mel": "FINISHED", "causal_lm": "FAILED", "envelope": "FINISHED"}
    assert "model.path nor model.checkpoint is set" in table.loc["causal_lm", "error"]
    assert table["r2_normalized/mean"].idxmax() == "mel" and "best by r2_normalized/mean: model=mel" in first.stderr
    assert (folder / "figures" / "sweep.png").exists()
    assert (
        table["ceiling/mean"].notna().sum() == 2
        and "ceiling" in (folder / "tables" / "children.tex").read_text().split("midrule")[0]
    )
    assert table["r2_normalized/low"].notna().sum() == 2  # its whiskers
    assert f"electrode by electrode, with tests: analysis=compare analysis.sweep={folder}" in first.stderr
    compared = brainalign(
        "analysis=compare", f"analysis.sweep={folder}", "hydra.run.dir=compared", "tracking.experiment=compared"
    )
    assert compared.returncode == 0, compared.stderr
    assert set(pd.read_parquet(tmp_path / "compared" / "tables" / "scores.parquet")["model"]) == {"mel", "envelope"}
    client, found = runs(tmp_path)
    parent = next(r for r in found if r.data.tags.get("kind") == "sweep")
    assert parent.info.status == "FAILED" and parent.data.tags["best"] == table.loc["mel", "run"]
    assert parent.data.metrics["children/finished"] == 2 and parent.data.metrics["children/failed"] == 1
    assert "1 of 3 children did not finish" in parent.data.tags["error"]
    assert {"tables", "figures"} <= {a.path for a in client.list_artifacts(parent.info.run_id)}

    again = brainalign(*command)
    assert again.stderr.count("finished before, under the same config, data and code") == 2
    _, later = runs(tmp_path)
    assert len(later) == len(found) + 2  # the new parent, and the child that failed again
    table = pd.read_parquet(sweep_folders(tmp_path)[1] / "tables" / "children.parquet")
    assert sorted(table["status"]) == ["FAILED", "FINISHED", "FINISHED"]


def test_a_finished_run_is_not_done_again_unless_asked_and_anything_that_matters_makes_it_another(brainalign, tmp_path):
    command = (*SMALL, "model=envelope")
    for _ in range(2):
        assert brainalign(*command).returncode == 0
    assert len(runs(tmp_path)[1]) == 1
    assert brainalign(*command, "tracking.resume=false").returncode == 0
    assert len(runs(tmp_path)[1]) == 2
    assert brainalign(*command, "seed=1").returncode == 0
    assert len(runs(tmp_path)[1]) == 3
    _, found = runs(tmp_path)
    twins = [r.data.metrics for r in found if r.data.params["seed"] == "0"]
    assert twins[0] == twins[1]  # done again, bit for bit


def test_a_run_that_died_unseen_is_marked_and_done_again(brainalign, tmp_path):
    command = (*SMALL, "model=envelope")
    assert brainalign(*command).returncode == 0
    client, (run,) = runs(tmp_path)
    client.update_run(run.info.run_id, status="RUNNING")  # what SIGKILL or a power cut leaves behind
    again = brainalign(*command)
    assert again.returncode == 0 and "its process is gone" in again.stderr
    assert sorted(r.info.status for r in runs(tmp_path)[1]) == ["FINISHED", "KILLED"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder of three runs that are compared in all ways."""
    return tmp_path_factory.mktemp("three")


@pytest.fixture(scope="module")
def three_runs(brainalign_in, place):
    done = brainalign_in(place, "-m", *SMALL, "model=mel,envelope,word_rate")
    assert done.returncode == 0, done.stderr
    return {r.data.tags["model"]: r.info.run_id for r in runs(place)[1] if r.data.tags.get("kind") != "sweep"}


def test_runs_are_compared_electrode_by_electrode(brainalign_in, place, three_runs):
    done = brainalign_in(place, "analysis=compare", "analysis.query='tags.analysis = \"encoding\"'")
    assert done.returncode == 0, done.stderr
    client, found = runs(place)
    run = next(r for r in found if r.data.tags.get("analysis") == "compare")
    assert set(run.data.tags["sources"].split("\n")) == set(three_runs.values())
    (folder,) = {p.parent for p in (place / "outputs").glob("2*/*/metrics.json")}
    tests = pd.read_parquet(folder / "tables" / "tests.parquet")
    assert set(tests["contrast"]) == {"mel - envelope", "mel - word_rate", "envelope - word_rate"}
    assert set(tests["family_size"]) == {3 * 5}
    scores = pd.read_parquet(folder / "tables" / "scores.parquet")
    metrics = json.loads((folder / "metrics.json").read_text())
    source = client.get_run(three_runs["mel"]).data.metrics["r2/mean"]
    assert metrics["r2/mel/mean"] == pytest.approx(source) == pytest.approx(scores.query("model == 'mel'")["r2"].mean())
    first, *others = three_runs.values()
    (by_folder,) = (
        f.parent.relative_to(place) for f in place.glob("outputs/2*/*/*/tracking.json") if first in f.read_text()
    )
    against = brainalign_in(
        place,
        "analysis=compare",
        f"analysis.runs=[{','.join([str(by_folder), *others])}]",
        "analysis.against=word_rate",
    )
    assert against.returncode == 0 and "mel - word_rate" in against.stdout and "mel - envelope" not in against.stdout


def test_what_cannot_be_compared_is_refused_in_one_sentence(brainalign_in, place, three_runs):
    assert brainalign_in(place, *SMALL, "model=mel", "data.seed=3").returncode == 0
    other = next(r.info.run_id for r in runs(place)[1] if r.data.params.get("data.seed") == "3")
    for changes, sentence in {
        (f"analysis.runs=[{three_runs['mel']},{other}]",): "differ in the data set",
        ("analysis.query='tags.model = \"nobody\"'",): "finds no run in brainalign",
        ("analysis.query=tags.model is like",): "is not MLflow's language",
        ("analysis.experiments=[nowhere]",): "names 'nowhere', which",
        ("analysis.runs=[0123]",): "does not have",
        ("analysis.runs=[outputs]",): "outputs has no tracking.json: it is no run's folder",
        (f"analysis.runs=[{three_runs['mel']}]",): "at least 2 are needed",
        (
            f"analysis.runs=[{three_runs['mel']},{three_runs['envelope']}]",
            "analysis.against=mle",
        ): "did you mean 'mel'?",
    }.items():
        done = brainalign_in(place, "analysis=compare", *changes)
        assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr, (
            changes,
            done.stderr,
        )


def test_a_run_whose_table_is_gone_is_named(brainalign_in, place, three_runs):
    run = three_runs["mel"]
    for pattern in (
        "outputs/2*/*-sweep/*/tables/scores.parquet",
        f"outputs/mlartifacts/{run}/artifacts/tables/scores.parquet",
    ):
        for table in place.glob(pattern):
            table.unlink()
    done = brainalign_in(place, "analysis=compare", f"analysis.runs=[{run},{three_runs['envelope']}]")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"the run {run} (mel · encoding · simulated) has no table of scores" in done.stderr


def test_ones_own_checkpoints_are_swept_by_name_and_plans_are_added_up(brainalign, tmp_path, test_data):
    """Options of a lab's folder, one key; plans leave neither run nor folder, and one that cannot be made is said."""
    place = tmp_path / "lab" / "model"
    place.mkdir(parents=True)
    for name, path in (("step_1", test_data / "models" / "aidreams-260k"), ("step_2", tmp_path / "nowhere")):
        (place / f"{name}.yaml").write_text(f"defaults: [causal_lm, _self_]\nname: {name}\npath: {path}\n")
    done = brainalign("-m", "--config-dir=lab", *SMALL, "model=step_1,step_2,mel", "plan=true")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "extract step_1" in done.stdout and "extract mel" in done.stdout
    assert re.search(r"2 of 3 children planned: in all about \d.*; \d+\.\d GiB needed at most", done.stderr)
    assert re.search(r"no plan of .*model=step_2.*nowhere", done.stderr)
    assert re.match(r"brainalign: .*nowhere", done.stderr.splitlines()[-1])
    outputs = tmp_path / "outputs"
    assert not (outputs / "mlflow.db").exists() and {p.name for p in outputs.iterdir()} <= {"cache"}
