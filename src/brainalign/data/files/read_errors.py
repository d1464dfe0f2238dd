"""ReadErrors found while reading, gathered so that a person sees all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from brainalign.errors import BrainalignError


class ReadErrors:
    """Sentences on what is wrong with a data set, raised together.

    Example:
        >>> errors = ReadErrors()
        >>> with errors.collected():
        ...     raise BrainalignError("events.tsv has no column 'onset'.")
        >>> errors.add(["channels.tsv does not exist."])
        >>> errors.raise_all()
        Traceback (most recent call last):
        brainalign.errors.BrainalignError: events.tsv has no column 'onset'.
        channels.tsv does not exist.
    """

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def add(self, sentences: Iterable[str]) -> None:
        """Keep some errors, each once."""
        self.sentences.extend(s for s in sentences if s not in self.sentences)

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Keep the fault that the block raises, if it does, and go on after it."""
        try:
            yield
        except BrainalignError as error:
            self.add([str(error)])

    def raise_all(self) -> None:
        """Raise one error with all sentences, one a line; do nothing where there is none."""
        if self.sentences:
            raise BrainalignError("\n".join(self.sentences))
