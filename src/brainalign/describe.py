"""A run in words: its question, its data, and the short table at its end."""

from __future__ import annotations

import logging
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from brainalign.analysis.plan import Stage
from brainalign.analysis.result import AnalysisResult
from brainalign.analysis.study import Study
from brainalign.config import Config
from brainalign.data.splits.leakage import leaked_share
from brainalign.data.types import Dataset
from brainalign.encoding.plan import GIB
from brainalign.linalg.machine import total_memory
from brainalign.progress import duration
from brainalign.tracking import PARENT_RUN, Run, Tracked, note_finished_before

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

LIBRARIES = 2
"""GiB for Python, its libraries and a small model, beside the peak of the stages."""

log = logging.getLogger(__name__)


PAIRED = {
    "cca": "What do {} share, and how well does the shared and the residual part of each predict",
    "convergence": "Do {} share what they say of the brain, and how well does the shared and the residual part of each predict",
    "decomposition": "What is in the space that {} share, and how well does each part of it predict",
    "similarity": "How much variance is shared by what {} predict of",
    "variance_partition": "What do {} explain alone and what together of",
}
"""Analyses of two models: what is asked of the responses."""


MAIN = ("figure_4", "region_bars", "similarity", "variance_partition", "ceilings", "control_shares")
"""The figure that a run's page in MLflow shows: the first of these that it has, or else its first."""


def question(config: Config, dataset: Dataset, models: Sequence[str]) -> str:
    """What the run asks, in a sentence or two."""
    people = f"{len(dataset.recordings)} {'simulated ' if config.data.simulated else ''}participants"
    heard = f"{len(dataset.stimuli)} stimuli"
    if config.analysis.kind in PAIRED and config.partner is not None and len(models) > 1:
        asked = PAIRED[config.analysis.kind].format(f"{models[0]} and {models[1]}")
        return f"{asked} the responses of {people} to {heard} ({dataset.name})?"
    if config.analysis.kind == "ceiling":
        return f"How much of the responses of {people} to {heard} ({dataset.name}) could be predicted at all?"
    if config.analysis.kind == "validation":
        return "Does the pipeline find what the simulator planted?"
    if config.analysis.kind == "power":
        return f"With the numbers of {people} and {heard}, how likely is an effect of a given size to be found?"
    if config.analysis.kind == "controls":
        return (
            f"How much of what {models[0]} predicts of the responses of {people} to {heard} ({dataset.name}) is reached without what "
            "the model is said to have?"
        )
    if config.analysis.kind == "extract":
        return f"What does {models[0]} give for {heard} ({dataset.name})?"
    if config.analysis.kind == "geometry":
        return f"Do {' and '.join(models)}, and the responses of {people}, arrange {heard} ({dataset.name}) in the same way?"
    if config.analysis.kind == "abx":
        return f"How well do frames of {' and '.join(models)} tell the phones of {heard} ({dataset.name}) apart?"
    if config.analysis.kind == "reconstruction":
        return (
            f"Do word vectors ({', '.join(models)}) foretell the responses of {people} who said {heard} ({dataset.name}) better than the "
            "intercept alone?"
        )
    if config.analysis.kind == "hierarchy":
        return f"Which layers of {models[0]} predict which regions of {people} who heard {heard} ({dataset.name})?"
    if config.analysis.kind == "regimes":
        return f"How much do the weights ({', '.join(models)}) matter to the responses of {people} to {heard} ({dataset.name})?"
    if config.analysis.kind == "latency":
        return f"When, and over how long a window, does {models[0]} predict the responses of {people} to {heard} ({dataset.name})?"
    against = f", and does it do better than {models[1]}" if len(models) > 1 else ""
    return f"How well does {models[0]} predict the responses of {people} to {heard} ({dataset.name}){against}?"


def describe_data(study: Study, encodes: bool) -> list[tuple[str, str]]:
    """What was analysed, as rows of (what, value); window and folds only where responses were predicted."""
    dataset = study.dataset
    seconds = sum(s.duration for s in dataset.stimuli.values())
    if not dataset.recordings:
        return [
            ("data set", f"{dataset.name} (digest {dataset.digest[:12]})"),
            ("participants", "none"),
            ("stimuli", f"{len(dataset.stimuli)} ({seconds / 60:.1f} min)"),
        ]
    responses = study.responses
    heard = [s for s, _ in study.recorded.presentations]
    repeated = sum(heard.count(s) > 1 for s in dict.fromkeys(heard))
    frames = sum(len(v) for v in responses.values)
    counts = study.channels["region"].value_counts(sort=False)
    grid = next(iter(responses.grids.values()))
    chosen = " (speech-responsive ones alone)" if "responsive_p" in study.channels else ""
    rows = [
        ("data set", f"{dataset.name} (digest {dataset.digest[:12]})"),
        ("participants", ", ".join(r.subject for r in dataset.recordings)),
        ("electrodes by region", ", ".join(f"{region} {n}" for region, n in counts.items()) + chosen),
        (
            "stimuli",
            f"{len(dataset.stimuli)} ({seconds / 60:.1f} min), {repeated} of them presented more than once",
        ),
        ("presentations", f"{len(responses.presentations)}, {frames} frames at {grid.rate:g} Hz"),
    ]
    if not encodes:
        return rows
    return [
        *rows,
        ("window", f"{len(study.lags)} lags, {study.lags[0] / grid.rate:g} to {study.lags[-1] / grid.rate:g} s"),
        (
            "folds",
            f"{len(study.split.folds)} outer, by {study.split.kind}; test frames whose stimulus is in training: {leak(study.leak)}",
        ),
    ]


def leak(audit: pd.DataFrame) -> str:
    """The leak audit in words: the share of test frames whose stimulus is also in training, and how near they come to it."""
    share, worst = leaked_share(audit), audit["leak"].max()
    if share == 0:
        return "none of them in any fold"
    near = int(audit["nearest_frames"].min())
    if near > 0:
        return f"{share:.0%}, with training frames no nearer than {near} frames (the gap between blocks)"
    return (
        f"{share:.0%} of all, {worst:.0%} in the worst fold (LEAKY: the same moments of the stimulus are in training)"
    )


def show_end(result: AnalysisResult, tracked: Run) -> None:
    """Print the short table of results, where the figures are, and the line that opens the MLflow UI."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from brainalign.tracking import ui_address, ui_command

    console = Console(highlight=False)
    console = Console(highlight=False, soft_wrap=True, width=max(console.width, 120))
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for what, value in result.summary:
        table.add_row(Text(what), Text(value))
    console.print(table)
    for warning in result.warnings:
        console.print(f"note: {warning}", markup=False)
    console.print(f"\nreport   {tracked.folder / 'report.html'}", markup=False)
    console.print(f"figures  {tracked.folder / 'figures'}", markup=False)
    console.print(f"compare  {ui_command(tracked.uri)}", markup=False)
    if address := ui_address(tracked):
        console.print(f"         {address}", markup=False)


def note(asked: str, result: AnalysisResult, tracked: Run) -> str:
    """A run's page in MLflow, in Markdown: the question, the short table, the main figure, what to beware of.

    MLflow keeps 8000 characters; the figure is its own artifact, as SVG, which its page shows at its size.

    Args:
        asked: The question.
        result: Of the run.
        tracked: The run.
    """
    from brainalign.tracking import figure_link

    rows = [f"| {_cell(what)} | {_cell(value)} |" for what, value in result.summary]
    parts = [asked, "\n".join(["| | |", "|---|---|", *rows]) if rows else ""]
    if name := next((n for n in MAIN if n in result.figures), next(iter(result.figures), None)):
        parts.append(f"![{name}]({figure_link(tracked, name)})")
        parts.append(f"*{result.figures[name][1]}*")
    parts += [f"- {warning}" for warning in result.warnings]
    return "\n\n".join(part for part in parts if part)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


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
    need, there = max((s.memory for s in stages), default=0), total_memory()
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
