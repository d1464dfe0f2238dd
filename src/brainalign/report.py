"""One self-contained page that a colleague can read without the software: question, results, figures, methods."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd

from brainalign.notes import Alike, Severity
from brainalign.pages import cell, picture, render, write_page
from brainalign.study.conclusion import Conclusion
from brainalign.study.result import AnalysisResult
from brainalign.tracking.files import FIGURES, TABLES, file_name
from brainalign.tracking.text import flatten, plain

ROWS = 12
"""Rows of each table that the page shows."""

TERMS = {
    "r": "Pearson correlation of held-out response and prediction, by electrode, averaged over outer folds.",
    "r_pooled": "Pearson correlation over the frames of all outer folds together.",
    "r2": "1 − SSE/SST on held-out frames, SST about the training mean; negative where the mean does better.",
    "r2_pearson": "Square of r; never negative, its floor without any signal is about 1/(n − 1), n independent frames.",
    "rule": "nested: the layer of each electrode is chosen within the training folds. max: the best layer on the "
    "scored data itself, as an upper and optimistic figure.",
    "space": "full: all dimensions of a model. shared: its leading canonical variates with the partner. rest: "
    "what remains of it.",
    "held_out": "Canonical correlation on stimuli that the canonical weights were not fitted on.",
    "null_95": "95th percentile of the canonical correlation after the pairing of the two models is broken.",
    "similarity": "Squared Pearson r between the held-out predictions of two models, by electrode, averaged over outer folds.",
    "similarity_partial": "The same with speech being on and the onsets of stimulus and words, at all lags of the window, "
    "partialled out of both predictions; of unrelated predictions about 1/(n − 1 − their number), n independent frames.",
    "p_permutation": "An electrode's own one-sided p: its held-out predictions against circular shifts of its responses, the null "
    "widened for the folds' training each other.",
    "test": "paired_t: over electrodes, as published. sign_flip: over participants' mean differences. mixed: a mixed model with "
    "random slopes by participant. primary marks the test whose p the figures show.",
    "n": "Electrodes behind the means mean_a and mean_b; n_participants is how many people they are from, n_dropped how many had no value.",
    "mean_difference": "Over electrodes for paired_t, over participants' means for sign_flip, the model's estimate for mixed; ci_low and "
    "ci_high are its interval at 1 − alpha, not corrected.",
    "p_bonferroni": "Two-sided p, multiplied by family_size, the number of all declared tests.",
    "p_holm": "Holm's step-down correction over the declared tests; never above p_bonferroni.",
    "p_fdr": "False discovery rate of Benjamini and Hochberg: over the declared tests, or over electrodes beside p_permutation.",
    "p_max": "Sign-flip p corrected by the distribution of the largest statistic of the family.",
    "p_corrected": "The p under the correction that the column correction names: what figures show.",
    "smallest_p": "The smallest p that a sign-flip test with so many participants can give, 2/2^n.",
    "effect_size": "Mean difference over the standard deviation of the differences (Cohen's d_z), of participants for sign_flip, else of "
    "electrodes; effect_low and effect_high are its interval at 1 − alpha by the non-central t, exact for normal "
    "differences, not corrected.",
    "unit": "What a test counts as independent. Pooled electrodes of one participant are not independent, so "
    "such a p is too small where participants differ.",
}
"""Meaning of the columns that a reader meets; the page explains those that its tables have."""


def write_report(
    path: Path,
    *,
    title: str,
    conclusion: Conclusion,
    notes: Mapping[Severity, Sequence[Alike]],
    data: Sequence[tuple[str, str]],
    models: Sequence[str],
    methods: Sequence[tuple[str, str]],
    config: Mapping[str, Any],
    provenance: Mapping[str, Any],
    result: AnalysisResult,
    simulated: bool,
    figure_format: str = "png",
) -> Path:
    """Write the report of a run as one HTML file that loads nothing from anywhere.

    Args:
        path: The file; it appears whole or not at all.
        title: What was run on what.
        conclusion: What was asked, found, and cannot be concluded, with the rows of results.
        notes: By severity, those that are alike together.
        data: What was analysed, as (what, value).
        models: One sentence a model.
        methods: What was done, as (heading, paragraph).
        config: All settings; nested keys are joined by dots. Home folders and secrets do not appear.
        provenance: Versions, digests, host, times; nested likewise.
        result: Tables, and figures with captions. Files are named as the run's folder has them:
            ``tables/<name>.parquet``, ``figures/<name>.<figure_format>``.
        simulated: Whether the responses are simulated; the page then says so in its title and at its top.
        figure_format: The format of the figures' files that the page names; the figures within it are its own.

    Returns:
        The path.
    """
    columns = {str(column) for table in result.tables.values() for column in table.columns}
    sections = {"results": True, "notes": notes, "figures": result.figures, "data": True}
    sections |= {"models": True, "tables": result.tables, "methods": True, "provenance": True}
    page = render(
        "report.html.j2",
        title=title,
        conclusion=conclusion,
        simulated=simulated,
        contents=[(name, name.capitalize()) for name, present in sections.items() if present],
        notes=[(severity.value, severity is Severity.INFORMS, own) for severity, own in notes.items()],
        figures=[
            picture(*drawn, path, f"{FIGURES}/{file_name(name)}.{figure_format}") | {"number": number}
            for number, (name, drawn) in zip(numbers(list(result.figures)), result.figures.items(), strict=True)
        ],
        data=data,
        models=models,
        methods=methods,
        tables=[_table(name, table) for name, table in result.tables.items()],
        terms=[(term, meaning) for term, meaning in TERMS.items() if term in columns],
        config=_rows(config),
        provenance=_rows(provenance),
    )
    return write_page(path, page)


def _rows(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Nested settings as (dotted key, value), in their order."""
    shown = flatten(plain(settings))
    return [(key, "–" if value is None else str(value)) for key, value in shown.items()]


def numbers(names: Sequence[str]) -> list[int]:
    """The number of each figure: that of its file where it has one (``figure_2`` of a paper), the next free ones for the others.

    Example:
        >>> numbers(["figure_2", "figure_4", "region_bars"]), numbers(["layer_profile", "region_bars"])
        ([2, 4, 5], [1, 2])
    """
    own = {name: int(match[1]) for name in names if (match := re.fullmatch(r"figure_(\d+)", name))}
    free = count(max(own.values(), default=0) + 1)
    return [own.get(name) or next(free) for name in names]


def _table(name: str, table: pd.DataFrame) -> dict[str, Any]:
    """What the page needs of a table: its first rows, and apart from them the columns that never change."""
    same = [c for c in table.columns if len(table) > 1 and table[c].astype(str).nunique(dropna=False) == 1]
    varying = [c for c in table.columns if c not in same]
    told = [f"{c} = {cell(table[c].iloc[0])}" for c in same if cell(table[c].iloc[0]) != ""]
    first = table[varying].head(ROWS)
    shown = f"The first {len(first)} of {len(table)} rows;" if len(table) > ROWS else "All rows;"
    return {
        "name": name,
        "shown": f"{shown} the whole table is in",
        "file": f"{TABLES}/{file_name(name)}.parquet",
        "constant": ", ".join(told),
        "columns": [{"name": str(c), "numeric": pd.api.types.is_numeric_dtype(table[c].dtype)} for c in varying],
        "rows": [[cell(value) for value in row] for row in first.itertuples(index=False)],
    }
