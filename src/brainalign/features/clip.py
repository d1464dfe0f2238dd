"""features.clip: values far from the others of their row are brought back to a bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from brainalign.data.types import Stimulus
from brainalign.errors import within
from brainalign.features.base import Extractor, Rows
from brainalign.features.precision import in_float32

_NORMAL = 1.4826
"""Of the median absolute deviation of normal values, times this is their standard deviation."""


class ClippedExtractor:
    """An extractor whose values are clipped at a robust z *within their row*.

        z_d = (x_d - median(x)) / (1.4826 median|x - median(x)|),    over the dimensions d of one row x

    Massive activations stand in few dimensions of few rows, and so far outside their row. As nothing is learned from other rows, no
    row of a test set and nothing that comes later has a say in it. A dimension that is far out in every row becomes nearly constant.

    Args:
        extractor: Of hidden states.
        limit: Largest absolute z.

    Raises:
        BrainalignError: The limit is below 1.

    Example:
        >>> ClippedExtractor.values(np.array([[0.0, 1.0, -1.0, 2.0, -2.0, 90.0]]), 3.0).round(2)
        array([[ 0.  ,  1.  , -1.  ,  2.  , -2.  ,  7.17]])
    """

    version = 1

    def __init__(self, extractor: Extractor, limit: float) -> None:
        within("features.clip", limit, 1)
        self.limit, self._of = limit, extractor
        self.name, self.unit, self.placement = extractor.name, extractor.unit, extractor.placement
        self.layers, self.receptive_field = extractor.layers, extractor.receptive_field

    def identity(self) -> dict[str, Any]:
        """What determines the values."""
        return {"kind": "clipped", "limit": self.limit, "of": self._of.identity(), "version": self._of.version}

    def describe(self) -> str:
        """The model in a sentence."""
        return f"{self._of.describe()}; values clipped at {self.limit:g} robust standard deviations of their row"

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

    @property
    def between_batches(self) -> bool:
        """As the model itself."""
        return getattr(self._of, "between_batches", True)

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time."""
        for name, layers in self._of.extract(stimuli):
            yield name, {n: replace(rows, values=self.values(rows.values, self.limit)) for n, rows in layers.items()}

    @staticmethod
    def values(rows: NDArray[np.floating[Any]], limit: float) -> NDArray[np.floating[Any]]:
        """Rows with what lies beyond the limit brought to it; a row half of which is one value stays as it is.

        Args:
            rows: (rows, dims).
            limit: Largest absolute z.
        """
        if not len(rows):
            return rows
        middle = np.median(rows, axis=1, keepdims=True)
        bound = limit * _NORMAL * np.median(np.abs(rows - middle), axis=1, keepdims=True)
        bound[bound == 0] = np.inf
        return np.asarray(np.clip(rows, middle - bound, middle + bound), dtype=rows.dtype)
