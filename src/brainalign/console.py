"""What a run prints: its plan, or its short table of results and where everything is."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from brainalign.encoding.plan import GIB
from brainalign.linalg.machine import resident_memory, total_memory
from brainalign.notes import Alike, Severity, more_like
from brainalign.progress import duration
from brainalign.study.conclusion import Conclusion
from brainalign.study.plan import Stage
from brainalign.tracking import PARENT_RUN, Run, Tracked, note_finished_before

LIBRARIES = 2
"""GiB for Python, its libraries and a small model, beside the peak of the stages."""

log = logging.getLogger(__name__)


def show_end(conclusion: Conclusion, notes: Mapping[Severity, Sequence[Alike]], tracked: Run) -> None:
    """Print the three sentences, the short table, what to beware of, where report and figures are, and how to open the run in MLflow.

    Args:
        conclusion: Sentences and rows.
        notes: By severity; those for information stand in the report.
        tracked: The run.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from brainalign.tracking import ui_addresses, ui_command

    console = Console(highlight=False)
    console = Console(highlight=False, soft_wrap=True, width=max(console.width, 120))
    told = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for heading, text in conclusion.sentences:
        told.add_row(Text(heading.lower()), Text(text))
    console.print(told, "")
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for what, value in conclusion.rows:
        table.add_row(Text(what), Text(value))
    console.print(table)
    for severity, own in notes.items():
        if severity is Severity.INFORMS:
            console.print(f"\n{len(own)} note{'s' * (len(own) > 1)} for information: in the report", markup=False)
            continue
        console.print(f"\n{severity.value}", markup=False)
        for alike in own:
            console.print(f"note: {alike.first}{more_like(alike)}", markup=False)
    console.print(f"\nreport   {tracked.folder / 'report.html'}", markup=False)
    console.print(f"figures  {tracked.folder / 'figures'}", markup=False)
    console.print(f"compare  {ui_command(tracked.uri)}", markup=False)
    for address in ui_addresses(tracked):
        console.print(f"         {address}", markup=False)


def show_plan(stages: Sequence[Stage]) -> None:
    """Print the stages of a run, and whether their memory is there."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("stage", "size", "memory at its peak", "about", box=None, padding=(0, 2, 0, 0))
    for stage in stages:
        table.add_row(*map(Text, stage.cells()))
    console = Console(highlight=False, width=max(Console().width, 120))
    console.print(table)
    need, there = max((s.memory for s in stages), default=0), total_memory() - resident_memory()
    verdict = "enough" if need <= there else "NOT ENOUGH: the run would be refused"
    whole = duration(sum(s.seconds for s in stages))
    console.print(
        f"\nin all about {whole}; {need / GIB:.1f} GiB needed at most, {there / GIB:.1f} GiB there: {verdict}"
    )
    console.print(f"on a SLURM cluster: hydra.launcher.mem_gb={math.ceil(need / GIB) + LIBRARIES}")
    console.print(
        "plan=true: nothing was done; times are estimates from a measured matrix rate and a few excerpts a model."
    )


def show_finished(before: Tracked, uri: str) -> None:
    """Say that a run of the same config, data and code is FINISHED, and where; a sweep's parent is told.

    Args:
        before: That run.
        uri: The store.
    """
    parent = os.environ.get(PARENT_RUN)
    if parent:
        note_finished_before(uri, parent, before)
    place = Path(before.folder).expanduser() / "report.html"
    where = f"report   {place}" if before.folder and place.is_file() else f"run      {before.id}"
    log.info(
        "finished before, under the same config, data and code: %s; tracking.resume=false does it again\n%s",
        before.name,
        where,
    )
