"""Controls: what a score is worth without the representation. OASM, shuffled words, sentence position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import Extractor, Placement, ReceptiveField, Rows, Unit
from brainalign.features.precision import in_float32
from brainalign.features.words.timed import needs_words, word_rows, written_words_of

WIDEST = 1000
"""Columns above which OASM is refused: with 20 lags their Gram matrix alone takes 3.2 GB."""


class Oasm:
    """Orthogonal autocorrelated sequences (Feghhi et al. 2024): each word's identity, smoothed within its stimulus.

        X[i, j] = exp(-(i - j)^2 / (2 sigma^2)) where words i and j are of one stimulus, else 0

    A column for each word of the data set. It knows nothing but when, within which stimulus, a word stood: what it
    predicts of held-out rows is what neighbours in time tell, that is, the leak of a split. With whole stimuli held out
    it predicts nothing.

    Args:
        stimuli: All stimuli of the data set, which give the columns.
        sigma: Width of the smoothing in words.
        name: As it stands in tables.

    Raises:
        BrainalignError: There are too many words for a column each.

    Example:
        >>> import pandas as pd
        >>> words = pd.DataFrame({"word": ["so", "it"], "onset": [0.1, 0.4], "offset": [0.4, 0.6]})
        >>> stimuli = {s: Stimulus(s, 1.0, words) for s in "ab"}
        >>> dict(Oasm(stimuli, sigma=1.0).extract([stimuli["b"]]))["b"][0].values.round(2)
        array([[0.  , 0.  , 1.  , 0.61],
               [0.  , 0.  , 0.61, 1.  ]])
    """

    unit: Unit = "words"
    placement: Placement = "hold"
    layers: Sequence[int] = (0,)
    version = 1
    receptive_field = ReceptiveField(float("inf"), float("inf"), "words")

    def __init__(self, stimuli: Mapping[str, Stimulus], sigma: float = 1.5, name: str = "oasm") -> None:
        self.name, self.sigma = name, sigma
        sizes = [len(stimuli[s].words) for s in sorted(stimuli)]
        self._first = dict(zip(sorted(stimuli), np.cumsum([0, *sizes]).tolist(), strict=False))
        self.dims = sum(sizes)
        if self.dims > WIDEST:
            raise BrainalignError(
                f"model {name} has a column for each of the {self.dims} words of the stimuli, more than the {WIDEST} that fit; fewer "
                "stimuli are needed for this control."
            )

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {"kind": "oasm", "sigma": self.sigma}

    def describe(self) -> str:
        """The model in a sentence."""
        return f"each word's identity, smoothed over {self.sigma:g} words within its stimulus ({self.dims} columns): a control"

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have words."""
        needs_words(stimulus, self.name)

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time."""
        for stimulus in stimuli:
            n, first = len(stimulus.words), self._first[stimulus.id]
            apart = np.subtract.outer(np.arange(n), np.arange(n))
            values = np.zeros((n, self.dims))
            values[:, first : first + n] = np.exp(-0.5 * (apart / self.sigma) ** 2)
            yield stimulus.id, {0: word_rows(stimulus, values)}


class ShuffledWords:
    """A model of words that reads each stimulus's words in a random order, at the times of the real ones.

    Word rate, the distribution of words within a stimulus and the model are as they were; which word was said when,
    and in which context, is not.

    Args:
        extractor: A model of words.
        seed: Of the orders; each stimulus has its own.
        name: As it stands in tables.

    Raises:
        BrainalignError: The model is one of sound.
    """

    unit: Unit = "words"
    version = 1

    def __init__(self, extractor: Extractor, seed: int = 0, name: str = "shuffled_words") -> None:
        if extractor.unit != "words":
            raise BrainalignError(
                f"model {name} shuffles words, but {extractor.name} is a model of sound; name one of words."
            )
        self.name, self.seed, self._of = name, seed, extractor
        self.layers, self.placement, self.receptive_field = (
            extractor.layers,
            extractor.placement,
            extractor.receptive_field,
        )

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {"kind": "shuffled_words", "seed": self.seed, "of": self._of.identity(), "version": self._of.version}

    def describe(self) -> str:
        """The model in a sentence."""
        return (
            f"words in random order within each stimulus (seed {self.seed}), read by {self._of.describe()}: a control"
        )

    def in_float32(self) -> Self | None:
        """The same of the model in float32; None where it is."""
        exact = in_float32(self._of)
        if exact is None:
            return None
        twin = copy(self)
        twin._of = exact
        return twin

    def check(self, stimulus: Stimulus) -> None:
        """As the model itself."""
        self._of.check(stimulus)

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time."""
        return self._of.extract([self.shuffled(s) for s in stimuli])

    def shuffled(self, stimulus: Stimulus) -> Stimulus:
        """The stimulus with its words in another order; times stay where they are."""
        own = int.from_bytes(stimulus.id.encode(), "big")
        order = np.random.default_rng([self.seed, own]).permutation(len(stimulus.words))
        forms = {c: stimulus.words[c].to_numpy()[order] for c in ("word", "text") if c in stimulus.words}
        return replace(stimulus, words=stimulus.words.assign(**forms))


class SentencePosition:
    """How many words of its sentence a word is; a sentence ends with a stimulus, or with a word that ends in . ! or ?.

    In a transcript without such marks this is the position in the stimulus.

    Args:
        name: As it stands in tables.

    Example:
        >>> import pandas as pd
        >>> words = pd.DataFrame({"word": ["So?", "It", "ran"], "onset": [0.1, 0.4, 0.6], "offset": [0.4, 0.6, 0.9]})
        >>> dict(SentencePosition().extract([Stimulus("s1", 1.0, words)]))["s1"][0].values.ravel()
        array([1., 1., 2.])
    """

    unit: Unit = "words"
    placement: Placement = "hold"
    layers: Sequence[int] = (0,)
    version = 1
    receptive_field = ReceptiveField(float("inf"), 0, "words")

    def __init__(self, name: str = "sentence_position") -> None:
        self.name = name

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {"kind": "sentence_position"}

    def describe(self) -> str:
        """The model in a sentence."""
        return "each word's position in its sentence, from 1: a control"

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have words."""
        needs_words(stimulus, self.name)

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time."""
        for stimulus in stimuli:
            position, positions = 0, []
            for word in written_words_of(stimulus):
                position += 1
                positions.append(position)
                if word.rstrip("\"'”’)").endswith((".", "!", "?")):
                    position = 0
            yield stimulus.id, {0: word_rows(stimulus, np.array(positions, dtype=np.float64)[:, None])}
