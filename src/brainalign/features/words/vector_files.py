"""Files of word vectors: GloVe's text, word2vec's text and binary, fastText's text and models."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from brainalign.data.files.reading import reading
from brainalign.errors import BrainalignError

_FASTTEXT = (793712314).to_bytes(4, "little")
"""How a binary fastText model begins."""
_HEADER = re.compile(rb"(\d+) (\d+)")
_SNIFF = 2**16
FEW = 32
"""Columns up to which a text file's numbers are read in float64: they are measures (one may be a time stamp) rather than an embedding."""


class Lookup(Protocol):
    """Anything that finds a word's vector: a dictionary, or fastText's n-grams."""

    def get(self, word: str) -> NDArray[np.floating[Any]] | None:
        """The vector (d,), or None."""
        ...

    def __contains__(self, word: object, /) -> bool:
        """Whether the file holds the word itself."""
        ...


def read_vectors(path: Path) -> Lookup:
    """Read a file of word vectors; which format it has is told by what is in it.

    ========================  =======================================================================================
    GloVe                     text, ``word v1 ... vd`` a line (Pennington et al. 2014)
    word2vec and fastText     the same after a header ``words d`` (``.vec``)
    word2vec, binary          the header, then each word, a space and d little-endian float32 (``.bin``)
    fastText, binary          the whole model (``.bin``): words that it does not hold get the mean of their n-grams;
                              read by gensim
    ========================  =======================================================================================

    Where a word stands twice, the first counts. A word in a text file may itself hold spaces, as some of
    ``glove.840B`` do.

    Args:
        path: The file.

    Returns:
        Word -> (d,).

    Raises:
        BrainalignError: The file is missing or empty, or does not parse: the first such line is named.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "v.txt"
        >>> _ = file.write_text("the 0.5 1.0" + chr(10) + "cat -1 2" + chr(10))
        >>> read_vectors(file).get("cat").tolist()
        [-1.0, 2.0]
    """
    with reading(path, "word vectors"), path.open("rb") as file:
        begin = file.read(4)
        if begin == _FASTTEXT:
            return _NGrams(path)
        file.seek(0)
        header = _HEADER.fullmatch(file.readline(100).rstrip(b" \r\n"))
        if header and not _is_text(file.read(_SNIFF), int(header[2])):
            return _read_binary(path, int(header[1]), int(header[2]))
        return _read_text(path, int(header[2]) if header else 0)


def _is_text(begin: bytes, dims: int) -> bool:
    """Whether the first line after a header is a word and numbers, or ends before that can be told."""
    line = begin.split(b"\n")[0].rstrip(b" \r")
    fields = line.split(b" ")[1:]
    return all(_is_number(f.decode("latin-1")) for f in fields[:dims])


def _read_text(path: Path, dims: int) -> dict[str, NDArray[np.floating[Any]]]:
    """``dims`` is what the header says, 0 where there is none."""
    vectors: dict[str, NDArray[np.floating[Any]]] = {}
    where = "the header says" if dims else "line 1 has"
    with path.open("rb") as lines:
        if dims:
            next(lines)
        for number, line in enumerate(lines, 2 if dims else 1):
            try:
                word, vector = _parse(line, dims, where)
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


def _read_binary(path: Path, words: int, dims: int) -> dict[str, NDArray[np.floating[Any]]]:
    """word2vec's binary format (Mikolov et al. 2013)."""
    data = path.read_bytes()
    place = data.index(b"\n") + 1
    vectors: dict[str, NDArray[np.floating[Any]]] = {}
    for number in range(1, words + 1):
        space = data.find(b" ", place)
        end = space + 1 + 4 * dims
        if space < 0 or end > len(data):
            raise BrainalignError(
                f"{path} ends inside word {number}, but its header says {words} words of {dims} numbers; a whole file is needed."
            )
        word = data[place:space].lstrip(b"\n").decode("utf-8", errors="replace")
        vector = np.frombuffer(data, dtype="<f4", count=dims, offset=space + 1)
        if not np.isfinite(vector).all():
            raise BrainalignError(
                f"{path}: the vector of {word[:40]!r} (word {number}) holds numbers that are not finite."
            )
        vectors.setdefault(word, vector)
        place = end
    if data[place:].strip(b"\n"):
        raise BrainalignError(f"{path} goes on after the {words} words of {dims} numbers that its header says.")
    return vectors


class _NGrams:
    """A fastText model: words that it does not hold have vectors, too."""

    def __init__(self, path: Path) -> None:
        try:
            from gensim.models.fasttext import load_facebook_vectors
        except ImportError as error:
            raise BrainalignError(
                f"{path} is a binary fastText model, which gensim reads and which is not installed; "
                "pip install 'brainalign[fasttext]', or give the text file (.vec)."
            ) from error
        with reading(path, "a binary fastText model"):
            self._found = load_facebook_vectors(str(path))

    def __contains__(self, word: object, /) -> bool:
        return word in self._found.key_to_index

    def get(self, word: str) -> NDArray[np.float32] | None:
        """The word's vector, else the mean of its n-grams; None where it has neither."""
        if not word or (word not in self._found.key_to_index and self._found.max_n == 0):
            return None
        return np.asarray(self._found.get_vector(word), dtype=np.float32)


def _parse(line: bytes, dims: int, where: str) -> tuple[str, NDArray[np.floating[Any]]]:
    """Word and vector of a line; ``dims`` is 0 at the first."""
    try:
        text = line.decode("utf-8").rstrip(" \r\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is not UTF-8") from None
    word, *fields = text.split(" ")
    if not fields:
        raise ValueError(f"{text[:40]!r} is no word followed by numbers")
    inner = len(fields) - dims if dims else 0
    if inner > 0 and not any(map(_is_number, fields[:inner])):
        word, fields = " ".join([word, *fields[:inner]]), fields[inner:]
    for field in fields:
        if not _is_number(field):
            raise ValueError(f"{field[:40]!r}, in the line of {word[:40]!r}, is no finite number")
    if dims and len(fields) != dims:
        raise ValueError(f"{word[:40]!r} has {len(fields)} numbers where {where} {dims}")
    return word, np.array([float(f) for f in fields], dtype=np.float64 if len(fields) <= FEW else np.float32)


def _is_number(field: str) -> bool:
    try:
        return math.isfinite(float(field))
    except ValueError:
        return False
