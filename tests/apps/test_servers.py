"""MLflow as labs have it: a server on PostgreSQL that hands artifacts on; it may go away in the middle of a run."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from tests.apps.servers.servers import MlflowServer, postgres, postgres_binaries

ROOT = Path(__file__).resolve().parents[2]
SMALL = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=6", "data.sentences=24", "data.repeated=2", "data.repeats=3",
    "encoding.outer_folds=3", "encoding.alphas=[10,1000,100000]", "window.tmax=0.1",
)  # fmt: skip

pytestmark = [
    pytest.mark.skipif(postgres_binaries() is None, reason="a real PostgreSQL is needed (apt-get install postgresql)"),
    pytest.mark.skipif(
        importlib.util.find_spec("psycopg") is None, reason="psycopg is needed (the extra 'dev' has it)"
    ),
]


@pytest.fixture(scope="module")
def database():
    with postgres() as uri:
        yield uri


@pytest.fixture
def server(database, tmp_path):
    made = MlflowServer(database, tmp_path / "artifacts")
    made.start()
    yield made
    made.kill()


def runs_of(server, experiment):
    client = MlflowClient(server.uri)
    return client, client.search_runs([client.get_experiment_by_name(experiment).experiment_id])


def test_a_sweep_a_comparison_and_what_they_leave_on_a_server(brainalign, server, tmp_path):
    place = (f"tracking.uri={server.uri}", "tracking.experiment=Gehör und Sprache · 耳")
    done = brainalign("-m", *SMALL, *place[:1], f"tracking.experiment='{place[1].split('=')[1]}'", "model=mel,envelope")
    assert done.returncode == 0, done.stderr
    client, found = runs_of(server, "Gehör und Sprache · 耳")
    parent = next(r for r in found if r.data.tags.get("kind") == "sweep")
    children = [r for r in found if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert {r.info.status for r in found} == {"FINISHED"} and len(children) == 2
    assert children[0].info.artifact_uri.startswith("mlflow-artifacts:")
    assert {"report.html", "tables", "figures", "reproduce.txt"} <= {
        a.path for a in client.list_artifacts(children[0].info.run_id)
    }
    assert not (tmp_path / "outputs" / "mlflow.db").exists()
    # a colleague compares them, without the folders
    for folder in (tmp_path / "outputs").glob("2*"):
        folder.rename(tmp_path / "elsewhere")
    ids = ",".join(r.info.run_id for r in children)
    compared = brainalign("analysis=compare", place[0], f"analysis.runs=[{ids}]")
    assert compared.returncode == 0, compared.stderr
    assert "mel" in compared.stdout and "envelope" in compared.stdout


def test_a_server_that_dies_in_the_middle_loses_nothing_and_relog_catches_up(server, tools, tmp_path):
    environment = os.environ | {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "COLUMNS": "200"}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), *SMALL, "model=tiny_gpt2", f"tracking.uri={server.uri}", "tracking.experiment=lost"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    said = []
    for line in process.stderr:
        said.append(line)
        if "layer 0: mean r" in line:
            server.kill()
    assert process.wait(timeout=200) == 0, "".join(said)
    last = [line for line in said if "brainalign-tools relog" in line]
    assert last and "MLflow has not all of this run" in last[0]
    (folder,) = (p.parent for p in (tmp_path / "outputs").glob("2*/*/metrics.json"))
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (folder / "report.html").exists() and json.loads((folder / "tracking.json").read_text())["unlogged"]

    dead = tools("relog", folder)
    assert dead.returncode == 1 and "did not answer" in dead.stderr and "Traceback" not in dead.stderr
    server.start()
    client, (run,) = runs_of(server, "lost")
    assert run.info.status == "RUNNING"
    for sentence in ("1 run(s) logged", "MLflow has all of these runs already"):
        again = tools("relog", tmp_path / "outputs")
        assert again.returncode == 0 and sentence in again.stdout, again.stderr
    _, (after,) = runs_of(server, "lost")
    assert after.info.run_id == run.info.run_id and after.info.status == "FINISHED"
    assert after.data.metrics == {k: v for k, v in metrics.items() if v is not None}
    layers = pd.read_parquet(folder / "tables" / "layers.parquet").query("model == 'tiny_gpt2 untrained'")
    curve = {m.step: m.value for m in client.get_metric_history(run.info.run_id, "layer/r2/mean")}
    assert curve == pytest.approx(layers.groupby("layer")["r2"].mean().to_dict())
    assert {"report.html", "tables", "figures"} <= {a.path for a in client.list_artifacts(run.info.run_id)}


def test_a_server_that_is_not_there_is_said_before_any_work(brainalign, tmp_path):
    done = brainalign(*SMALL, "model=mel", "tracking.uri=http://127.0.0.1:9")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "the MLflow server http://127.0.0.1:9 did not answer" in last and "tracking=offline" in last
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_database_without_a_server_has_its_artifacts_in_the_folder_of_results(brainalign, database, tmp_path):
    place = f"tracking.uri={database.replace('postgresql://', 'postgresql+psycopg://')}"
    done = brainalign(*SMALL, "model=mel", place, "tracking.experiment=direct")
    assert done.returncode == 0, done.stderr
    made = tmp_path / "outputs" / "mlartifacts"
    assert f"artifacts of the experiment direct go to {made}" in " ".join(done.stderr.split())
    assert list(made.glob("*/artifacts/report.html")) and not list(tmp_path.rglob("mlruns"))
