"""A signal at any moment leaves a run KILLED and the database free; a store that says nothing holds nobody for long."""

import os
import random
import signal
import socket
import sqlite3
import threading
import time

import pytest

from brainalign.errors import BrainalignError
from brainalign.tracking import check_reachable
from brainalign.tracking import patience as patience_module
from brainalign.tracking import run as run_module
from brainalign.tracking.client import mlflow_client
from brainalign.tracking.patience import NoAnswerError, answered, settle_down
from brainalign.tracking.signals import TerminatedError, deferred
from brainalign.tracking.uri import database_file


def test_an_answer_an_error_and_none():
    assert answered(lambda: 3, 5.0) == 3
    with pytest.raises(ZeroDivisionError):
        answered(lambda: 1 / 0, 5.0)
    with pytest.raises(NoAnswerError, match=r"0\.05 s"):
        answered(lambda: time.sleep(0.3), 0.05)
    settle_down(5.0)
    assert not patience_module._busy


def test_signals_at_any_moment_of_logging_leave_it_killed_and_the_database_free(begin, stored, uri):
    file = database_file(uri)
    for seed in range(6):
        after = random.Random(seed).uniform(0.0, 0.12)
        with pytest.raises(TerminatedError), begin() as run:
            threading.Timer(after, os.kill, (os.getpid(), signal.SIGTERM)).start()
            for n in range(10_000):
                run.log_metrics({f"m{k}": float(n) for k in range(20)})
        assert stored(run).info.status == "KILLED", f"after {after:.3f} s"
        with sqlite3.connect(file, timeout=0.5) as database:
            database.execute("BEGIN IMMEDIATE")


def test_a_signal_while_the_run_is_made_leaves_it_killed(begin, uri, monkeypatch):
    client = type(mlflow_client(uri))
    make = client.create_run

    def interrupted(self, *args, **kwargs):
        os.kill(os.getpid(), signal.SIGTERM)
        return make(self, *args, **kwargs)

    monkeypatch.setattr(client, "create_run", interrupted)
    with pytest.raises(TerminatedError), begin():
        raise AssertionError("the block is not entered")
    found = mlflow_client(uri).search_runs(["0", "1"])
    assert [r.info.status for r in found] == ["KILLED"]


def test_deferred_signals_come_when_the_block_ends():
    came = []
    before = signal.signal(signal.SIGTERM, lambda *_: came.append("late"))
    try:
        with deferred():
            os.kill(os.getpid(), signal.SIGTERM)
            assert came == []
        assert came == ["late"]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_store_that_falls_silent_holds_a_run_once_and_what_it_lacks_is_kept(begin, uri, monkeypatch):
    client = type(mlflow_client(uri))
    monkeypatch.setattr(run_module, "PATIENCE", 0.3)
    monkeypatch.setattr(run_module, "LAST", 0.2)
    with begin() as run:
        for name in ("log_batch", "get_experiment", "set_terminated", "log_artifact", "log_artifacts"):
            monkeypatch.setattr(client, name, lambda *_, **__: time.sleep(3.0))
        began = time.monotonic()
        for n in range(50):
            run.log_metrics({"m": float(n)})
    assert time.monotonic() - began < 3.0  # 50 x 0.3 s, were it asked each time
    assert run.record.unlogged.startswith("no answer within") and len(run.record.metrics) == 50
    assert (run.folder / "tracking.json").is_file() and run.record.status == "FINISHED"


def test_a_server_that_accepts_and_says_nothing_is_one_sentence(monkeypatch):
    from brainalign.tracking import store

    monkeypatch.setattr(store, "FIRST", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(BrainalignError, match=r"did not answer \(no answer within 0\.5 s\)"):
            check_reachable(uri)


def test_a_database_that_refuses_says_so_at_once():
    """MLflow itself tries for 100 s."""
    pytest.importorskip("psycopg")
    began = time.monotonic()
    with pytest.raises(BrainalignError, match="refused") as caught:
        check_reachable("postgresql+psycopg://me:MARKER/made@127.0.0.1:1/x")
    assert "MARKER" not in str(caught.value) and time.monotonic() - began < 60
