"""A run given away: whole, without a place of this machine, and opened in another store; and what the doctor says."""

import json
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from brainalign.analysis.compare.run import id_of
from brainalign.errors import BrainalignError
from brainalign.tools import main
from brainalign.tools.doctor import diagnose
from brainalign.tools.export import export, open_archive
from brainalign.tracking.record import Record
from brainalign.tracking.search import by_id


def made(folder, run, parent=None, started=1):
    """The folder of a run that read a lab's data, and kept its predictions."""
    (folder / "tables").mkdir(parents=True)
    (folder / "predictions").mkdir()
    (folder / "predictions" / "gpt2.safetensors").write_bytes(b"large")
    root = folder.parent / "my data" / "ds1"
    (folder / "report.html").write_text(f"<p>read from {root}, by {folder}/run.py; mean r · R² and/or 3 m/s</p>")
    (folder / "config.yaml").write_text(f"data: {{root: {root}}}\n")
    (folder / "brainalign.log").write_text(str(folder))
    table = pd.DataFrame({"model": ["gpt2", None], "r": [0.1 + 0.2, float("nan")], "file": [str(root / "a.edf")] * 2})
    table.to_parquet(folder / "tables" / "scores.parquet", index=False)
    params = {"data.root": str(root), "seed": "0"}
    tags = {"folder": str(folder), "analysis": "encoding"}
    record = Record(
        run,
        f"sqlite:///{folder.parent}/mlflow.db",
        "lab",
        run,
        parent,
        started,
        started + 1,
        "FINISHED",
        tags=tags,
        params=params,
    )
    record.metrics = [("r/mean", 0.3, 5, 0)]
    record.save(folder)
    return folder


@pytest.fixture
def sweep(tmp_path):
    """A sweep of two runs."""
    top = made(tmp_path / "a sweep", "0" * 32)
    for n in (1, 2):
        made(top / str(n), str(n) * 32, parent="0" * 32, started=n + 1)
    return top


def test_a_sweep_goes_as_one_file_and_comes_back_in_another_store(sweep, tmp_path, monkeypatch, capsys):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    main(["export", str(sweep), "s.zip"])
    main(["import", "s.zip"])
    assert "3 runs, " in capsys.readouterr().out
    client = MlflowClient(f"sqlite:///{elsewhere}/outputs/mlflow.db")
    (experiment,) = [e for e in client.search_experiments() if e.name == "lab"]
    runs = {r.info.run_name: r for r in client.search_runs([experiment.experiment_id])}
    assert (
        len(runs) == 3 and runs["1" * 32].data.metrics == {"r/mean": 0.3} and runs["1" * 32].info.status == "FINISHED"
    )
    assert runs["2" * 32].data.tags["mlflow.parentRunId"] == runs["0" * 32].info.run_id
    back = elsewhere / "outputs" / "imported" / "s"
    imported = by_id(
        f"sqlite:///{elsewhere}/outputs/mlflow.db", [id_of(str(back / "1"))]
    )  # to compare it, by its folder
    assert [r.id for r in imported] == [runs["1" * 32].info.run_id] and imported[0].folder == str(back / "1")
    left = {p.relative_to(back).as_posix() for p in back.rglob("*") if p.is_file()}
    own = {"report.html", "config.yaml", "tracking.json", "tables/scores.parquet", "tables/scores.csv"}
    assert left == {f"{top}{name}" for top in ("", "1/", "2/") for name in own}
    for table in (pd.read_parquet(back / "1/tables/scores.parquet"), pd.read_csv(back / "1/tables/scores.csv")):
        assert table["r"][0] == 0.1 + 0.2 and table["file"][0] == "…/ds1/a.edf"  # to the last bit
    assert (back / "report.html").read_text() == "<p>read from …/ds1, by …/a sweep/run.py; mean r · R² and/or 3 m/s</p>"
    texts = [p.read_text() for p in back.rglob("*") if p.suffix in (".html", ".yaml", ".csv")]
    texts.append(
        (json.loads((back / "2/tracking.json").read_text()) | {"tags": ""}).__repr__()
    )  # the folder there is its own
    assert not any(str(tmp_path) in text for text in texts)
    main(["relog", "outputs/imported/s", "--uri", "outputs"])
    assert "all of these runs already" in capsys.readouterr().out


def test_equal_runs_give_equal_archives(sweep, tmp_path):
    assert export(str(sweep), tmp_path / "a.zip") == export(str(sweep), tmp_path / "b.zip") == 3
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_what_cannot_be_done_is_one_sentence_and_leaves_nothing(sweep, tmp_path):
    there = tmp_path / "there.zip"
    there.write_text("mine")
    other, empty = tmp_path / "other.zip", tmp_path / "empty"
    empty.mkdir()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "no run")
    for do, said in (
        (lambda: export(str(sweep), there), "is there already"),
        (lambda: export(str(sweep), tmp_path / "x.tar"), "ending .zip"),
        (lambda: export(str(empty), tmp_path / "x.zip"), "holds no run"),
        (lambda: open_archive(there, tmp_path / "to"), "no whole zip archive"),
        (lambda: open_archive(other, tmp_path / "to"), "holds no run"),
        (lambda: open_archive(tmp_path / "none.zip", tmp_path / "to"), "is not there"),
        (lambda: open_archive(other, empty), "is there already"),
    ):
        with pytest.raises(BrainalignError, match=re.escape(said)):
            do()
    record = Record.load(sweep / "1")
    record.status = "RUNNING"
    record.save(sweep / "1")
    with pytest.raises(BrainalignError, match="has not ended"):
        export(str(sweep), tmp_path / "x.zip")
    assert there.read_text() == "mine" and not (tmp_path / "x.zip").exists() and not (tmp_path / "to").exists()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_the_doctor_looks_and_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("torch.get_num_threads", lambda: 999)
    found = {f.what: f for f in diagnose("outputs", Path("outputs/cache"))}
    assert list(found) == [
        "brainalign", "packages", "device", "threads", "matrix library", "memory", "disk", "MLflow store", "cache", "checkpoints",
    ]  # fmt: skip
    assert found["packages"].found.startswith("all ") and not found["packages"].advice
    assert "export OMP_NUM_THREADS=" in found["threads"].advice
    assert "not there yet" in found["MLflow store"].found and "not there yet" in found["cache"].found
    assert not list(tmp_path.iterdir())
