"""Source: what the reader of a format gives for one participant."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from brainalign.data.continuous.run import Run
from brainalign.data.events.event import Event
from brainalign.data.files.read_errors import ReadErrors


class Source(Protocol):
    """One participant in some format."""

    @property
    def subject(self) -> str:
        """The participant's label."""
        ...

    @property
    def align(self) -> str:
        """What presentations begin with: ``onset`` of their event, or the participant's ``speech`` after it."""
        ...

    def events(self, known: Collection[str] | None, errors: ReadErrors, notes: list[str]) -> list[Event]:
        """Which stimulus was played when, run after run, in the order in which it happened.

        Args:
            known: Ids of the stimuli that there are; None: the events themselves say what there is.
            errors: Gets the sentences on what is wrong; such events are left out.
            notes: Gets the sentences on what was passed over.
        """
        ...

    def open(self, run: str) -> Run:
        """One run; it is read and processed here, and let go when the next one is opened."""
        ...
