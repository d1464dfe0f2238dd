"""Static word vectors in GloVe's text format."""

from __future__ import annotations

import hashlib
import logging
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import Placement, Rows, Unit
from brainalign.features.words import ALONE, needs_words, word_rows, words_of

log = logging.getLogger(__name__)


def read_vectors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read ``word v1 ... vd`` lines; where a word stands twice, the first counts.

    Args:
        path: UTF-8 text, one word and its numbers a line, separated by single spaces (Pennington et al.
            2014). A word may itself hold spaces, as some of ``glove.840B`` do.

    Returns:
        Word -> (d,).

    Raises:
        BrainalignError: The file is missing or empty, or a line does not parse: the first such line is named.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "v.txt"
        >>> _ = file.write_text("the 0.5 1.0" + chr(10) + "cat -1 2" + chr(10))
        >>> read_vectors(file)["cat"].tolist()
        [-1.0, 2.0]
    """
    vectors: dict[str, NDArray[np.float32]] = {}
    dims = 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                word, vector = _parse(line, dims)
            except ValueError as error:
                raise BrainalignError(
                    f"{path}, line {number}: {error}; 'word v1 ... vd' with the same count of numbers in "
                    "every line is needed."
                ) from None
            dims = dims or len(vector)
            vectors.setdefault(word, vector)
    if not vectors:
        raise BrainalignError(f"{path} is empty; 'word v1 ... vd' lines are needed.")
    return vectors


def _parse(line: bytes, dims: int) -> tuple[str, NDArray[np.float32]]:
    """Word and vector of a line; ``dims`` is 0 at the first."""
    try:
        text = line.decode("utf-8").rstrip(" \r\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is not UTF-8") from None
    word, *fields = text.split(" ")
    if not fields:
        raise ValueError(f"{text[:40]!r} is no word followed by numbers")
    if not dims and len(fields) == 1 and word.isdigit() and fields[0].isdigit():
        raise ValueError(f"{text!r} is a word2vec header, which must be taken out")
    inner = len(fields) - dims if dims else 0
    if inner > 0 and not any(map(_is_number, fields[:inner])):
        word, fields = " ".join([word, *fields[:inner]]), fields[inner:]
    for field in fields:
        if not _is_number(field):
            raise ValueError(f"{field[:40]!r}, in the line of {word[:40]!r}, is no finite number")
    if dims and len(fields) != dims:
        raise ValueError(f"{word[:40]!r} has {len(fields)} numbers where line 1 has {dims}")
    return word, np.array([float(f) for f in fields], dtype=np.float32)


def _is_number(field: str) -> bool:
    try:
        return math.isfinite(float(field))
    except ValueError:
        return False


class WordVectors:
    """Each word's vector, looked up as written, then in lower case; unknown words are zero and counted.

    Args:
        path: Text file in GloVe's format.
        name: As it stands in tables.

    Raises:
        BrainalignError: There is no such file.
    """

    unit: Unit = "words"
    placement: Placement = "hold"
    sees = ALONE
    layers: Sequence[int] = (0,)
    version = 1

    def __init__(self, path: Path, name: str = "glove") -> None:
        self.path, self.name = Path(path).expanduser(), name
        if not self.path.is_file():
            raise BrainalignError(
                f"model.path={path} is no file; a text file of word vectors (GloVe's format) is needed."
            )

    @cached_property
    def vectors(self) -> dict[str, NDArray[np.float32]]:
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
        said = Counter(word for stimulus in stimuli for word in words_of(stimulus))
        known = {word: self._look_up(word) for word in said}
        unknown = Counter({word: n for word, n in said.items() if known[word] is None})
        if len(unknown) == len(said):
            raise BrainalignError(
                f"{self.path}: none of the {said.total()} words has a vector in it (the first is "
                f"{next(iter(said))!r}); vectors of the "
                "stimuli's language, in their spelling, are needed."
            )
        if unknown:
            named = ", ".join(repr(word) for word, _ in unknown.most_common(10))
            log.warning(
                "%s: %d of %d words have no vector in %s and are zero (%d distinct, among them %s)",
                self.name, unknown.total(), said.total(), self.path.name, len(unknown), named,
            )  # fmt: skip
        zero = np.zeros_like(next(v for v in known.values() if v is not None))
        for stimulus in stimuli:
            found = (known[word] for word in words_of(stimulus))
            yield stimulus.id, {0: word_rows(stimulus, np.stack([zero if v is None else v for v in found]))}
        self.__dict__.pop("vectors", None)  # gigabytes in the largest files, and not needed again

    def _look_up(self, word: str) -> NDArray[np.float32] | None:
        found = self.vectors.get(word)
        return self.vectors.get(word.lower()) if found is None else found
