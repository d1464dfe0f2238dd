"""``hydra/launcher=joblib``: the children of a sweep side by side on this machine.

Hydra imports this file at every start, so that everything heavy is imported where it is used.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from tempfile import TemporaryDirectory

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, filter_overrides
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from brainalign.errors import BrainalignError

log = logging.getLogger(__name__)


class JoblibLauncher(Launcher):
    """Runs a sweep's children in processes, each with its share of the cores and one GPU; see docs/clusters.md.

    joblib sets OMP_NUM_THREADS and its kin before a worker imports anything, to cores / workers, where the user has not.

    Args:
        n_jobs: Number of processes; -1 for one a GPU, or else one a core.
    """

    def __init__(self, n_jobs: int) -> None:
        self.n_jobs = n_jobs

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what a child needs."""
        self.context, self.task, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the children, and wait for all of them.

        Raises:
            BrainalignError: A worker was killed.
        """
        from joblib import Parallel, delayed
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        from brainalign.launchers.child import Child
        from brainalign.launchers.workers import OneGpu, count, gpus

        devices = gpus()
        workers = count(self.n_jobs, len(job_overrides), len(devices))
        log.info("%d children, %d at a time%s", len(job_overrides), workers, ", one GPU each" if devices else "")
        for n, overrides in enumerate(job_overrides, start=initial_job_idx):
            log.info("  %d: %s", n, " ".join(filter_overrides(overrides)))
        with TemporaryDirectory(prefix="brainalign-") as slots:
            prepare = OneGpu(devices, workers, slots) if devices else None
            child = delayed(Child(self.context, self.task, self.config, Singleton.get_state(), prepare))
            calls = [child(list(overrides), n) for n, overrides in enumerate(job_overrides, start=initial_job_idx)]
            try:
                return list(Parallel(n_jobs=workers, backend="loky", batch_size=1, pre_dispatch="all")(calls))
            except TerminatedWorkerError as error:
                raise BrainalignError(
                    f"a worker of the sweep was killed, most likely for want of memory (plan=true says what one child needs): "
                    f"set hydra.launcher.n_jobs below {workers} and give the same command again for what is missing."
                ) from error
