"""A sweep is one parent MLflow run with its children below it, summed up when the last has ended."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hydra.conf import HydraConf
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from brainalign.config.check import check_places
from brainalign.errors import BrainalignError
from brainalign.launchers import check_launcher
from brainalign.plans import begin_plans, end_plans, leave_nothing
from brainalign.secrets import hide_in_files, hide_in_logs, hide_secrets

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn

    from brainalign.tracking import Run

OBJECTIVES = ("r2_normalized/mean", "r2/mean")
"""Metrics that name the best child, the more the better; the first that the children have."""

log = logging.getLogger(__name__)


class SweepParent(Callback):
    """Hydra callback: opens the parent run before any child starts; :func:`finish` sums up and closes it.

    The store is made here, in the sweep's own process, because a fresh SQLite file does not survive two workers that
    both migrate it. The children find their parent by the environment variable that ``tracking.as_parent`` sets.
    """

    current: ClassVar[SweepParent | None] = None

    def __init__(self) -> None:
        self._open = ExitStack()
        self._run: Run | None = None  # none of a sweep of plans
        self._swept: list[str] = []

    def __reduce__(self) -> tuple[type[SweepParent], tuple[()]]:
        """Launchers send the callbacks to their workers; the open run stays here."""
        return SweepParent, ()

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Refuse places where nothing must be written before Hydra writes there."""
        try:
            check_places(config)
        except BrainalignError as error:
            raise SystemExit(f"brainalign: {error}") from error

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Hide what Hydra prints of a child that failed: all its overrides."""
        job_return.overrides = [hide_secrets(str(word)) for word in job_return.overrides or ()]

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Open the parent run, or end the process with one sentence: Hydra would warn of any other exception, and go on."""
        hide_in_logs()
        try:
            check_places(config)
            check_launcher(config)
            self._start(config)
        except BrainalignError as error:
            raise SystemExit(f"brainalign: {hide_secrets(str(error))}") from error

    def _start(self, config: DictConfig) -> None:
        from brainalign.config import local_config
        from brainalign.tracking import absolute_uri, artifacts_of, as_parent, tracked_run, write_reproduction

        output = Path(config.paths.output).expanduser().absolute()
        overrides = " ".join(str(o) for o in config.hydra.overrides.task)
        swept = swept_values(config)
        self._swept = list(swept)
        for key, values in swept.items():
            if twice := sorted({value for value in values if values.count(value) > 1}):
                raise BrainalignError(f"the sweep has {key}={twice[0]} twice, which is the same run; leave one out.")
        folder = Path(config.hydra.sweep.dir).absolute()
        if config.plan is True:
            begin_plans()
            self._open.callback(leave_nothing, folder, ["multirun.yaml"], output)
            SweepParent.current = self
            return
        told = [f"{key}={','.join(values)}" for key, values in swept.items()] or [overrides]
        uri = absolute_uri(config.tracking.uri or output)
        self._run = self._open.enter_context(
            tracked_run(
                uri=uri,
                artifacts=artifacts_of(uri, config.tracking.artifacts, output),
                experiment=config.tracking.experiment,
                name=" · ".join(["sweep", *told])[:200],
                tags={"kind": "sweep"},
                params={"sweep": OmegaConf.to_container(config.hydra.overrides.task)},
                folder=folder,
                description=f"Sweep `{overrides}`; one child run each.",
            )
        )
        self._open.enter_context(as_parent(self._run, self._swept))
        write_reproduction(self._run.folder, ["-m", *words(config.hydra)], local_config())
        SweepParent.current = self

    def close(self, error: BaseException | None) -> None:
        """Sum up the children, or their plans, and end the parent: FINISHED, or as the error says.

        Args:
            error: What ended the sweep, where something did. Hydra raises the first failed child's when all have ended.
        """
        if self._run is not None:
            hide_in_files(self._run.folder)  # Hydra's multirun.yaml
        try:
            failed, total = sum_up(self._run, self._swept) if self._run is not None else end_plans()
        except Exception:  # the children's results stand whatever becomes of their summary
            log.exception("the sweep's summary could not be made")
            failed = total = 0
        if isinstance(error, Exception) and failed:
            error = BrainalignError(f"{failed} of {total} children did not finish; the table of children says why.")
        SweepParent.current = None
        self._open.__exit__(type(error) if error else None, error, None)


def finish(error: BaseException | None) -> None:
    """End the sweep that this process started, if it did.

    Args:
        error: What ended it, or None.
    """
    if SweepParent.current is not None:
        SweepParent.current.close(error)


def words(hydra: HydraConf) -> list[str]:
    """The command line after the door's name, as it can be given again: where a lab's configs are, then the overrides."""
    folders = [f"--config-dir={s.path}" for s in hydra.runtime.config_sources if s.provider == "command-line"]
    paths = [word for word in map(str, hydra.overrides.hydra) if word.startswith("hydra.searchpath=")]
    return [*folders, *paths, *map(str, hydra.overrides.task)]


def swept_values(config: DictConfig) -> dict[str, list[str]]:
    """Keys that were given several values, on the command line or by ``hydra.sweeper.params``, and the values."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    here = [f"{key}={values}" for key, values in (config.hydra.sweeper.get("params") or {}).items()]
    given = [*here, *map(str, config.hydra.overrides.task)]  # the command line's word counts
    found: dict[str, list[str]] = {}
    for override in OverridesParser.create().parse_overrides(given):
        key = override.key_or_group + (f"@{override.package}" if override.package else "")
        found.pop(key, None)
        if override.is_sweep_override():
            found[key] = list(override.sweep_string_iterator()) if override.is_discrete_sweep() else ["..."]
    return found


def sum_up(parent: Run, swept: list[str]) -> tuple[int, int]:
    """Table of the children, the best, a figure over the swept keys, and those that failed: in the folder, in MLflow, in print.

    Args:
        parent: Of the sweep.
        swept: Keys whose values differ between the children.

    Returns:
        How many children did not finish, and how many there are.
    """
    import numpy as np

    from brainalign.figures import stamp
    from brainalign.figures.sweep_metric import sweep_metric
    from brainalign.registry import kind_of, kinds
    from brainalign.tracking import NOTE, figure_link
    from brainalign.tracking.files import write_figures, write_tables
    from brainalign.tracking.search import children, children_table
    from brainalign.tracking.sweep_table import write_sweep_table

    found = children(parent)
    if not found:
        return 0, 0
    table = children_table(found, swept)
    write_tables(parent.folder, {"children": table})
    write_sweep_table(parent.folder, table, swept)
    done = table[table["status"] == "FINISHED"]
    counts = {f"children/{status.lower()}": float(n) for status, n in table["status"].value_counts().items()}
    parent.log_metrics(counts)
    objective = next((name for name in OBJECTIVES if name in done and np.isfinite(done[name]).any()), None)
    lines = [
        f"{len(table)} children: " + ", ".join(f"{n} {status}" for status, n in table["status"].value_counts().items())
    ]
    if objective is not None:
        best = done.loc[done[objective].idxmax()]
        parent.log_metrics({f"best/{objective}": float(best[objective])})
        parent.set_tags({"best": best["run"]})
        lines.append(f"best by {objective}: {_told(best, swept)} with {best[objective]:.4f}")
        if len(done) > 1:
            figure, caption = sweep_metric(done, swept, objective)
            if any(run.simulated for run in found):
                stamp(figure, "Simulated data")
            write_figures(parent.folder, {"sweep": (figure, caption)})
    rest = table[table["status"] != "FINISHED"].to_dict("records")
    lines += [f"{row['status']}: {_told(row, swept)}: {row['error']}" for row in rest]
    parent.log_artifacts(parent.folder)
    picture = (
        [f"![sweep]({figure_link(parent, 'sweep')})"] if (parent.folder / "figures" / "sweep.svg").exists() else []
    )
    parent.set_tags({NOTE: "\n\n".join([f"Sweep over {', '.join(swept) or 'nothing'}.", *lines, *picture])})
    if objective is not None and len(done) > 1:
        offered = {kind: kind_of("analysis", kind).of_sweep for kind in kinds("analysis")}  # type: ignore[attr-defined]
        lines += [f"{what}: analysis={kind} analysis.sweep={parent.folder}" for kind, what in offered.items() if what]
    for line in lines:
        log.info(line)
    return len(rest), len(table)


def _told(row: Any, swept: list[str]) -> str:
    """A child by what it was given."""
    return ", ".join(f"{key}={row[key]}" for key in swept if key in row) or str(row["name"])
