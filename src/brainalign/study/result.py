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
        summary: Rows of the short table printed at the end of the run: (what, value), what answers the run's question first.
        more: Topic -> further such rows, which the report has folded.
        warnings: Sentences that a reader of the results must know; a :class:`brainalign.notes.Note` says how much it matters.
        found: What was found, in a sentence: effect, interval, test, ceiling.
    """

    metrics: dict[str, float | list[tuple[int, float]]] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, tuple[Figure, str]] = field(default_factory=dict)
    summary: list[tuple[str, str]] = field(default_factory=list)
    more: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    found: str = ""

    def tell(self, topic: str, what: str, value: str) -> None:
        """Add a row to those that are folded.

        Args:
            topic: Under which it stands.
            what: Its name.
            value: Its value.
        """
        self.more.setdefault(topic, []).append((what, value))

    @property
    def rows(self) -> list[tuple[str, str]]:
        """All rows, those of the short table first."""
        return [*self.summary, *(row for own in self.more.values() for row in own)]
