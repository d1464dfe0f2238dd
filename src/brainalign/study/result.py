"""What an analysis hands back, whatever it computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass
class AnalysisResult:
    """Metrics, tables and figures of one run.

    Attributes:
        metrics: Name with ``/`` as separator -> value; a list of (step, value) for a curve such as ``layer/r2/mean``.
        tables: Name -> tidy table; each becomes ``tables/<name>.parquet``.
        figures: Name -> (figure, caption); each becomes ``figures/<name>.png`` and ``.svg``. The caption is a sentence
            that states the figure's numbers.
        summary: Rows of the short table printed at the end of the run: (what, value).
        warnings: Sentences that a reader of the results must know.
    """

    metrics: dict[str, float | list[tuple[int, float]]] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, tuple[Figure, str]] = field(default_factory=dict)
    summary: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
