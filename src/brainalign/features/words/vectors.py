"""Static word vectors: GloVe, word2vec and fastText files."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.transcripts.labels import UNKNOWN_WORD
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import Placement, Rows, Unit
from brainalign.features.words.timed import ALONE, forms_of, needs_words, word_rows
from brainalign.features.words.vector_files import Lookup, read_vectors

log = logging.getLogger(__name__)


class WordVectors:
    """Each word's vector, looked up as written, then in lower case; unknown words are zero and counted.

    The order of forms is that of :func:`~brainalign.features.words.timed.forms_of`.

    Args:
        path: See :func:`read_vectors`.
        name: As it stands in tables.

    Raises:
        BrainalignError: There is no such file.
    """

    unit: Unit = "words"
    placement: Placement = "hold"
    receptive_field = ALONE
    layers: Sequence[int] = (0,)
    version = 3

    def __init__(self, path: Path, name: str = "glove") -> None:
        self.path, self.name = Path(path).expanduser(), name
        if not self.path.is_file():
            raise BrainalignError(
                f"model.path={path} is no file; a file of word vectors (GloVe, word2vec, fastText) is needed."
            )

    @cached_property
    def vectors(self) -> Lookup:
        """Word -> (d,); read when first asked for."""
        return read_vectors(self.path)

    @cached_property
    def _digest(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {"kind": "vectors", "sha256": self._digest}

    def describe(self) -> str:
        """The model in a sentence."""
        return f"static word vectors from {self.path.name}; words that it does not hold are zero"

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have words, and every line of the file must parse."""
        needs_words(stimulus, self.name)
        self.vectors  # noqa: B018  a bad line is refused before any work starts

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time.

        Raises:
            BrainalignError: Not one word of all the stimuli has a vector.
        """
        said = Counter(forms for stimulus in stimuli for forms in forms_of(stimulus))
        found = {forms: next((f for f in forms if f in self.vectors), None) for forms in said}
        known = {forms: self._vector(form or forms[0]) for forms, form in found.items()}
        unknown = Counter({forms[0]: n for forms, n in said.items() if known[forms] is None})
        if len(unknown) and all(v is None for v in known.values()):
            raise BrainalignError(
                f"{self.path}: none of the {said.total()} words has a vector in it (the first is "
                f"{next(iter(said))[0]!r}); vectors of the "
                "stimuli's language, in their spelling, are needed."
            )
        if unknown:
            named = ", ".join(repr(word) for word, _ in unknown.most_common(10))
            log.warning(
                "%s: %d of %d words have no vector in %s and are zero (%d distinct, among them %s)",
                self.name, unknown.total(), said.total(), self.path.name, len(unknown), named,
            )  # fmt: skip
        lower = sum(n for forms, n in said.items() if found[forms] is not None and found[forms] != forms[0])
        written = said.total() - lower - unknown.total()
        log.info(
            "%s: %d words looked up as written, %d in another form (lower case, with their points)",
            self.name,
            written,
            lower,
        )
        zero = np.zeros_like(next(v for v in known.values() if v is not None))
        for stimulus in stimuli:
            own = (known[forms] for forms in forms_of(stimulus))
            yield stimulus.id, {0: word_rows(stimulus, np.stack([zero if v is None else v for v in own]))}
        self.__dict__.pop("vectors", None)  # gigabytes in the largest files, and not needed again

    def _vector(self, word: str) -> NDArray[np.floating[Any]] | None:
        return None if word in ("", UNKNOWN_WORD) and word not in self.vectors else self.vectors.get(word)


class WordFrequency(WordVectors):
    """How frequent each word is: log10 of the number that a file gives it; words that it does not hold are zero.

    Args:
        path: ``word number`` lines: counts, or counts per million.
        name: As it stands in tables.
    """

    placement: Placement = "impulse"

    def __init__(self, path: Path, name: str = "word_frequency") -> None:
        super().__init__(path, name)

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {**super().identity(), "kind": "word_frequency"}

    def describe(self) -> str:
        """The model in a sentence."""
        return f"log10 of each word's frequency from {self.path.name}; words that it does not hold are zero"

    def _vector(self, word: str) -> NDArray[np.floating[Any]] | None:
        found = super()._vector(word)
        if found is None:
            return None
        if found.shape != (1,) or found[0] <= 0:
            raise BrainalignError(
                f"{self.path}: {word!r} has {found.tolist()}; one number above 0 a word is needed for its frequency."
            )
        return np.log10(found.astype(np.float64)).astype(np.float32)
