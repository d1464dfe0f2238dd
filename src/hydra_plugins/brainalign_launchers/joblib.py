"""``hydra/launcher=joblib``: the released launcher, with cores and GPUs shared out among its workers.

Hydra imports this file at every start, so that everything else is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from brainalign.errors import BrainalignError


class JoblibLauncher(Launcher):
    """A sweep's children in processes of this machine; see docs/clusters.md.

    joblib gives each worker its share of the cores as threads (OMP_NUM_THREADS and its kin, where the user has not set
    them), before the worker imports anything; each takes one GPU for its life.
    """

    def __init__(self, n_jobs: int = -1, **params: Any) -> None:
        self.n_jobs, self.params = n_jobs, params

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what a child needs."""
        self.context, self.task, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the children, and wait for all of them.

        Raises:
            BrainalignError: A worker was killed.
        """
        from hydra_plugins.hydra_joblib_launcher.joblib_launcher import JoblibLauncher as Released
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        from brainalign.launchers.workers import OneGpu, count, gpus

        devices = gpus()
        workers = count(self.n_jobs, len(job_overrides), len(devices))
        released = Released(n_jobs=workers, **self.params)
        with TemporaryDirectory(prefix="brainalign-") as slots:
            task = OneGpu(self.task, devices, workers, slots) if devices else self.task
            released.setup(hydra_context=self.context, task_function=task, config=self.config)
            try:
                return released.launch(job_overrides, initial_job_idx)
            except TerminatedWorkerError as error:
                raise BrainalignError(
                    f"a worker of the sweep was killed, most likely for want of memory: set hydra.launcher.n_jobs below {workers} "
                    "(plan=true says what one child needs) and start it again."
                ) from error
