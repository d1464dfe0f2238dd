"""leave_behind: what every kind of run writes into its folder and logs, in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from brainalign.analysis.result import AnalysisResult
from brainalign.describe import note
from brainalign.figures import stamp
from brainalign.report import write_report
from brainalign.secrets import hide_secrets
from brainalign.tracking import NOTE, Run
from brainalign.tracking.files import write_figures, write_json, write_metrics, write_tables


def leave_behind(
    tracked: Run,
    result: AnalysisResult,
    *,
    folder: Path,
    title: str,
    question: str,
    data: Sequence[tuple[str, str]],
    models: Sequence[str],
    methods: Sequence[tuple[str, str]],
    config: Mapping[str, Any],
    provenance: Mapping[str, Any],
    simulated: bool,
    sources: str = "",
) -> None:
    """Write provenance, metrics, tables, figures and the report, and log them.

    Args:
        tracked: The run.
        result: What was found.
        folder: Of the run.
        title: Of the report.
        question: That the run asks.
        data: What was analysed, as rows of (what, value).
        models: What the models are.
        methods: The methods with their settings.
        config: The settings.
        provenance: Commit, versions, times.
        simulated: Whether the responses are simulated; every figure then says so.
        sources: Of a comparison, for the run's page.
    """
    result.summary = [(what, hide_secrets(value)) for what, value in result.summary]
    result.warnings = [hide_secrets(warning) for warning in result.warnings]
    write_json(folder / "provenance.json", provenance)
    write_metrics(folder, result.metrics)
    write_tables(folder, result.tables)
    if simulated:
        for figure, _ in result.figures.values():
            stamp(figure, "Simulated data")
    write_figures(folder, result.figures)
    write_report(
        folder / "report.html",
        title=title,
        question=question,
        data=data,
        models=models,
        methods=methods,
        config=config,
        provenance=provenance,
        result=result,
        simulated=simulated,
    )
    page = note(question, result, tracked)
    tracked.set_tags({NOTE: f"{page}\n\n{sources}" if sources else page})
    tracked.log_metrics(result.metrics)
    tracked.log_artifacts(folder)
