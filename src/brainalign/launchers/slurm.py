"""The children of a sweep as tasks of a SLURM array: submitted by submitit, awaited by the queue's word."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus

from brainalign.errors import BrainalignError
from brainalign.tracking import PARENT_RUN, SWEPT

COMMON = ("name", "timeout_min", "mem_gb", "cpus_per_task", "gpus_per_node")
"""Keys that submitit knows on every cluster; it wants ``slurm_`` before the others."""

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "SRUN_CPUS_PER_TASK")
"""Set to the cores of a task. From SLURM 22.05 on, srun no longer takes over what sbatch was told."""

ENDED = frozenset(
    {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"}
)  # fmt: skip
"""SLURM's words for a job that does not go on; one that was queued again is PENDING."""

FORGOTTEN = "no longer in the queue"
POLL, GRACE = 2.0, 10.0
"""Seconds between looks, and until a result that a network file system may still hide is taken for missing."""

log = logging.getLogger(__name__)


def submit(child: Callable[..., JobReturn], calls: Sequence[tuple[Any, ...]], wanted: Mapping[str, Any]) -> list[Any]:
    """Hand the children to SLURM as one array.

    Args:
        child: What each task calls.
        calls: Arguments of each.
        wanted: ``hydra.launcher``'s keys; those that brainalign does not ship go to submitit as they are.

    Returns:
        submitit's jobs.

    Raises:
        BrainalignError: SLURM refuses the job, or submitit does not know a key.
    """
    from submitit import AutoExecutor
    from submitit.core.utils import FailedJobError

    options = dict(wanted)
    folder, again = options.pop("submitit_folder"), options.pop("max_num_timeout")
    options["setup"] = [*(options["setup"] or []), *environment()]
    executor = AutoExecutor(folder, cluster="slurm", slurm_max_num_timeout=again)
    try:
        executor.update_parameters(**{k if k in COMMON else f"slurm_{k}": v for k, v in options.items()})
        return list(executor.map_array(child, *zip(*calls, strict=True)))
    except (FailedJobError, subprocess.CalledProcessError) as error:
        raise BrainalignError(f"sbatch refuses the sweep: {_refusal(error)}") from error


def environment() -> list[str]:
    """Shell lines after the user's own: as many threads as cores, and what a sweep hands on, which a site's ``--export`` may drop."""
    lines = [f"export {name}=${{SLURM_CPUS_PER_TASK:-1}}" for name in THREADS]
    return [*lines, *(f"export {n}={shlex.quote(os.environ[n])}" for n in (PARENT_RUN, SWEPT) if n in os.environ)]


def _refusal(error: Exception) -> str:
    """What sbatch says, without what Python says of it."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    said = [line.partition("error: ")[2] for line in lines if line.startswith("sbatch: error: ")]
    return "; ".join(said or lines[-1:]) or "it gives no reason"


def gather(jobs: Sequence[Any], overrides: Sequence[Sequence[str]]) -> list[JobReturn]:
    """Wait for all jobs; one that ends without a result stops nobody else.

    submitit asks sacct, which clusters without accounting do not have, and then waits for ever for a job that was killed.

    Args:
        jobs: submitit's.
        overrides: Of each.

    Returns:
        One for each job, as Hydra's sweeper expects; a lost one is FAILED with a BrainalignError.
    """
    results: dict[int, JobReturn] = {}
    ended: dict[int, float] = {}
    while True:
        for n, job in enumerate(jobs):
            if n not in results and _there(job.paths.result_pickle):
                results[n] = _result(job, overrides[n])
        waiting = {n: job for n, job in enumerate(jobs) if n not in results}
        if not waiting:
            return [results[n] for n in range(len(jobs))]
        known = states([job.job_id for job in waiting.values()])
        now = time.monotonic()
        for n, job in waiting.items():
            state = known.get(job.job_id)
            if state not in (*ENDED, FORGOTTEN):
                ended.pop(n, None)
            elif now - ended.setdefault(n, now) >= GRACE:
                results[n] = _lost(job, overrides[n], state)
        time.sleep(POLL)


def states(ids: Sequence[str]) -> dict[str, str]:
    """What the controller says of jobs.

    Args:
        ids: As ``12`` or, for a task of an array, ``12_3``.

    Returns:
        Id -> SLURM's state, or ``FORGOTTEN`` for a job that ended minutes ago; empty where no answer comes, which is no news.
    """
    arrays = ",".join(sorted({i.split("_")[0] for i in ids}))
    asked = ["squeue", "--states=all", "--noheader", "--array", f"--jobs={arrays}", "--format=%i %T"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    if answer.returncode and "Invalid job id" not in answer.stderr:
        log.warning("squeue does not answer: %s", answer.stderr.strip())
        return {}
    found = dict(line.split(maxsplit=1) for line in answer.stdout.splitlines() if line.strip())
    return {i: found.get(i, FORGOTTEN) for i in ids}


def _there(file: Path) -> bool:
    # Listing a folder makes a network file system look again; asking for the file alone does not.
    return file.parent.is_dir() and file.name in {entry.name for entry in file.parent.iterdir()}


def _result(job: Any, overrides: Sequence[str]) -> JobReturn:
    try:
        result: JobReturn = job.results()[0]
    except Exception as error:  # submitit hands on the traceback of what broke outside Hydra's own part
        trace = [line for line in str(error).splitlines() if line.strip("- ")]
        return _lost(job, overrides, next((s for s in reversed(trace) if "Error" in s), type(error).__name__))
    return result


def _lost(job: Any, overrides: Sequence[str], state: str) -> JobReturn:
    error = BrainalignError(
        f"job {job.job_id} ({' '.join(overrides)}) ended without a result ({state}); see {job.paths.stderr}, "
        "and give the same command again for what is missing."
    )
    return JobReturn(overrides=overrides, status=JobStatus.FAILED, _return_value=error)
