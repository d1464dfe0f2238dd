"""Three sentences on a run: what was asked, what was found, what cannot be concluded; and which rows stand beside them."""

from __future__ import annotations

from dataclasses import dataclass

from brainalign.notes import Note, Severity
from brainalign.study.result import AnalysisResult

MOST = 8
"""Rows of the short table; further ones are folded."""
CLAUSES = 3
"""Of what cannot be concluded because of the data or the models, beside what the analysis itself cannot show."""


@dataclass(frozen=True)
class Conclusion:
    """What a report opens with.

    Attributes:
        asked: The run's question.
        found: Effect, interval, test, ceiling.
        cannot: What cannot be concluded.
        rows: At most eight, (what, value).
        more: Topic -> further rows.
    """

    asked: str
    found: str
    cannot: str
    rows: tuple[tuple[str, str], ...]
    more: dict[str, list[tuple[str, str]]]

    @property
    def sentences(self) -> list[tuple[str, str]]:
        """The three, each with its heading."""
        told = (("Asked", self.asked), ("Found", self.found), ("Not shown", self.cannot))
        return [(heading, text) for heading, text in told if text]


def conclude(result: AnalysisResult, asked: str, cannot: str) -> Conclusion:
    """What a result comes to, in words.

    Args:
        result: Of any analysis; where it has no sentence of its own, its first row is what was found.
        asked: The question.
        cannot: What its analysis can never show.

    Example:
        >>> from brainalign.notes import limits
        >>> result = AnalysisResult(summary=[("strength", "0.3")], warnings=[limits("One participant.", "that others are alike")])
        >>> conclude(result, "How strong?", "why").cannot
        'It cannot be concluded that others are alike, nor why.'
    """
    found = result.found or next((f"{what}: {value}." for what, value in result.summary), "")
    notes = sorted(map(Note, result.warnings), key=lambda note: list(Severity).index(note.severity))
    of_data = list(dict.fromkeys(note.cannot for note in notes if note.cannot))[:CLAUSES]
    clauses = [*of_data, *([cannot] if cannot else [])]
    told = f"It cannot be concluded {', nor '.join(clauses)}." if clauses else ""
    rest = result.summary[MOST:]
    more = ({"Further results": rest} if rest else {}) | result.more
    return Conclusion(asked, found, told, tuple(result.summary[:MOST]), more)
