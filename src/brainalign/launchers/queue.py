"""Waiting for the tasks of a SLURM array, whatever ends them."""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus

from brainalign.errors import BrainalignError

ENDED = frozenset(
    {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"}
)  # fmt: skip
"""SLURM's words for a job that will not run again; a requeued one is PENDING."""

FORGOTTEN = "FORGOTTEN"
"""Our word for a job that the controller no longer knows: it ended minutes ago."""

POLL, GRACE = 2.0, 10.0
"""Seconds between looks, and until a result that a network file system still hides is taken for missing."""

log = logging.getLogger(__name__)


def states(ids: Sequence[str]) -> dict[str, str]:
    """What the controller says of jobs; without accounting (sacct), which many clusters do not have.

    Args:
        ids: Ids as ``12`` or, for a task of an array, ``12_3``.

    Returns:
        Id -> SLURM's state; empty where the controller does not answer, which is no news of anybody.
    """
    jobs = ",".join(sorted({i.split("_")[0] for i in ids}))
    asked = ["squeue", "--states=all", "--noheader", "--array", f"--jobs={jobs}", "--format=%i %T"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode and "Invalid job id" not in done.stderr:
        log.warning("squeue does not answer: %s", done.stderr.strip())
        return {}
    found = dict(line.split() for line in done.stdout.splitlines() if line.strip())
    return {i: found.get(i, FORGOTTEN) for i in ids}


def gather(jobs: Sequence[Any], overrides: Sequence[Sequence[str]]) -> list[JobReturn]:
    """Wait for all jobs; one that ends without a result stops nobody else.

    Args:
        jobs: Of submitit: their ``job_id``, ``paths`` and ``results()`` are used.
        overrides: Of each job.

    Returns:
        What Hydra's sweeper expects, one for each job; a lost one is FAILED with a BrainalignError.
    """
    results: dict[int, JobReturn] = {}
    since: dict[int, float] = {}
    while len(results) < len(jobs):
        open_ = {n: job for n, job in enumerate(jobs) if n not in results}
        for n, job in open_.items():
            if _there(job.paths.result_pickle):
                results[n] = _result(job, overrides[n])
        open_ = {n: job for n, job in open_.items() if n not in results}
        if open_:
            _look(open_, overrides, since, results)
            time.sleep(POLL)
    return [results[n] for n in range(len(jobs))]


def _look(
    open_: Mapping[int, Any], overrides: Sequence[Sequence[str]], since: dict[int, float], results: dict[int, JobReturn]
) -> None:
    """Give up those that ended some while ago and left nothing."""
    known = states([job.job_id for job in open_.values()])
    for n, job in open_.items():
        state = known.get(job.job_id, "")
        if state not in (*ENDED, FORGOTTEN):
            since.pop(n, None)
        elif time.monotonic() - since.setdefault(n, time.monotonic()) >= GRACE:
            results[n] = _lost(job, overrides[n], f"SLURM says {state}")


def _there(file: Path) -> bool:
    # Listing a folder makes NFS look again, asking for the file does not.
    return file.parent.is_dir() and any(entry.name == file.name for entry in file.parent.iterdir())


def _result(job: Any, overrides: Sequence[str]) -> JobReturn:
    try:
        result: JobReturn = job.results()[0]
    except Exception as error:  # submitit hands on the text of what broke before or after Hydra's own part
        return _lost(job, overrides, str(error).strip().splitlines()[-2:][0])
    return result


def _lost(job: Any, overrides: Sequence[str], why: str) -> JobReturn:
    error = BrainalignError(
        f"the child {' '.join(overrides)} (job {job.job_id}) ended without a result: {why}; its log is {job.paths.stderr}."
    )
    return JobReturn(overrides=overrides, status=JobStatus.FAILED, _return_value=error)
