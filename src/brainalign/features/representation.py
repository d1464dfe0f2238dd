"""Representation: one model's view of a set of stimuli, extracted once, cached, and put on any grid."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.grid import FrameGrid
from brainalign.data.types import Stimulus
from brainalign.features.align import to_grid, words_from_frames
from brainalign.features.base import Extractor, Features, Rows, Unit
from brainalign.features.cache import FeatureCache
from brainalign.progress import track

log = logging.getLogger(__name__)


class Representation:
    """All asked-for layers of one model over all stimuli of a data set.

    Args:
        extractor: The model.
        stimuli: Id -> Stimulus.
        stimuli_digest: Of all of them, part of the cache's identity.
        cache: Where rows are kept.

    Raises:
        BrainalignError: A stimulus lacks what the extractor needs.
    """

    def __init__(
        self, extractor: Extractor, stimuli: Mapping[str, Stimulus], stimuli_digest: str, cache: FeatureCache
    ) -> None:
        self.extractor, self.stimuli, self._stimuli_digest, self._cache = extractor, stimuli, stimuli_digest, cache
        for stimulus in stimuli.values():
            extractor.check(stimulus)
        self._rows: dict[int, dict[str, Rows]] = {}

    @property
    def name(self) -> str:
        """As it stands in tables and figures."""
        return self.extractor.name

    @property
    def unit(self) -> Unit:
        """Whether a row is a word or a model frame."""
        return self.extractor.unit

    @property
    def layers(self) -> Sequence[int]:
        """Layers, 0 being the input embedding."""
        return self.extractor.layers

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what determines the values besides the stimuli: weights and settings."""
        text = json.dumps([self.extractor.identity(), self.extractor.version], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def describe(self) -> str:
        """The model in a sentence."""
        return f"{self.name}: {self.extractor.describe()}"

    def rows(self, layer: int) -> Mapping[str, Rows]:
        """Stimulus -> rows of one layer; whatever layers are missing are extracted in one pass.

        Args:
            layer: One of ``layers``.
        """
        if layer not in self._rows:
            self._fetch()
        return self._rows[layer]

    def _fetch(self) -> None:
        keys = {
            n: self._cache.key(self._stimuli_digest, self.extractor.identity(), self.extractor.version, n) for n in self.layers
        }
        for n, key in keys.items():
            if (found := self._cache.read(key)) is not None:
                self._rows[n] = found
        missing = [n for n in self.layers if n not in self._rows]
        if not missing:
            log.info("%s: features of %d stimuli reused from the cache", self.name, len(self.stimuli))
            return
        fresh: dict[int, dict[str, Rows]] = {n: {} for n in missing}
        stream = self.extractor.extract(list(self.stimuli.values()))
        for stimulus, layers in track(stream, f"extracting {self.name}", total=len(self.stimuli)):
            for n in missing:
                fresh[n][stimulus] = layers[n]
        for n in missing:
            self._cache.write(keys[n], fresh[n])
        self._rows.update(fresh)
        log.info("%s: %d layer(s) of %d stimuli extracted", self.name, len(missing), len(self.stimuli))

    def features(self, layer: int, grids: Mapping[str, FrameGrid], *, align: str = "onset") -> Features:
        """One layer on the frame grid.

        Args:
            layer: One of ``layers``.
            grids: Stimulus -> grid; only these stimuli are given.
            align: ``onset`` or ``offset``, for a vector a word.
        """
        rows = self.rows(layer)
        values = {
            s: to_grid(rows[s], self.unit, grid, placement=self.extractor.placement, align=align) for s, grid in grids.items()
        }
        return Features(f"{self.name}/{layer}", values, dict(grids))

    def word_rows(self, layer: int) -> dict[str, NDArray[np.floating[Any]]]:
        """Stimulus -> (words, dims); model frames are averaged over each word.

        Args:
            layer: One of ``layers``.
        """
        rows = self.rows(layer)
        if self.unit == "words":
            return {s: r.values for s, r in rows.items()}
        return {s: words_from_frames(r, self.stimuli[s].words) for s, r in rows.items()}
