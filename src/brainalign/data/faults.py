"""Faults found while reading, gathered so that a user sees all of them at once."""

from __future__ import annotations

from brainalign.errors import BrainalignError


class Faults:
    """Sentences on what is wrong with a data set.

    Example:
        >>> faults = Faults()
        >>> faults.add("events.tsv: no column 'onset'.")
        >>> faults.refuse()
        Traceback (most recent call last):
        brainalign.errors.BrainalignError: events.tsv: no column 'onset'.
    """

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def add(self, sentence: str) -> None:
        """Note a fault."""
        self.sentences.append(sentence)

    def refuse(self) -> None:
        """Raise one error with all sentences, one a line; nothing where there is none."""
        if self.sentences:
            raise BrainalignError("\n".join(self.sentences))
