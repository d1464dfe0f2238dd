"""``hydra/launcher=submitit_slurm``: the children of a sweep as one SLURM job array.

Hydra imports this file at every start, so that everything heavy is imported where it is used.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, filter_overrides
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

log = logging.getLogger(__name__)


class SlurmLauncher(Launcher):
    """Submits a sweep's children by submitit and waits for all of them; see docs/clusters.md."""

    def __init__(self, **wanted: Any) -> None:
        self.wanted = {k: OmegaConf.to_container(v) if OmegaConf.is_config(v) else v for k, v in wanted.items()}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what a child needs."""
        self.context, self.task, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Submit the children, in the order of the sweep.

        Raises:
            BrainalignError: SLURM refuses the job.
        """
        from brainalign.launchers.child import Child
        from brainalign.launchers.slurm import gather, submit

        child = Child(self.context, self.task, self.config, Singleton.get_state())
        calls = [(list(overrides), initial_job_idx + n) for n, overrides in enumerate(job_overrides)]
        jobs = submit(child, calls, self.wanted)
        log.info("SLURM job %s: %d children", jobs[0].job_id.split("_")[0], len(jobs))
        for job, overrides in zip(jobs, job_overrides, strict=True):
            log.info("  %s: %s", job.paths.stderr, " ".join(filter_overrides(overrides)))
        return gather(jobs, job_overrides)
