"""Where runs are kept: absolute URIs, the first creation, and every fault in one sentence."""

import shlex
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from brainalign.errors import BrainalignError
from brainalign.tracking import CODE, absolute_uri, finished, identities, prepare_store, ui_command
from brainalign.tracking.client import mlflow_client


def test_uris_are_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute_uri("results") == f"sqlite:///{tmp_path}/results/mlflow.db"
    assert absolute_uri("sqlite:///runs.db") == f"sqlite:///{tmp_path}/runs.db"
    assert absolute_uri("runs.db") == f"sqlite:///{tmp_path}/runs.db"
    assert absolute_uri(tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    assert absolute_uri(absolute_uri("results")) == absolute_uri("results")
    assert absolute_uri("postgresql+psycopg2://me@db/x") == "postgresql+psycopg2://me@db/x"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("file:///data/mlruns", "no MLflow store that can be written"),
        ("htp://localhost:5000", "did you mean 'http'"),
        ("sqlite:///", "keeps nothing"),
        ("sqlite:///:memory:", "keeps nothing"),
        ("what?", "'?' in its name"),
    ],
)
def test_uris_that_cannot_be_used_are_one_sentence(bad, said):
    with pytest.raises(BrainalignError) as caught:
        absolute_uri(bad)
    assert said in str(caught.value)
    assert str(caught.value).startswith("tracking.uri: ")
    assert str(caught.value).endswith(".")


def test_who_looks_decides_what_counts_as_the_same_code(begin, uri, monkeypatch):
    """A run of older source is found by ``version`` and ``any``, one of an older release by ``any``, and neither by ``source``."""
    settings, state = {"seed": 0}, {"source": "old files", "version": "0.9", "any": ""}
    module = sys.modules["brainalign.tracking.identity"]  # the package has a function of that name
    monkeypatch.setattr(module, "code_state", state.__getitem__)

    def found():
        known = identities(settings, "data", {"mel": "1"})
        return [code for code, tag in CODE.items() if finished(uri, "encoding", tag, known[tag])]

    with pytest.raises(ZeroDivisionError), begin(tags=identities(settings, "data", {"mel": "1"})):
        1 / 0  # noqa: B018
    assert found() == []  # it did not finish
    with begin(tags=identities(settings, "data", {"mel": "1"})):
        pass
    assert found() == ["source", "version", "any"]
    state["source"] = "new files"
    assert found() == ["version", "any"]
    state["version"] = "1.0"
    assert found() == ["any"]
    settings["seed"] = 1
    assert found() == []


def test_the_same_experiment_keeps_its_id(uri):
    first = prepare_store(uri, "encoding")
    assert prepare_store(uri, "encoding") == first
    assert prepare_store(uri, "cca") != first


@pytest.mark.parametrize("name", ["Ergebnisse für 東京", "a b'c", "50% #1 [x]"])
def test_folders_of_any_name(name, begin, stored, empty_store, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "mlflow.db").write_bytes(empty_store.read_bytes())
    (tmp_path / "out").mkdir()
    (tmp_path / "out/report.html").write_text("report")
    with begin(uri=absolute_uri(folder), experiment="Größe") as run:
        run.log_artifacts(tmp_path / "out")
    assert (folder / "mlartifacts" / run.id / "artifacts/report.html").read_text() == "report"
    got = mlflow_client(run.uri).download_artifacts(run.id, "report.html", str(tmp_path))
    assert Path(got).read_text() == "report"
    assert stored(run).info.status == "FINISHED"
    assert sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) == [
        "mlartifacts",
        "mlflow.db",
    ]


def test_a_stray_mlruns_folder_is_ignored(begin, stored, tmp_path, monkeypatch):
    (tmp_path / "mlruns/0").mkdir(parents=True)
    (tmp_path / "mlruns/0/meta.yaml").write_text("experiment_id: 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", str(tmp_path / "mlruns"))
    with begin() as run:
        run.log_metrics({"r": 0.5})
        run.log_artifacts(tmp_path / "out")
    assert stored(run).data.metrics == {"r": 0.5}
    assert [p.name for p in (tmp_path / "mlruns").rglob("*")] == ["0", "meta.yaml"]


TRACK = """
import sys
from brainalign.tracking import tracked_run
from brainalign.tracking.client import mlflow_client
uri, folder, number = sys.argv[1:]
mlflow_client("http://127.0.0.1:1")  # the slow import is over before all begin at once
print("ready", flush=True)
sys.stdin.readline()
with tracked_run(
    uri=uri, experiment="sweep", name=number, tags={}, params={"number": int(number)}, folder=folder, description=""
) as run:
    run.log_metrics({"number": float(number), "layer/r": [(i, i / 10) for i in range(5)]})
"""


@pytest.mark.parametrize("prepared", [True, False])
def test_four_processes_at_once_on_a_fresh_store(python, tmp_path, prepared):
    uri = absolute_uri(tmp_path / "results")
    if prepared:
        prepare_store(uri, "sweep")
    processes = [python(TRACK, uri, tmp_path / str(i), i) for i in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert errors == ""
    client = mlflow_client(uri)
    runs = client.search_runs([prepare_store(uri, "sweep")])
    assert sorted(run.data.metrics["number"] for run in runs) == [0, 1, 2, 3]
    assert {run.info.status for run in runs} == {"FINISHED"}
    with sqlite3.connect(tmp_path / "results/mlflow.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not (tmp_path / "mlruns").exists()


def test_a_creation_that_is_killed_does_not_spoil_the_store(tmp_path, monkeypatch):
    from mlflow.store.db import utils

    def killed(engine):
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE experiments (half INTEGER)")
        raise KeyboardInterrupt

    uri = absolute_uri(tmp_path / "results")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(utils, "_initialize_tables", killed)
        prepare_store(uri, "encoding")
    assert not (tmp_path / "results/mlflow.db").exists()
    assert prepare_store(uri, "encoding")


def test_a_store_that_cannot_be_locked(tmp_path):
    (tmp_path / ".mlflow.db.lock").mkdir()
    with pytest.raises(BrainalignError, match=r"mlflow.db cannot be used .*unable to open"):
        prepare_store(absolute_uri(tmp_path), "encoding")


def test_a_deleted_experiment_is_named_with_the_way_back(uri, tmp_path):
    experiment = prepare_store(uri, "it's gone")
    mlflow_client(uri).delete_experiment(experiment)
    with pytest.raises(BrainalignError) as caught:
        prepare_store(uri, "it's gone")
    assert 'tracking.experiment: "it\'s gone" is deleted' in str(caught.value)
    command = str(caught.value).split("`")[1]
    assert command == f"MLFLOW_TRACKING_URI={uri} mlflow experiments restore --experiment-id {experiment}"
    mlflow_client(uri).restore_experiment(experiment)
    assert prepare_store(uri, "it's gone") == experiment


def test_a_server_that_is_not_there_is_one_sentence_at_once():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mlflow_client("http://127.0.0.1:1")  # the import
    before = time.monotonic()
    with pytest.raises(BrainalignError) as caught:
        prepare_store(f"http://me:secret@127.0.0.1:{port}", "encoding")
    assert time.monotonic() - before < 5
    assert f"the MLflow server http://***@127.0.0.1:{port} did not answer" in str(caught.value)
    assert "refused" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_says_nothing_is_given_up_on(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        before = time.monotonic()
        with pytest.raises(BrainalignError, match=r"did not answer .*timed out"):
            prepare_store(f"http://127.0.0.1:{silent.getsockname()[1]}", "encoding")
    assert time.monotonic() - before < 10


def test_a_file_that_is_no_database_is_one_sentence_and_stays(tmp_path):
    file = tmp_path / "mlflow.db"
    file.write_text("my thesis " * 1000)
    with pytest.raises(BrainalignError, match=r"mlflow.db cannot be used as an MLflow store .*not a database"):
        prepare_store(absolute_uri(tmp_path), "encoding")
    assert file.read_text() == "my thesis " * 1000


def test_a_store_of_another_mlflow_is_told_to_be_upgraded(uri, tmp_path):
    with sqlite3.connect(tmp_path / "results/mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    with pytest.raises(BrainalignError, match="mlflow db upgrade"):
        prepare_store(uri, "encoding")


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BrainalignError, match=r"file/results/mlflow.db cannot be used .*Not a directory"):
        prepare_store(absolute_uri(tmp_path / "file/results"), "encoding")


def test_the_line_that_opens_the_ui(tmp_path):
    uri = absolute_uri(tmp_path / "my results")
    words = shlex.split(ui_command(uri))
    assert words[-3:] == ["ui", "--backend-store-uri", uri]
    assert subprocess.run([*words[:-2], "--help"], capture_output=True, check=True).stdout
    assert ui_command("http://me:pw@server:5000") == "http://***@server:5000"


def test_a_fresh_store_is_whole_and_later_connections_wait_for_the_disk(tmp_path):
    from mlflow.store.db.utils import create_sqlalchemy_engine
    from sqlalchemy import text

    prepare_store(tmp_path, "speech")
    engine = create_sqlalchemy_engine(absolute_uri(tmp_path))
    with engine.connect() as connection:
        asked = {
            p: connection.execute(text(f"PRAGMA {p}")).scalar()
            for p in ("synchronous", "journal_mode", "integrity_check")
        }
    engine.dispose()
    assert asked == {"synchronous": 2, "journal_mode": "delete", "integrity_check": "ok"}
