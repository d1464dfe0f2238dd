"""Folders of results that were moved or copied, stores that lack their runs, and where artifacts go."""

import json
import logging
import shutil

import pytest

from brainalign.errors import BrainalignError
from brainalign.tools.relog import relog
from brainalign.tools.reproduce import run_folder
from brainalign.tracking import absolute_uri, artifacts, artifacts_of, as_parent, prepare_store
from brainalign.tracking import store as stores
from brainalign.tracking.client import mlflow_client
from brainalign.tracking.record import ORIGIN, Record
from brainalign.tracking.search import by_id, fetch


@pytest.fixture
def finished_run(begin, uri, tmp_path):
    """A finished run whose store, artifacts and folder all lie in ``results``."""
    folder = tmp_path / "results" / "out"
    with begin(folder=folder) as run:
        (folder / "tables").mkdir()
        (folder / "tables" / "scores.parquet").write_text("scores")
        run.log_artifacts(folder)
    return run


def other_store(empty_store, folder):
    folder.mkdir()
    shutil.copy(empty_store, folder / "mlflow.db")
    return absolute_uri(folder)


def in_store(uri):
    client = mlflow_client(uri)
    return client.search_runs([client.get_experiment_by_name("encoding").experiment_id])


def test_relog_gives_another_store_what_it_lacks_once(begin, uri, tmp_path, empty_store, capsys):
    with (
        begin(name="sweep", folder=tmp_path / "sweep") as parent,
        as_parent(parent),
        begin(name="child", folder=tmp_path / "sweep" / "0") as child,
    ):
        child.log_metrics({"r2/mean": 0.5})
    copy = shutil.copytree(tmp_path / "sweep", tmp_path / "copy")
    other = other_store(empty_store, tmp_path / "other")
    assert relog(copy, other) == 2
    assert relog(copy, other) == relog(tmp_path / "sweep", other) == relog(copy, uri) == relog(copy, None) == 0
    found = {run.info.run_name: run for run in in_store(other)}
    above, below = found["sweep"], found["child"]
    assert len(in_store(other)) == len(in_store(uri)) == 2
    assert below.data.tags["mlflow.parentRunId"] == above.info.run_id != parent.id
    assert (below.data.tags[ORIGIN], below.data.metrics) == (child.id, {"r2/mean": 0.5})
    assert below.data.tags["folder"].endswith("copy/0") and below.info.status == "FINISHED"
    assert Record.load(copy / "0").id == child.id  # its own store knows it still


def test_a_child_that_is_relogged_alone_names_no_parent_that_the_store_lacks(begin, uri, tmp_path, empty_store, capsys):
    with (
        begin(name="sweep", folder=tmp_path / "sweep") as parent,
        as_parent(parent),
        begin(name="child", folder=tmp_path / "sweep" / "0"),
    ):
        pass
    other = other_store(empty_store, tmp_path / "other")
    assert relog(tmp_path / "sweep" / "0", other) == 1
    assert "lacks the sweep" in capsys.readouterr().out
    (below,) = in_store(other)
    assert "mlflow.parentRunId" not in below.data.tags
    assert relog(tmp_path / "sweep", other) == 1  # the sweep itself; the child goes below it
    found = {run.info.run_name: run for run in in_store(other)}
    assert len(in_store(other)) == 2
    assert found["child"].data.tags["mlflow.parentRunId"] == found["sweep"].info.run_id != parent.id
    third = other_store(empty_store, tmp_path / "third")
    parents_copy = shutil.copytree(tmp_path / "sweep", tmp_path / "copy", ignore=shutil.ignore_patterns("0"))
    assert (
        relog(parents_copy, third) == 1 and relog(tmp_path / "sweep" / "0", third) == 1
    )  # the sweep first, then the child alone
    found = {run.info.run_name: run for run in in_store(third)}
    assert found["child"].data.tags["mlflow.parentRunId"] == found["sweep"].info.run_id


def test_relog_of_a_folder_whose_store_is_gone_says_so(finished_run, uri, tmp_path, empty_store):
    (tmp_path / "results").rename(tmp_path / "moved")
    with pytest.raises(BrainalignError, match=r"was logged to .*results/mlflow.db, which is not there any more.*--uri"):
        relog(tmp_path / "moved", None)
    with pytest.raises(BrainalignError, match=r"moved/mlflow.db was moved"):
        relog(tmp_path / "moved", absolute_uri(tmp_path / "moved"))
    assert relog(tmp_path / "moved", other_store(empty_store, tmp_path / "new")) == 1


def test_relog_keeps_no_password(begin, tmp_path, uri, monkeypatch):
    with begin(uri="offline"):
        pass
    monkeypatch.setattr("brainalign.tools.relog.hide_secrets", lambda text: f"hidden {text}")
    assert relog(tmp_path / "out", uri) == 1
    assert json.loads((tmp_path / "out" / "tracking.json").read_text())["uri"] == f"hidden {uri}"


def test_a_moved_folder_of_results_is_read_where_it_lies_now(finished_run, tmp_path, caplog):
    (tmp_path / "results").rename(tmp_path / "moved")
    uri = absolute_uri(tmp_path / "moved")
    (found,) = by_id(uri, [finished_run.id])
    file = fetch(uri, found, "tables/scores.parquet", tmp_path)
    assert file.read_text() == "scores" and file.is_relative_to(tmp_path / "moved")
    assert "the folder of results was moved" in caplog.text and "results/mlartifacts" in caplog.text
    assert fetch(uri, found, "tables/none.parquet", tmp_path) is None
    assert (run_folder(finished_run.id, uri, tmp_path) / "tables" / "scores.parquet").is_file()


def test_a_store_that_was_moved_alone_names_where_the_artifacts_were(finished_run, tmp_path):
    (tmp_path / "alone").mkdir()
    shutil.move(tmp_path / "results" / "mlflow.db", tmp_path / "alone")
    shutil.rmtree(tmp_path / "results")
    uri = absolute_uri(tmp_path / "alone")
    (found,) = by_id(uri, [finished_run.id])
    said = (
        rf"the run {found.id} left its artifacts in .*results/mlartifacts/.*not there any more.*brainalign-tools relog"
    )
    with pytest.raises(BrainalignError, match=said):
        fetch(uri, found, "tables/scores.parquet", tmp_path)
    with pytest.raises(BrainalignError, match=said):
        run_folder(found.id, uri, tmp_path)


def test_a_new_run_does_not_make_the_old_place_again(finished_run, begin, tmp_path):
    (tmp_path / "results").rename(tmp_path / "moved")
    uri = absolute_uri(tmp_path / "moved")
    with (
        pytest.raises(
            BrainalignError, match=r"moved/mlflow.db was moved: .*'encoding' keeps artifacts in .*results/mlartifacts"
        ),
        begin(uri=uri),
    ):
        pass
    assert not (tmp_path / "results").exists()
    with begin(uri=uri, experiment="another"):
        pass
    (tmp_path / "results").symlink_to(tmp_path / "moved")
    with begin(uri=uri) as run:
        pass
    assert (tmp_path / "moved" / "mlartifacts" / run.id).is_dir()


def test_a_databases_artifacts_have_an_absolute_place(tmp_path, monkeypatch, caplog):
    """MLflow itself would make ``mlruns`` in whatever folder the program was called from; the server is played by a file here."""
    monkeypatch.chdir(tmp_path)
    place = artifacts_of("postgresql://db/runs", None, "results")
    assert place == (tmp_path / "results" / "mlartifacts").as_uri()
    assert artifacts_of("postgresql+psycopg2://db/runs", "kept", "results") == (tmp_path / "kept").as_uri()
    assert artifacts_of("http://server", "kept", "results") == (tmp_path / "kept").as_uri()
    assert artifacts_of("mysql://db/runs", "s3://lab/runs", "results") == "s3://lab/runs"
    assert artifacts_of("https://server", None, "results") is artifacts_of("databricks", None, "results") is None
    uri = absolute_uri(tmp_path)
    prepare_store(uri, "Default")
    for module in (stores, artifacts):
        monkeypatch.setattr(module, "database_file", lambda uri: None)
    with caplog.at_level(logging.INFO):
        made = prepare_store(uri, "new", place)
        assert prepare_store(uri, "new", "file:///elsewhere") == made
    assert mlflow_client(uri).get_experiment(made).artifact_location == place
    assert f"go to {tmp_path}/results/mlartifacts" in caplog.text and "and not to /elsewhere" in caplog.text


def test_what_is_configured_holds_for_a_file_too(begin, tmp_path):
    with begin(artifacts=(tmp_path / "kept").as_uri(), experiment="own") as run:
        pass
    assert (tmp_path / "kept" / run.id / "artifacts" / "config.yaml").is_file()
