"""Notes for the reader of a result: sentences that say how much they matter, and what cannot be concluded because of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How much a note matters, the most first."""

    CHANGES = "changes the result"
    LIMITS = "limits what can be concluded"
    INFORMS = "for information"


class Note(str):
    """A sentence, with its severity. A plain string among notes is for information.

    Attributes:
        severity: How much it matters.
        cannot: What cannot be concluded because of it, as it goes on after "It cannot be concluded"; empty where nothing is to be said.

    Example:
        >>> note = limits("There is one participant (p1).", "whether other people would show this")
        >>> note.severity.value, note.cannot
        ('limits what can be concluded', 'whether other people would show this')
    """

    severity: Severity
    cannot: str

    def __new__(cls, text: str, severity: Severity = Severity.INFORMS, cannot: str = "") -> Note:
        """A note of a text that may be a note itself, whose severity it then keeps."""
        note = super().__new__(cls, text)
        if isinstance(text, Note):
            severity, cannot = text.severity, text.cannot
        note.severity, note.cannot = severity, cannot
        return note

    def map(self, change: Callable[[str], str]) -> Note:
        """The note with another sentence, such as one whose secrets are hidden.

        Args:
            change: From the sentence to the other.
        """
        return Note(change(str(self)), self.severity, self.cannot)


def changes(text: str) -> Note:
    """A note on what changes the result: data or parts that are missing from it, numbers that are not what they seem.

    Args:
        text: The sentence.
    """
    return Note(text, Severity.CHANGES)


def limits(text: str, cannot: str = "") -> Note:
    """A note on what limits what can be concluded.

    Args:
        text: The sentence.
        cannot: What cannot be concluded, as it goes on after "It cannot be concluded".
    """
    return Note(text, Severity.LIMITS, cannot)


@dataclass(frozen=True)
class Alike:
    """Notes that differ in names and numbers alone.

    Attributes:
        first: The first of them.
        others: The rest, in their order.
    """

    first: str
    others: tuple[str, ...]


def grouped(notes: Iterable[str], names: Sequence[str] = ()) -> dict[Severity, list[Alike]]:
    """Notes by severity, the most severe first; each sentence once, those that are alike in one group.

    Args:
        notes: In any order.
        names: Labels, such as participants', whose difference makes no other note. Nor does what a note begins with up to a colon: it
            says what the note is about.

    Example:
        >>> found = grouped(["run 1 resampled", limits("no repeats"), "run 2 resampled", "run 1 resampled"])
        >>> [(severity.value, [(a.first, len(a.others)) for a in own]) for severity, own in found.items()]
        [('limits what can be concluded', [('no repeats', 0)]), ('for information', [('run 1 resampled', 1)])]
    """
    found: dict[Severity, dict[str, list[str]]] = {severity: {} for severity in Severity}
    known = [re.escape(name) for name in sorted(filter(None, names), key=len, reverse=True)]
    varies = re.compile("|".join([r"^[^:]+: ", *(rf"(?<!\w){name}(?!\w)" for name in known), r"'[^']*'", r"\d[\d.,]*"]))
    for note in dict.fromkeys(map(Note, notes)):
        found[note.severity].setdefault(varies.sub("#", note), []).append(note)
    return {
        severity: [Alike(first, tuple(others)) for first, *others in own.values()]
        for severity, own in found.items()
        if own
    }


def more_like(alike: Alike) -> str:
    """How many more such notes there are, to stand behind the first; empty where there is none.

    Args:
        alike: The notes.

    Example:
        >>> more_like(Alike("p1: a run is short", ("p2: a run is short",)))
        ' (and 1 more like it)'
    """
    return f" (and {len(alike.others)} more like it)" if alike.others else ""


def packed(notes: Iterable[str]) -> list[list[str]]:
    """Notes as JSON can hold them.

    Args:
        notes: Any.
    """
    return [[str(note), note.severity.value, note.cannot] for note in map(Note, notes)]


def unpacked(rows: Iterable[Sequence[str]]) -> list[Note]:
    """The notes that :func:`packed` was given.

    Args:
        rows: Text, severity and what cannot be concluded.

    Example:
        >>> unpacked(packed([limits("No repeats.", "how much could be")]))[0].cannot
        'how much could be'
    """
    return [Note(text, Severity(severity), cannot) for text, severity, cannot in rows]
