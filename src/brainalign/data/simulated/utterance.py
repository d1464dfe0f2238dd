"""Utterance: a sentence with every phone timed, in whole milliseconds, so that tables and audio agree exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from brainalign.data.simulated.lexicon import PRONUNCIATION
from brainalign.data.simulated.phones import PHONES


@dataclass(frozen=True)
class Span:
    """Something said from ``onset`` to ``offset``, in milliseconds."""

    label: str
    onset: int
    offset: int


@dataclass(frozen=True)
class Utterance:
    """A timed sentence.

    Attributes:
        words: In order; they touch or have a pause between them.
        phones: In order; they tile the words.
        ms: Length, with the silence at either end.
    """

    words: tuple[Span, ...]
    phones: tuple[Span, ...]
    ms: int

    def table(self, kind: str) -> pd.DataFrame:
        """The ``word`` or ``phone`` table of a Stimulus, in seconds."""
        spans = self.words if kind == "word" else self.phones
        return pd.DataFrame(
            {
                kind: [s.label for s in spans],
                "onset": [s.onset / 1000 for s in spans],
                "offset": [s.offset / 1000 for s in spans],
            }
        )


def speak(words: tuple[str, ...], rng: np.random.Generator) -> Utterance:
    """Time a sentence: intrinsic durations, a rate of its own, lengthening of the last word, occasional pauses.

    Args:
        words: Out of the lexicon.
        rng: Of rate, jitter and pauses.

    Example:
        >>> said = speak(("the", "dog", "slept"), np.random.default_rng(0))
        >>> said.phones[0].onset == said.words[0].onset, said.phones[-1].offset == said.words[-1].offset
        (True, True)
    """
    rate = rng.uniform(0.7, 0.95)
    now = int(rng.integers(40, 121))
    spans: list[Span] = []
    phones: list[Span] = []
    for place, word in enumerate(words):
        if place and rng.random() < 0.1:
            now += int(rng.integers(60, 181))
        onset = now
        stretch = rate * (1.25 if place == len(words) - 1 else 1.0)
        for name in PRONUNCIATION[word]:
            length = max(30, round(PHONES[name].ms * stretch * np.exp(0.15 * rng.standard_normal())))
            phones.append(Span(name, now, now + length))
            now += length
        spans.append(Span(word, onset, now))
    return Utterance(tuple(spans), tuple(phones), now + int(rng.integers(80, 161)))
