"""Waiting for a SLURM array, against a queue that says what the test wants; the real one is in tests/apps."""

import pickle
from types import SimpleNamespace

import pytest
from hydra.core.utils import JobReturn, JobStatus

from brainalign.errors import BrainalignError
from brainalign.launchers import slurm


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """A squeue on the path that prints one line a job, the next line of the script at each call."""

    def write(*answers):
        for n, answer in enumerate(answers):
            (tmp_path / f"answer{n}").write_text(answer)
        script = tmp_path / "squeue"
        script.write_text(
            f"#!/bin/sh\ncd {tmp_path}\nn=$(cat calls 2>/dev/null || echo 0)\necho $((n + 1)) > calls\n"
            f"[ -f answer$n ] || n={len(answers) - 1}\n"
            'grep -q "^error" answer$n && { cat answer$n >&2; exit 1; }\ncat answer$n\n'
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        monkeypatch.setattr(slurm, "POLL", 0.01)
        monkeypatch.setattr(slurm, "GRACE", 0.1)

    return write


def job(tmp_path, name, result=None):
    file = tmp_path / f"{name}.pkl"
    if result is not None:
        file.write_bytes(pickle.dumps(result))
    paths = SimpleNamespace(result_pickle=file, stderr=tmp_path / f"{name}.err")
    return SimpleNamespace(job_id=name, paths=paths, results=lambda: [pickle.loads(file.read_bytes())])


def test_what_ended_without_a_result_is_failed_and_the_others_count(queue, tmp_path):
    queue(
        "7_0 COMPLETED\n7_1 RUNNING\n",
        "error: slurm_load_jobs error: Unable to contact\n",
        "7_0 COMPLETED\n7_1 TIMEOUT\n",
    )
    fine = JobReturn(status=JobStatus.COMPLETED, _return_value=3)
    done = slurm.gather([job(tmp_path, "7_0", fine), job(tmp_path, "7_1")], [["a=1"], ["a=2"]])
    assert done[0].return_value == 3
    assert done[1].status == JobStatus.FAILED
    with pytest.raises(BrainalignError, match=r"job 7_1 \(a=2\) ended without a result \(TIMEOUT\)"):
        _ = done[1].return_value


def test_a_job_that_was_queued_again_is_waited_for(queue, tmp_path, monkeypatch):
    queue("7 FAILED\n", "7 PENDING\n", "7 RUNNING\n")
    waited = job(tmp_path, "7")
    asked = slurm.states

    def states(ids):
        found = asked(ids)
        if found["7"] == "RUNNING":
            waited.paths.result_pickle.write_bytes(pickle.dumps(JobReturn(status=JobStatus.COMPLETED, _return_value=1)))
        return found

    monkeypatch.setattr(slurm, "states", states)
    (done,) = slurm.gather([waited], [["a=1"]])
    assert done.return_value == 1


def test_a_job_that_the_controller_forgot_is_given_up(queue, tmp_path):
    queue("error: slurm_load_jobs error: Invalid job id specified\n")
    (done,) = slurm.gather([job(tmp_path, "7")], [["a=1"]])
    with pytest.raises(BrainalignError, match="no longer in the queue"):
        _ = done.return_value
