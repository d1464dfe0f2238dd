"""What every kind of run leaves: provenance, metrics, tables, figures and report in its folder and in MLflow, and its page there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.config import FigureFiles
from brainalign.figures import stamp
from brainalign.figures.glyphs import missing_signs
from brainalign.notes import Alike, Note, Severity, grouped, more_like
from brainalign.own_figures import add_own_figures
from brainalign.report import write_report
from brainalign.secrets import hide_secrets
from brainalign.study.conclusion import Conclusion
from brainalign.study.result import AnalysisResult
from brainalign.tracking import NOTE, Run
from brainalign.tracking.files import write_figures, write_json, write_metrics, write_tables
from brainalign.tracking.supplement import write_supplement

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_outputs(
    tracked: Run,
    result: AnalysisResult,
    *,
    folder: Path,
    title: str,
    conclusion: Conclusion,
    people: Sequence[str],
    data: Sequence[tuple[str, str]],
    models: Sequence[str],
    methods: Sequence[tuple[str, str]],
    config: Mapping[str, Any],
    provenance: Mapping[str, Any],
    simulated: bool,
    main_figure: str,
    figures: FigureFiles,
    sources: str = "",
) -> None:
    """Write provenance, metrics, tables, figures and the report, and log them.

    Args:
        tracked: The run.
        result: What was found.
        folder: Of the run.
        title: Of the report.
        conclusion: What was asked, found, and cannot be concluded, with the rows of results.
        people: Participants' labels, whose difference makes no other note.
        data: What was analysed, as rows of (what, value).
        models: What the models are.
        methods: The methods with their settings.
        config: The settings.
        provenance: Commit, versions, times.
        simulated: Whether the responses are simulated; every figure then says so.
        main_figure: The one that the run's page shows.
        figures: Formats of the figures' files (the report has its figures within it, whichever these are), and the lab's own.
        sources: Of a comparison, for the run's page.
    """
    formats = figures.formats
    write_json(folder / "provenance.json", provenance)
    write_metrics(folder, result.metrics)
    write_tables(folder, result.tables)
    write_supplement(folder, result.tables)
    add_own_figures(result, figures.own, formats)
    if signs := missing_signs(figure for figure, _ in result.figures.values()):
        told = " ".join(signs[:12]) + (" ..." if len(signs) > 12 else "")
        result.warnings.append(
            f"Figures show a box for {told}, which no installed font has (tables have it); once one is installed, such as Noto Sans CJK, "
            "it is used."
        )
    result.warnings = [Note(warning).map(hide_secrets) for warning in result.warnings]
    notes = grouped(result.warnings, people)
    if simulated:
        for figure, _ in result.figures.values():
            stamp(figure, "Simulated data")
    write_figures(folder, result.figures, formats)
    write_report(
        folder / "report.html",
        title=title,
        conclusion=conclusion,
        notes=notes,
        data=data,
        models=models,
        methods=methods,
        config=config,
        provenance=provenance,
        result=result,
        simulated=simulated,
        figure_format=formats[0],
    )
    page = run_page(conclusion, notes, result.figures, tracked, main_figure, formats)
    tracked.set_tags({NOTE: f"{page}\n\n{sources}" if sources else page})
    tracked.log_metrics(result.metrics)
    tracked.log_artifacts(folder)


def without_secrets(result: AnalysisResult) -> None:
    """Hide in a result's sentences and rows what looks like a password, token or key.

    Args:
        result: Of any analysis; changed in place.
    """
    result.found = hide_secrets(result.found)
    result.summary = [(what, hide_secrets(value)) for what, value in result.summary]
    result.more = {topic: [(what, hide_secrets(value)) for what, value in own] for topic, own in result.more.items()}
    result.warnings = [Note(warning).map(hide_secrets) for warning in result.warnings]


def run_page(
    conclusion: Conclusion,
    notes: Mapping[Severity, Sequence[Alike]],
    figures: Mapping[str, tuple[Figure, str]],
    tracked: Run,
    main_figure: str,
    formats: Sequence[str],
) -> str:
    """A run's page in MLflow, in Markdown: the three sentences, the short table, the main figure, what to beware of.

    MLflow keeps 8000 characters; the figure is its own artifact, as SVG if there is one, which its page shows at its size.
    A PDF is no picture to a browser: it is a link.

    Args:
        conclusion: The sentences and the rows.
        notes: By severity.
        figures: Name -> (figure, caption).
        tracked: The run.
        main_figure: Shown; where it was not drawn, the first one is.
        formats: Of the figures' files.
    """
    from brainalign.tracking import figure_link

    rows = [f"| {_cell(what)} | {_cell(value)} |" for what, value in conclusion.rows]
    parts = [f"**{heading}.** {text}" for heading, text in conclusion.sentences]
    parts.append("\n".join(["| | |", "|---|---|", *rows]) if rows else "")
    if name := main_figure if main_figure in figures else next(iter(figures), None):
        suffix = next((own for own in ("svg", "png") if own in formats), formats[0])
        shown = "" if suffix == "pdf" else "!"
        parts.append(f"{shown}[{name}]({figure_link(tracked, name, suffix)})")
        parts.append(f"*{figures[name][1]}*")
    for severity, own in notes.items():
        if severity is not Severity.INFORMS:
            parts.append(f"**{severity.value.capitalize()}**")
            parts.append("\n".join(f"- {alike.first}{more_like(alike)}" for alike in own))
    return "\n\n".join(part for part in parts if part)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
