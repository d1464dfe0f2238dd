"""What MLflow has of a run: its state, parameters, metrics, data set, artifacts, and its place under a parent."""

import json
import logging
import os
import signal
import threading
from pathlib import Path

import pytest

from brainalign.errors import BrainalignError
from brainalign.tools.relog import relog
from brainalign.tracking import NOTE, PARENT_RUN, as_parent, figure_link, load_run, write_metrics
from brainalign.tracking.client import mlflow_client
from brainalign.tracking.record import Record
from brainalign.tracking.search import Tracked


def only_run(uri, experiment="encoding"):
    client = mlflow_client(uri)
    (run,) = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return run


def test_a_run_that_ends_well_is_finished(begin, stored):
    with begin(tags={"model": "gpt2", "n": 3}, description="**gpt2**") as run:
        assert stored(run).info.status == "RUNNING"
    info, tags = stored(run).info, stored(run).data.tags
    assert info.status == "FINISHED"
    assert info.run_name == "gpt2 on simulated"
    assert info.end_time >= info.start_time
    assert (tags["model"], tags["n"], tags["mlflow.note.content"]) == ("gpt2", "3", "**gpt2**")
    assert "error" not in tags


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (BrainalignError("model.path: there is no folder 'x'."), "model.path: there is no folder 'x'."),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (SystemExit(2), "exit status 2"),
    ],
)
def test_an_exception_is_failed_said_and_raised_on(begin, stored, error, sentence):
    with pytest.raises(type(error)) as caught, begin() as run:
        raise error
    assert caught.value is error
    assert stored(run).info.status == "FAILED"
    assert stored(run).data.tags["error"] == sentence


def test_exit_status_0_is_finished(begin, stored):
    with pytest.raises(SystemExit), begin() as run:
        raise SystemExit(0)
    assert stored(run).info.status == "FINISHED"


STOPPABLE = """
import signal, sys, time
from brainalign.tracking import tracked_run
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell hands on that it be ignored
uri, folder = sys.argv[1:]
with tracked_run(uri=uri, experiment="encoding", name="stopped", tags={}, params={}, folder=folder, description=""):
    print("going", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(("number", "said"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "Ctrl-C")])
def test_a_stopped_process_is_killed_and_does_not_exit_with_0(python, uri, tmp_path, number, said):
    process = python(STOPPABLE, uri, tmp_path / "out")
    assert process.stdout.readline() == "going\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=50)
    assert process.returncode == (143 if number == signal.SIGTERM else -signal.SIGINT)
    assert "going" not in errors
    run = only_run(uri)
    assert run.info.status == "KILLED"
    assert run.data.tags["error"] == f"stopped by {said}"
    assert run.info.end_time is not None


KEPT_OPEN = """
import os, signal, sys
from contextlib import ExitStack
from brainalign.tracking import as_parent, tracked_run
uri, folder, end = sys.argv[1:]
keep = ExitStack()
usual = dict(uri=uri, experiment="encoding", tags={}, params={}, folder=folder, description="")
run = keep.enter_context(tracked_run(name="sweep", **usual))
keep.enter_context(as_parent(run))
with tracked_run(name="job", **usual):
    exec(end)
"""


@pytest.mark.parametrize(
    ("end", "status", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGTERM)", "KILLED", "stopped by SIGTERM"),
        ("raise KeyboardInterrupt", "KILLED", "stopped by Ctrl-C"),
        ("raise ValueError('broken')", "FAILED", "ValueError: broken"),
        ("sys.exit(1)", "FAILED", "the process ended before the run did"),
    ],
)
def test_a_block_that_a_callback_left_open_is_ended_with_the_process(python, uri, tmp_path, end, status, said):
    process = python(KEPT_OPEN, uri, tmp_path / "out", end)
    process.communicate(timeout=50)
    assert process.returncode != 0
    client = mlflow_client(uri)
    runs = client.search_runs([client.get_experiment_by_name("encoding").experiment_id])
    states = {run.info.run_name: (run.info.status, run.data.tags["error"]) for run in runs}
    assert states["sweep"] == (status, said)
    assert states["job"][0] == status


def test_the_former_sigterm_handler_comes_back(begin):
    def mine(number, frame):
        raise AssertionError("not now")

    before = signal.signal(signal.SIGTERM, mine)
    try:
        with begin():
            assert signal.getsignal(signal.SIGTERM) is not mine
        assert signal.getsignal(signal.SIGTERM) is mine
        with pytest.raises(ValueError, match="broken"), begin():
            raise ValueError("broken")
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_signal_while_the_last_state_is_written_does_not_leave_it_running(begin, stored, monkeypatch):
    with pytest.raises(KeyboardInterrupt), begin() as run:
        real = run._client.set_terminated

        def interrupted(*arguments):
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            real(*arguments)

        monkeypatch.setattr(run._client, "set_terminated", interrupted)
        raise KeyboardInterrupt
    assert stored(run).info.status == "KILLED"


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (SystemExit(-1), "stopped by SIGUSR2"),
        (RuntimeError("out of time"), "stopped by SIGUSR2: out of time"),
        (None, None),
    ],
)
def test_a_schedulers_own_handler_of_its_warning_comes_first_and_what_it_ends_is_killed(begin, stored, end, said):
    heard = []

    def submitits(number, frame):
        heard.append(number)
        if end:
            raise end

    before = signal.signal(signal.SIGUSR2, submitits)
    try:
        with pytest.raises(SystemExit) as left, begin() as run:
            os.kill(os.getpid(), signal.SIGUSR2)
            assert end is None  # a handler that returns lets the run go on
            raise SystemExit(0)
        assert signal.getsignal(signal.SIGUSR2) is submitits
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert heard == [signal.SIGUSR2]
    assert left.value.code == (140 if end else 0)
    assert stored(run).info.status == ("KILLED" if end else "FINISHED")
    assert stored(run).data.tags.get("error") == said


def test_a_run_in_a_thread_goes_without_signals(begin, stored):
    runs = []

    def work():
        with begin() as run:
            runs.append(run)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert stored(runs[0]).info.status == "FINISHED"


def test_a_store_that_went_away_does_not_hide_what_broke_the_run_and_what_it_lacks_is_kept(
    begin, monkeypatch, caplog, tmp_path
):
    with pytest.raises(ZeroDivisionError), begin() as run:
        gone = OSError("gone with token=abc")
        for name in ("set_terminated", "log_batch", "get_run"):
            monkeypatch.setattr(type(run._client), name, lambda *a, **k: (_ for _ in ()).throw(gone))
        run.log_metrics({"r/mean": 0.5})
        raise ZeroDivisionError
    assert f"brainalign-tools relog {tmp_path / 'out'}" in caplog.text and "token=***" in caplog.text
    monkeypatch.undo()
    record = Record.load(tmp_path / "out")
    assert (record.status, record.unlogged, record.tags["error"]) == (
        "FAILED",
        "gone with token=***",
        "ZeroDivisionError: ",
    )
    assert [(name, value) for name, value, _, _ in record.metrics] == [("r/mean", 0.5)]


def test_a_run_without_a_store_is_logged_later_under_its_parent(begin, uri, tmp_path):
    with begin(uri="offline", name="sweep", folder=tmp_path / "sweep") as parent, as_parent(parent):
        (tmp_path / "sweep" / "figures").mkdir()
        (tmp_path / "sweep" / "figures" / "a.svg").write_text("<svg/>")
        parent.set_tags({NOTE: f"![a]({figure_link(parent, 'a')})"})
        with begin(uri="offline", name="child", folder=tmp_path / "sweep" / "0", params={"k": 3}) as child:
            child.log_metrics(METRICS)
            child.log_dataset("alice", "0" * 64, "here")
    assert relog(tmp_path / "sweep", uri) == 2 and relog(tmp_path / "sweep", uri) == 0
    client = mlflow_client(uri)
    runs = client.search_runs([client.get_experiment_by_name("encoding").experiment_id])
    found = {run.info.run_name: run for run in runs}
    above, below = found["sweep"], found["child"]
    assert below.data.tags["mlflow.parentRunId"] == above.info.run_id
    assert {r.info.status for r in runs} == {"FINISHED"}
    assert f"run_uuid={above.info.run_id}" in above.data.tags[NOTE]
    assert [f.path for f in client.list_artifacts(above.info.run_id, "figures")] == ["figures/a.svg"]
    assert (below.data.params["k"], below.data.metrics["layer/r2/mean"]) == ("3", 0.3)
    assert below.inputs.dataset_inputs[0].dataset.name == "alice"
    assert below.info.start_time == child.record.started and below.info.end_time == child.record.ended


def test_relog_says_what_is_missing(tmp_path, begin):
    with pytest.raises(BrainalignError, match=r"nowhere is no folder"):
        relog(tmp_path / "nowhere", None)
    with begin(uri="offline"):
        pass
    with pytest.raises(BrainalignError, match=r"was made with tracking=offline: name its store by --uri"):
        relog(tmp_path / "out", None)
    (tmp_path / "out" / "tracking.json").write_text("{}")
    with pytest.raises(BrainalignError, match=r"tracking.json is no record of a run"):
        relog(tmp_path / "out", None)


def test_params_are_flat_whole_in_the_artifact_and_cut_with_a_note(begin, stored, tmp_path):
    long = "é" * 7000
    params = {
        "model": {"name": "gpt2", "layers": [0, 1], "path": None},
        "window": {"tmax": 0.38},
        "mode": {},
        "sound": True,
        "data": {"root": str(Path.home() / "my data"), "text": long},
    }
    with begin(params=params) as run:
        pass
    have = stored(run).data.params
    assert have["model.name"] == "gpt2"
    assert have["model.layers"] == "[0, 1]"
    assert have["model.path"] == "null"
    assert have["window.tmax"] == "0.38"
    assert (have["sound"], have["mode"]) == ("true", "{}")
    assert have["data.root"] == "~/my data"
    assert len(have["data.text"]) == 6000
    assert have["data.text"].endswith("é … (whole in config.yaml)")
    artifact = mlflow_client(run.uri).download_artifacts(run.id, "config.yaml", str(tmp_path))
    assert Path(artifact).read_text(encoding="utf-8").count("é") == 7000
    assert load_run(tmp_path / "out").config["data"]["text"] == long
    assert str(Path.home()) not in (tmp_path / "out/config.yaml").read_text(encoding="utf-8")


def test_more_params_and_metrics_than_one_batch_holds(begin, stored):
    with begin(params={f"p{i}": i for i in range(250)}) as run:
        run.log_metrics({f"m{i}": float(i) for i in range(2300)})
    assert len(stored(run).data.params) == 250
    assert stored(run).data.metrics["m2299"] == 2299.0
    assert len(stored(run).data.metrics) == 2300


METRICS = {
    "r2/mean": 0.1,
    "layer/r2/mean": [(2, 0.3), (0, 0.1), (1, float("nan"))],
    "r2_normalized/mean": float("nan"),
    "ratio": float("inf"),
    "test/gpt2 > mel/STG/p_bonferroni": 1e-12,
}


def test_metrics_json_holds_exactly_mlflows_scalars(begin, stored, tmp_path):
    with begin() as run:
        run.log_metrics(METRICS)
    here = json.loads(write_metrics(tmp_path / "out", METRICS).read_text())
    assert {name for name, value in here.items() if value is None} == {"r2_normalized/mean", "ratio"}
    assert stored(run).data.metrics == {name: value for name, value in here.items() if value is not None}
    assert len(stored(run).data.metrics) == 3


def test_what_is_not_finite_is_counted_and_named(begin, stored, caplog):
    with caplog.at_level(logging.WARNING), begin() as run:
        left_out = run.log_metrics(METRICS)
    assert left_out == ["layer/r2/mean at step 1", "r2_normalized/mean", "ratio"]
    assert "3 metric value(s) not finite" in caplog.text
    assert stored(run).data.tags["metrics_not_finite"].startswith("3 metric value(s) not finite: layer/r2/mean at")


def test_a_layer_curve_has_the_layer_as_step(begin, uri):
    with begin() as run:
        run.log_metrics(METRICS)
    history = mlflow_client(uri).get_metric_history(run.id, "layer/r2/mean")
    assert sorted((point.step, point.value) for point in history) == [(0, 0.1), (2, 0.3)]


def test_the_data_sets_digest_reads_back(begin, stored):
    digest = "0123456789abcdef" * 4
    with begin() as run:
        run.log_dataset("alice", digest, str(Path.home() / "alice"))
    (logged,) = stored(run).inputs.dataset_inputs
    assert (logged.dataset.name, logged.dataset.digest) == ("alice", "0123456789abcdef")
    assert json.loads(logged.dataset.source) == {"uri": "~/alice"}
    assert stored(run).data.tags["dataset_digest"] == digest


def test_artifacts_are_the_folder_without_hidden_files_and_other_runs(begin, uri, tmp_path):
    out = tmp_path / "out"
    for name in (
        "tables/scores.parquet",
        ".hydra/config.yaml",
        "report.html",
        "0/config.yaml",
        "1/.hydra/overrides.yaml",
    ):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(name)
    with begin() as run:
        run.log_artifacts(out)
    client = mlflow_client(uri)
    assert {f.path for f in client.list_artifacts(run.id)} == {"config.yaml", "report.html", "tables"}
    assert [f.path for f in client.list_artifacts(run.id, "tables")] == ["tables/scores.parquet"]


def test_a_child_is_shown_under_its_parent(begin, stored, monkeypatch):
    with begin(name="sweep") as parent, as_parent(parent):
        assert os.environ[PARENT_RUN] == parent.id
        with begin(name="child") as child:
            pass
    assert PARENT_RUN not in os.environ
    assert stored(child).data.tags["mlflow.parentRunId"] == parent.id
    assert "mlflow.parentRunId" not in stored(parent).data.tags
    with begin(parent=child.id) as grandchild:
        pass
    assert stored(grandchild).data.tags["mlflow.parentRunId"] == child.id


def test_a_parent_that_the_store_does_not_have_is_refused(begin, uri, monkeypatch):
    monkeypatch.setenv(PARENT_RUN, "f" * 32)
    with pytest.raises(BrainalignError, match=f"{PARENT_RUN}.*has no run 'ffff"), begin():
        pass
    client = mlflow_client(uri)
    assert client.search_runs([e.experiment_id for e in client.search_experiments()]) == []


def test_tags_say_who_and_which_code_and_no_home(begin, stored):
    with begin(tags={"folder": Path.home() / "out", "long": "x" * 9000}) as run:
        pass
    tags = stored(run).data.tags
    assert tags["folder"] == "~/out"
    assert len(tags["long"]) == 8000
    assert tags["long"].endswith(" …")
    assert tags["mlflow.user"]
    assert tags["mlflow.source.type"] == "LOCAL"
    assert "/" not in tags["mlflow.source.name"]


@pytest.mark.parametrize(
    ("tags", "simulated"),
    [
        ({"dataset": "clicks", "simulated": "True"}, True),
        ({"dataset": "simulated_by_others", "simulated": "False"}, False),
        ({"dataset": "simulated_fmri"}, True),  # logged before the tag
        ({"dataset": "alice"}, False),
    ],
)
def test_a_run_knows_whether_its_data_were_simulated(tags, simulated):
    assert Tracked("1", "", "FINISHED", {}, {}, tags, "", None).simulated is simulated
