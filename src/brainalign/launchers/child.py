"""A child of a sweep, as it is sent to where it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, run_job, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict


@dataclass(frozen=True)
class Child:
    """Composes one child's config and runs it, in another process or on another machine.

    Attributes:
        context: Hydra's own, with the config's sources and the callbacks.
        task: What is run.
        config: Of the sweep.
        state: Of Hydra's singletons; ``Singleton.get_state()`` in the sweep's own process.
        prepare: Called first, where the child runs.
    """

    context: HydraContext
    task: TaskFunction
    config: DictConfig
    state: Mapping[type, Singleton]
    prepare: Callable[[], None] | None = None

    def __call__(self, overrides: Sequence[str], number: int) -> JobReturn:
        """Run the child.

        Args:
            overrides: Its command line.
            number: In the sweep, from 0: its folder's name.
        """
        if self.prepare:
            self.prepare()
        Singleton.set_state(dict(self.state))
        setup_globals()
        config = self.context.config_loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            config.hydra.job.id = f"{config.hydra.job.name}_{number}"
            config.hydra.job.num = number
        return run_job(
            hydra_context=self.context,
            task_function=self.task,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )

    def checkpoint(self, overrides: Sequence[str], number: int) -> Any:
        """What submitit queues again before a time limit or a preemption: the same; finished stages are found there."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, overrides, number)
