"""What every model of words needs, and the baseline made of word times alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.transcripts.form import without_edges
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import Placement, ReceptiveField, Rows, Unit

LATE = 0.05
"""Seconds by which the last word may end after its sound: annotators' and aligners' rounding."""
ALONE = ReceptiveField(0, 0, "words")
"""A word's row has seen its own word alone."""


def needs_words(stimulus: Stimulus, model: str) -> None:
    """Refuse a stimulus without a single timed word, or with words that are not within its length."""
    if stimulus.timed_words.empty:
        raise BrainalignError(
            f"model {model} needs timed words, but stimulus {stimulus.id!r} has none; choose a model of audio."
        )
    last = stimulus.timed_words.iloc[int(stimulus.timed_words["offset"].argmax())]
    if last["offset"] > stimulus.duration + LATE:
        raise BrainalignError(
            f"stimulus {stimulus.id!r} lasts {stimulus.duration:.3f} s, but its word {str(last['word']).strip()!r} ends at "
            f"{last['offset']:.3f} s; the words must be those of this sound, in seconds from its begin."
        )


def words_of(stimulus: Stimulus) -> list[str]:
    """The words of a stimulus without the spaces that transcripts leave around some: the form that word vectors know.

    Args:
        stimulus: With timed words.
    """
    return [str(word).strip() for word in stimulus.words["word"]]


def forms_of(stimulus: Stimulus) -> list[tuple[str, ...]]:
    """Of each word the forms under which a dictionary may have it: as written, in lower case, and both with the punctuation around it.

    Capitals tell ``Apple`` from ``apple``, and German nouns have no other form; the point of ``U.S.`` is part of the word, and that of a
    sentence is not, so it comes last. A word of unknown identity has the form ``<unk>`` alone.

    Args:
        stimulus: With timed words.

    Example:
        >>> import pandas as pd
        >>> words = pd.DataFrame({"word": ["u.s", "so"], "onset": [0.1, 0.4], "offset": [0.4, 0.6], "text": ["U.S.,", "so"]})
        >>> forms_of(Stimulus("s1", 1.0, words))
        [('U.S', 'u.s', 'U.S.,', 'u.s.,', 'U.S.', 'u.s.'), ('so',)]
    """
    out = []
    for word, written in zip(words_of(stimulus), written_words_of(stimulus), strict=True):
        pointed = written.rstrip(",;:!?\"'”’)")
        forms = (without_edges(written), word, written, written.lower(), pointed, pointed.lower())
        out.append(tuple(dict.fromkeys(f for f in forms if f)) or (word,))
    return out


def written_words_of(stimulus: Stimulus) -> list[str]:
    """The words of a stimulus as they are written, capitals and punctuation included: what language models were trained on.

    Args:
        stimulus: With timed words; without a column ``text`` they are as :func:`words_of` has them.
    """
    return [str(word).strip() for word in stimulus.words["text" if "text" in stimulus.words else "word"]]


def word_rows(stimulus: Stimulus, values: NDArray[np.floating[Any]]) -> Rows:
    """One row a word, with its times; words without a time are in no row.

    Args:
        stimulus: With timed words.
        values: (words, dims), of all its words.
    """
    onset, offset = (stimulus.words[c].to_numpy(dtype=np.float64) for c in ("onset", "offset"))
    known = np.isfinite(onset)
    return Rows(values[known], onset[known], offset[known])  # the cache chooses their precision


class WordRate:
    """An impulse at each word's onset; on slow grids the number of words that begin in a frame.

    Args:
        name: As it stands in tables.

    Example:
        >>> import pandas as pd
        >>> words = pd.DataFrame({"word": ["so", "it"], "onset": [0.1, 0.4], "offset": [0.4, 0.6]})
        >>> said = Stimulus("s1", 1.0, words)
        >>> dict(WordRate().extract([said]))["s1"][0].values.ravel()
        array([1., 1.])
    """

    unit: Unit = "words"
    placement: Placement = "impulse"
    receptive_field = ALONE
    layers: Sequence[int] = (0,)
    version = 1

    def __init__(self, name: str = "word_rate") -> None:
        self.name = name

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {"kind": "word_rate"}

    def describe(self) -> str:
        """The model in a sentence."""
        return "an impulse at each word's onset (on slow grids, the number of words that begin in a frame)"

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have words."""
        needs_words(stimulus, self.name)

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time."""
        for stimulus in stimuli:
            yield stimulus.id, {0: word_rows(stimulus, np.ones((len(stimulus.words), 1)))}
