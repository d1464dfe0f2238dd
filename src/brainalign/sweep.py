"""A sweep is one parent MLflow run with its children below it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from brainalign.launchers import check_launcher


class SweepParent(Callback):
    """Hydra callback: opens the parent run before any child starts, and closes it after the last.

    The store is made here, in the sweep's own process, because a fresh SQLite file does not survive two workers that
    both migrate it. The children find their parent by the environment variable that ``tracking.as_parent`` sets.
    """

    def __init__(self) -> None:
        self._open = ExitStack()

    def __reduce__(self) -> tuple[type[SweepParent], tuple[()]]:
        """Launchers send the callbacks to their workers; the open run stays here."""
        return SweepParent, ()

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Open the parent run."""
        from brainalign.tracking import absolute_uri, as_parent, tracked_run

        check_launcher(config.hydra.launcher)
        output = Path(config.paths.output).expanduser().absolute()
        swept = [str(o) for o in config.hydra.overrides.task]
        overrides = " ".join(swept)
        run = self._open.enter_context(
            tracked_run(
                uri=config.tracking.uri or absolute_uri(output),
                experiment=config.tracking.experiment,
                name=f"sweep {overrides}"[:200],
                tags={"kind": "sweep"},
                params={"sweep": OmegaConf.to_container(config.hydra.overrides.task)},
                folder=Path(config.hydra.sweep.dir).absolute(),
                description=f"Sweep `{overrides}`; one child run each.",
            )
        )
        self._open.enter_context(as_parent(run))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Close the parent run."""
        self._open.close()
