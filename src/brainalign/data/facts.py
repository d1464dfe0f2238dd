"""Facts of a data set that decide which models and analyses it allows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from brainalign.data.electrodes.responsive import BEFORE
from brainalign.data.frames.grid import SLOW
from brainalign.data.types import Dataset


@dataclass(frozen=True)
class Facts:
    """What is there, and what is not.

    Attributes:
        dataset: As read.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> facts = Facts(simulate(subjects=2, electrodes=4, sentences=6, repeated=0))
        >>> facts.stimuli, facts.participants, facts.repeated, facts.without("sound")
        (6, 2, False, '')
    """

    dataset: Dataset

    @property
    def stimuli(self) -> int:
        """How many different ones there are."""
        return len(self.dataset.stimuli)

    @property
    def participants(self) -> int:
        """How many there are."""
        return len(self.dataset.recordings)

    def without(self, what: str) -> str:
        """A sentence on how many stimuli lack something; empty where none does.

        Args:
            what: ``sound``, ``words`` or ``phones``.
        """
        stimuli = self.dataset.stimuli.values()
        lacking = {
            "sound": sum(s.audio is None for s in stimuli),
            "words": sum(s.timed_words.empty for s in stimuli),
            "phones": sum(s.phones.empty for s in stimuli),
        }[what]
        return f"{lacking} of {self.stimuli} stimuli have no {what}." if lacking else ""

    @cached_property
    def rates(self) -> list[float]:
        """Samples per second of every presentation."""
        return [p.rate for r in self.dataset.recordings for p in r.presentations]

    @property
    def slow(self) -> bool:
        """Whether one sample takes longer than a word, as in fMRI."""
        return any(rate < SLOW for rate in self.rates)

    def below(self, rate: float) -> bool:
        """Whether something was recorded at fewer samples per second.

        Args:
            rate: Hz.
        """
        return any(own < rate * (1 - 1e-6) for own in self.rates)

    @property
    def repeated(self) -> bool:
        """Whether a stimulus was presented twice to a participant."""
        return any(p.repeat > 0 for r in self.dataset.recordings for p in r.presentations)

    @property
    def baseline(self) -> bool:
        """Whether enough was recorded before an onset, at a rate that tells it from what follows."""
        presentations = [p for r in self.dataset.recordings for p in r.presentations]
        return any(p.start <= BEFORE[0] + 1 / p.rate for p in presentations) and not self.slow
