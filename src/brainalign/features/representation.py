"""Representation: one model's view of a set of stimuli, extracted once, cached, and put on any grid."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError
from brainalign.features.align import Align, Resample, to_grid, words_from_frames, words_without_frame
from brainalign.features.base import Extractor, Features, Rows, Unit
from brainalign.features.cache import FeatureCache
from brainalign.features.precision import deviation, precision_note, reference
from brainalign.features.variance_shares import VarianceShares, variance_shares
from brainalign.notes import changes
from brainalign.own_code import own_code
from brainalign.progress import track

log = logging.getLogger(__name__)

Projection = Callable[[str, Rows], NDArray[np.floating[Any]]]
"""From a stimulus's id and rows to new values of those rows."""

CHUNK = 128 * 2**20
"""Bytes of rows that are held before they are set aside on disk."""


class Representation:
    """All asked-for layers of one model over all stimuli of a data set.

    One layer is in memory at a time; the others are in the cache. Layers that are missing there are extracted
    together.

    Args:
        extractor: The model.
        stimuli: Id -> Stimulus.
        stimuli_digest: Of all of them, part of the cache's identity.
        cache: Where rows are kept.

    Attributes:
        name: As it stands in tables and figures; the extractor's, unless another representation has it.
        notes: Sentences for the report on what was left out or is zero.

    Raises:
        BrainalignError: A stimulus lacks what the extractor needs.
    """

    def __init__(
        self, extractor: Extractor, stimuli: Mapping[str, Stimulus], stimuli_digest: str, cache: FeatureCache
    ) -> None:
        self.extractor, self.stimuli, self._cache = extractor, stimuli, cache
        self.name = extractor.name
        self.notes: list[str] = []
        if cache.dtype != "float32":
            self.notes.append(f"{self.name}: values are kept in {cache.dtype}, rounded to 11 bits (0.05 % of a value).")
        self._held: tuple[int, dict[str, Rows]] | None = None
        self._looked_at: set[int] = set()
        self._precision_told = False
        identity = {**extractor.identity(), **own_code(extractor)}
        self._keys = {n: cache.key(stimuli_digest, identity, extractor.version, n) for n in extractor.layers}
        self._stimuli_digest = stimuli_digest
        missing = self.missing
        if missing:
            for stimulus in stimuli.values():
                extractor.check(stimulus)
        if len(missing) < len(self._keys):
            log.info(
                "%s: %d of %d layer(s) reused from the cache",
                self.name,
                len(self._keys) - len(missing),
                len(self._keys),
            )

    @property
    def unit(self) -> Unit:
        """Whether a row is a word or a model frame."""
        return self.extractor.unit

    @property
    def layers(self) -> Sequence[int]:
        """Layers, 0 being the input embedding."""
        return self.extractor.layers

    @property
    def missing(self) -> list[int]:
        """Layers that are not in the cache."""
        return [n for n, key in self._keys.items() if not self._cache.has(key)]

    def key(self, layer: int) -> str:
        """SHA-256 of everything that determines a layer's rows, the stimuli among it.

        Args:
            layer: One of ``layers``.
        """
        return self._keys[layer]

    def path(self, layer: int) -> Path:
        """The cache's file of a layer.

        Args:
            layer: One of ``layers``.
        """
        return self._cache.path(self._keys[layer])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what determines the values besides the stimuli: weights, settings, extractor version."""
        identity = {**self.extractor.identity(), **own_code(self.extractor)}
        text = json.dumps([identity, self.extractor.version], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def describe(self) -> str:
        """The model in a sentence, and what span of the input its rows have seen."""
        return f"{self.name}: {self.extractor.describe()}; {self.extractor.receptive_field}"

    def variance_shares(self, layer: int) -> VarianceShares | None:
        """Where a layer's variance lies, as found when it was extracted.

        Args:
            layer: One of ``layers``.

        Returns:
            None where it has a single dimension, is not extracted yet, or was so by an earlier release.
        """
        found = self._cache.about(self._keys[layer]).get("spread")
        return None if found is None else VarianceShares(*(np.nan if value is None else value for value in found))

    def rows(self, layer: int) -> dict[str, Rows]:
        """Stimulus -> rows of one layer; all layers that are missing are extracted in one pass.

        Args:
            layer: One of ``layers``.
        """
        if self._held is None or self._held[0] != layer:
            self._held = None  # one layer at a time
            found = self._cache.read(self._keys[layer])
            if found is None:
                self._extract(layer)
                found = self._cache.read(self._keys[layer])
                if found is None:
                    raise BrainalignError(
                        f"{self._cache.folder} does not keep what is written to it; set paths.cache to another folder."
                    )
            self._held = layer, found
            self._note_precision(layer)
            self._note_zeros(found)
            self._note_first(layer, found)
        return self._held[1]

    def features(
        self,
        layer: int,
        grids: Mapping[str, FrameGrid],
        *,
        align: Align = "onset",
        resample: Resample = "box",
        project: Projection | None = None,
    ) -> Features:
        """One layer on the frame grid.

        Args:
            layer: One of ``layers``.
            grids: Stimulus -> grid; only these stimuli are given.
            align: ``onset`` or ``offset``, for a vector a word.
            resample: How rows come to a slow grid: ``box``, ``lanczos``, ``mean``, ``last`` or ``hrf``.
            project: From a stimulus's id and rows to new values of those rows, before they are put on the grid: a
                frame without a word then stays zero, and one with several is the sum of projected words.
        """
        rows, placement = self.rows(layer), self.extractor.placement
        if project is not None:
            rows = {s: replace(rows[s], values=project(s, rows[s])) for s in grids}
        if self.unit == "words" and resample != "hrf":  # there a word has no frame of its own
            lost = sum(words_without_frame(rows[s], g, placement=placement, align=align) for s, g in grids.items())
            total = sum(len(rows[s].onset) for s in grids)
            self._note(lost, changes(f"{self.name}: {lost} of {total} words fall into no frame and are left out."))
        values = {
            s: to_grid(rows[s], self.unit, g, placement=placement, align=align, resample=resample)
            for s, g in grids.items()
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
        return {s: words_from_frames(r, self.stimuli[s].timed_words) for s, r in rows.items()}

    def _extract(self, layer: int) -> None:
        """Fill this layer's file and those of the others that are missing; of several runs, one does it."""
        with self._cache.lock(hashlib.sha256((self._stimuli_digest + self.digest).encode()).hexdigest(), self.name):
            if self._cache.read(self._keys[layer]) is None:  # else another run has done it meanwhile
                self._fill(sorted({layer, *self.missing}))

    def _fill(self, layers: Sequence[int]) -> None:
        """Fill these layers' files, in one pass over what an earlier run has not already set aside."""
        aside = self._cache.unfinished([self._keys[n] for n in layers])
        done = set.intersection(*(set(aside.read(n)) for n in layers))
        if done:
            log.info(
                "%s: %d of %d stimuli were extracted by an earlier run",
                self.name,
                len(done),
                len(self.stimuli),
            )
        todo = [s for s in self.stimuli.values() if s.id not in done]
        exact = reference(self.extractor, self.stimuli.values())
        chunk: dict[int, dict[str, Rows]] = {n: {} for n in layers}
        size = 0
        for stimulus, rows in track(self.extractor.extract(todo), f"extracting {self.name}", total=len(todo)):
            for n in layers:
                if not np.isfinite(rows[n].values).all():
                    raise BrainalignError(
                        f"model {self.name} gives values that are no finite numbers for stimulus "
                        f"{stimulus!r} in layer {n}."
                    )
                chunk[n][stimulus] = rows[n]
                size += rows[n].values.nbytes
            if size > CHUNK and getattr(self.extractor, "between_batches", True):
                aside.add(chunk)
                chunk, size = {n: {} for n in layers}, 0
        for n in layers:
            whole = aside.read(n) | chunk[n]
            measured: dict[str, Any] = {} if exact is None else {"deviation": deviation(whole, exact[n])}
            if max((r.values.shape[1] for r in whole.values()), default=0) > 1:
                measured["spread"] = [value if np.isfinite(value) else None for value in variance_shares(whole)]
            self._cache.write(self._keys[n], whole, {"model": self.name, "layer": n, **measured})
        aside.discard()
        log.info("%s: %d layer(s) of %d stimuli extracted", self.name, len(layers), len(todo))

    def _note_precision(self, layer: int) -> None:
        """Of all layers in one sentence, when the first is looked at; they were measured when they were extracted."""
        if self._precision_told:
            return
        self._precision_told = True
        if "deviation" in self._cache.about(self._keys[layer]):
            measured = {n: self._cache.about(key).get("deviation") for n, key in self._keys.items()}
            self._note(1, precision_note(self.name, measured))

    def _note_zeros(self, rows: Mapping[str, Rows]) -> None:
        if self.unit == "words":
            zero = sum(int((~r.values.any(axis=1)).sum()) for r in rows.values())
            total = sum(len(r.values) for r in rows.values())
            self._note(zero, changes(f"{self.name}: {zero} of {total} words have no vector and are zero."))

    def _note_first(self, layer: int, rows: Mapping[str, Rows]) -> None:
        """Of models that read words alone: a sound's first frame is no token that attention rests on; its share stands in the outliers."""
        if self.unit != "words" or layer in self._looked_at or max(r.values.shape[1] for r in rows.values()) < 2:
            return
        self._looked_at.add(layer)
        found = self.variance_shares(layer) or variance_shares(rows)
        if found.first_dominate:
            self._note(
                1,
                changes(
                    f"{self.name}, layer {layer}: the stimuli's first words hold {found.first_rows:.0%} of the z-scored variance (their "
                    f"fair share is {found.first_fair:.0%}), as the first token of a text is an attention sink; a begin token "
                    "(features.begin=auto) or features.clip takes it from them."
                ),
            )

    def _note(self, count: int, sentence: str) -> None:
        """Keep and log a sentence, once, where there is something to tell."""
        if count and sentence not in self.notes:
            self.notes.append(sentence)
            log.warning(sentence)
