"""Static word vectors in GloVe's text format."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.base import Placement, Rows, Unit
from brainalign.features.words import needs_words, word_rows

log = logging.getLogger(__name__)


def read_vectors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read ``word v1 ... vd`` lines.

    Args:
        path: UTF-8 text, single spaces.

    Returns:
        Word -> (d,).

    Raises:
        BrainalignError: The file is missing, or a line does not parse: the line is named.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "v.txt"
        >>> _ = file.write_text("the 0.5 1.0" + chr(10) + "cat -1 2" + chr(10))
        >>> read_vectors(file)["cat"].tolist()
        [-1.0, 2.0]
    """
    vectors: dict[str, NDArray[np.float32]] = {}
    dims = 0
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                word, *numbers = line.rstrip("\n").rstrip(" ").split(" ")
                try:
                    vector = np.array(numbers, dtype=np.float32)
                except ValueError:
                    raise BrainalignError(
                        f"{path}, line {number}: {line.strip()[:60]!r} does not parse; 'word v1 ... vd' with numbers is needed."
                    ) from None
                dims = dims or len(vector)
                if len(vector) != dims or dims == 0 or not np.isfinite(vector).all():
                    raise BrainalignError(
                        f"{path}, line {number} ({word!r}) has {len(vector)} finite or other numbers where line 1 has {dims}; every "
                        "line needs the same count of finite numbers."
                    )
                vectors.setdefault(word, vector)
    except FileNotFoundError:
        raise BrainalignError(f"model.path={path} does not exist; a text file of word vectors is needed there.") from None
    except (IsADirectoryError, UnicodeDecodeError) as error:
        raise BrainalignError(f"model.path={path} is no UTF-8 text file of word vectors ({error}).") from None
    if not vectors:
        raise BrainalignError(f"model.path={path} is empty; 'word v1 ... vd' lines are needed.")
    return vectors


class WordVectors:
    """Each word's vector, looked up as it is written and then in lower case; unknown words are zero, and counted.

    Args:
        path: Text file in GloVe's format.
        name: As it stands in tables.
    """

    unit: Unit = "words"
    placement: Placement = "hold"
    layers: Sequence[int] = (0,)
    version = 1

    def __init__(self, path: Path, name: str = "glove") -> None:
        self.path, self.name = Path(path), name
        self.vectors = read_vectors(self.path)
        self.dims = len(next(iter(self.vectors.values())))

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {"kind": "vectors", "sha256": hashlib.sha256(self.path.read_bytes()).hexdigest()}

    def describe(self) -> str:
        """The model in a sentence."""
        return f"static word vectors, {len(self.vectors)} words of {self.dims} dimensions, from {self.path.name}"

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus must have words."""
        needs_words(stimulus, self.name)

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time."""
        unknown = total = 0
        for stimulus in stimuli:
            values = np.zeros((len(stimulus.words), self.dims), dtype=np.float32)
            for row, word in enumerate(stimulus.words["word"]):
                vector = self.vectors.get(word, self.vectors.get(str(word).lower()))
                if vector is None:
                    unknown += 1
                else:
                    values[row] = vector
            total += len(values)
            yield stimulus.id, {0: word_rows(stimulus, values)}
        if unknown == total:
            raise BrainalignError(f"model.path={self.path}: none of the {total} words has a vector in it; another language or file?")
        if unknown:
            log.warning("%s: %d of %d words have no vector in %s and are zero", self.name, unknown, total, self.path.name)
