"""What every extractor promises, and the two shapes in which representations travel.

An extractor gives *rows* in the stimulus's own units (a row a word, or a row a frame of the model). ``align`` brings
rows to the frame grid of the responses. Rows are what is cached; frames are made from them when they are needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.types import Stimulus

Unit = Literal["words", "frames"]
Placement = Literal["hold", "impulse"]
"""How a word's row is put on a fast grid: held over the word, or on the frame of its onset alone."""


@dataclass(frozen=True)
class Rows:
    """Representation of one stimulus in one layer, before it is put on a grid.

    Attributes:
        values: (rows, dims) one vector a word or a model frame.
        onset: (rows,) seconds: a word's onset, or a frame's centre.
        offset: (rows,) seconds: a word's offset, or (again) a frame's centre.
    """

    values: NDArray[np.floating[Any]]
    onset: NDArray[np.float64]
    offset: NDArray[np.float64]


@dataclass(frozen=True)
class ReceptiveField:
    """What span of the input a row has seen, beside its own word (``words``) or around its centre (``frames``).

    Attributes:
        past: At most so much before it; inf = from the stimulus's begin.
        future: At most so much after it; inf = to the stimulus's end.
        unit: What both are counted in.

    Example:
        >>> print(ReceptiveField(float("inf"), 0, "words"))
        a row has seen all words before its own and none after
        >>> print(ReceptiveField(0.0125, 0.0125), ReceptiveField(0.0125, 0.0125).causal)
        a row has seen 12.5 ms before its centre and 12.5 ms after: it knows the future False
        >>> print(ReceptiveField(32, 15, "words"))
        a row has seen at most 32 words before its own and at most 15 words after: it knows the future
    """

    past: float
    future: float
    unit: Literal["seconds", "words"] = "seconds"

    @property
    def causal(self) -> bool:
        """Whether a row knows nothing of what comes after it."""
        return self.future <= 0

    def __str__(self) -> str:
        own = "own" if self.unit == "words" else "centre"
        future = "" if self.causal else ": it knows the future"
        return f"a row has seen {self._said(self.past)} before its {own} and {self._said(self.future)} after{future}"

    def _said(self, span: float) -> str:
        if span == float("inf"):
            return "all words" if self.unit == "words" else "all sound"
        if self.unit == "words":
            return f"at most {span:g} words" if span else "none"
        return f"{1000 * span:g} ms"


@dataclass(frozen=True)
class Features:
    """A representation on the frame grid: what a space or a TRF is fitted on.

    Attributes:
        name: As it stands in tables and figures (``gpt2/7``).
        values: Stimulus id -> (frames, dims).
        grids: Stimulus id -> the grid of those frames.
    """

    name: str
    values: Mapping[str, NDArray[np.floating[Any]]]
    grids: Mapping[str, FrameGrid]

    @property
    def dims(self) -> int:
        """Width of the representation."""
        return int(next(iter(self.values.values())).shape[1])


class Extractor(Protocol):
    """Anything that turns stimuli into rows, layer by layer.

    Attributes:
        name: As it stands in tables and figures.
        unit: Whether a row is a word or a frame.
        placement: How a word's row is put on a fast grid.
        layers: The layers it will give; 0 is the input embedding, n the last.
        version: Raised by hand whenever the code changes what comes out: part of the cache's identity.
    """

    name: str
    unit: Unit
    placement: Placement
    layers: Sequence[int]
    version: int

    @property
    def receptive_field(self) -> ReceptiveField:
        """What span of the input a row has seen."""
        ...

    def identity(self) -> dict[str, Any]:
        """Everything that determines the values besides the stimuli: checkpoint digest, settings. No path, no device."""
        ...

    def describe(self) -> str:
        """The model in a sentence, for the report."""
        ...

    def check(self, stimulus: Stimulus) -> None:
        """Raise a BrainalignError where this stimulus lacks what the extractor needs (audio, words)."""
        ...

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """Yield (stimulus id, layer -> Rows), one stimulus at a time.

        An extractor that takes several stimuli at once has an attribute ``between_batches``: whether, at this stimulus, what follows comes
        out bit by bit as it would if it were extracted by itself. Only there is what was extracted kept for a run that goes on later.
        """
        ...
