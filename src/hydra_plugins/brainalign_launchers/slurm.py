"""``hydra/launcher=submitit_slurm``: the released submitit launcher's child, submitted and awaited by ours.

Hydra imports this file at every start, so that everything else is imported where it is used.
"""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Sequence
from typing import Any

from hydra.core.utils import JobReturn, filter_overrides
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from brainalign.errors import BrainalignError

COMMON = ("name", "timeout_min", "mem_gb", "cpus_per_task", "gpus_per_node")
"""Keys that submitit knows on every cluster; it wants ``slurm_`` before the others."""

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "SRUN_CPUS_PER_TASK")
"""Set to the cores of the task. srun of SLURM 22.05 and later no longer takes over sbatch's --cpus-per-task by itself."""

log = logging.getLogger(__name__)


class SlurmLauncher(Launcher):
    """A sweep's children as tasks of one SLURM job array; see docs/clusters.md."""

    def __init__(self, **params: Any) -> None:
        self.params = {k: OmegaConf.to_container(v) if OmegaConf.is_config(v) else v for k, v in params.items()}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what a child needs; the released launcher is its callable, and resubmits it after a time limit."""
        from hydra_plugins.hydra_submitit_launcher.submitit_launcher import SlurmLauncher as Released

        self.config = config
        self.child = Released(**self.params)
        self.child.setup(hydra_context=hydra_context, task_function=task_function, config=config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Submit the children and wait for all of them.

        Raises:
            BrainalignError: A GPU is asked for that no child would use, or SLURM refuses the job.
        """
        import submitit
        from hydra.core.singleton import Singleton
        from submitit.core.utils import FailedJobError

        from brainalign.launchers.queue import gather

        wanted = dict(self.params)
        self._check_device(wanted, job_overrides)
        executor = submitit.AutoExecutor(
            wanted.pop("submitit_folder"), cluster="slurm", slurm_max_num_timeout=wanted.pop("max_num_timeout")
        )
        wanted["setup"] = [*(wanted["setup"] or []), *environment()]
        executor.update_parameters(**{k if k in COMMON else f"slurm_{k}": v for k, v in wanted.items()})
        state = Singleton.get_state()
        numbers = range(initial_job_idx, initial_job_idx + len(job_overrides))
        calls = [(list(o), "hydra.sweep.dir", n, f"{n}", state) for n, o in zip(numbers, job_overrides, strict=True)]
        try:
            jobs = executor.map_array(self.child, *zip(*calls, strict=True))
        except FailedJobError as error:
            raise BrainalignError(f"sbatch refuses the job: {refusal(str(error))}") from error
        log.info("SLURM job %s, logs below %s", jobs[0].job_id.split("_")[0], executor.folder)
        for job, overrides in zip(jobs, job_overrides, strict=True):
            log.info("  %s: %s", job.job_id, " ".join(filter_overrides(overrides)))
        return gather(jobs, job_overrides)

    def _check_device(self, wanted: dict[str, Any], job_overrides: Sequence[Sequence[str]]) -> None:
        chosen = any(o.startswith("device=") for overrides in job_overrides for o in overrides)
        if (wanted["gpus_per_node"] or wanted.get("gres")) and self.config.device == "cpu" and not chosen:
            raise BrainalignError("hydra.launcher asks for a GPU that device=cpu would leave idle; add device=cuda.")


def environment() -> list[str]:
    """Shell lines after the user's own: as many threads as cores, and the parent run, which ``--export`` may drop."""
    from brainalign.tracking import PARENT_RUN

    lines = [f"export {name}=${{SLURM_CPUS_PER_TASK:-1}}" for name in THREADS]
    return [*lines, *(f"export {n}={shlex.quote(os.environ[n])}" for n in [PARENT_RUN] if n in os.environ)]


def refusal(text: str) -> str:
    """The line of sbatch's own that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if "sbatch: error" in line]
    return " ".join((lines or text.strip().splitlines())[-1:]).removeprefix("sbatch: error: ")
