"""The user's own features as an extractor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.arrays.tree import numbers
from brainalign.data.types import Stimulus
from brainalign.errors import BrainalignError, nearest
from brainalign.features.base import Placement, ReceptiveField, Rows, Unit
from brainalign.features.own.files import TABLES, OpenArrays, OwnFile, digest_of, open_arrays, own_files
from brainalign.features.own.given import By, Given
from brainalign.features.own.tables import read_table

WRONG = 0.002
"""Share by which the rate that the lengths of all stimuli speak for may differ from the one that is said."""


class OwnFeatures:
    """Features that were computed elsewhere, read from files.

    A file (or a pattern of files, with ``{stimulus}`` and ``{layer}``) holds an array a stimulus, (rows, dims) or (layers, rows, dims);
    or a table, one row a frame, word or sentence. Nothing is brought to another rate here: that is what the frame grid is for.

    Args:
        path: Of the file, or the pattern.
        stimuli: Id -> Stimulus, of all that must be there.
        name: As it stands in tables.
        keys: Pattern of the arrays' names; None = ``{stimulus}``.
        rows: What a row of an array is: ``frames``, ``words`` or ``sentences``.
        columns: Of a table that are features; None = all that say nothing else.
        rate: Frames per second; None = as the file says.
        start: Seconds of the first frame from the stimulus's begin; None = as the file says, else 0.
        placement: How a word's row is put on a fast grid.
        causal: Whether a row knows nothing of what comes after it, which no file tells.
        layers: Numbers; None = all.

    Raises:
        BrainalignError: There is no such file, or it is not what it must be.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "own.npz"
        >>> np.savez(file, s1=np.ones((50, 3)), rate=50.0)
        >>> stimuli = {"s1": Stimulus("s1", 1.0)}
        >>> own = OwnFeatures(str(file), stimuli)
        >>> own.check(stimuli["s1"])
        >>> dict(own.extract([stimuli["s1"]]))["s1"][0].values.shape
        (50, 3)
    """

    version = 1

    def __init__(
        self,
        path: str,
        stimuli: Mapping[str, Stimulus],
        name: str = "features",
        *,
        keys: str | None = None,
        rows: str = "frames",
        columns: Sequence[str] | None = None,
        rate: float | None = None,
        start: float | None = None,
        placement: Placement = "hold",
        causal: bool = False,
        layers: Sequence[int] | None = None,
    ) -> None:
        self.name, self.placement, self.path = name, placement, path
        self._stimuli, self._keys, self._kind, self._columns = stimuli, keys, rows, columns
        self._rate, self._start, self._causal = rate, start, causal
        self._files = own_files(path)
        self._rows: dict[Path, dict[str, Given]] = {}
        self._names: dict[Path, dict[tuple[str | None, int | None], str]] = {}
        self._tables = self._files[0].path.suffix.lower() in TABLES
        if len({f.path.suffix.lower() in TABLES for f in self._files}) > 1:
            raise BrainalignError(f"model.path={path} fits tables and arrays; it must fit files of one kind.")
        first = next(iter(self._of(next(iter(stimuli))).values()))
        self.unit: Unit = "frames" if first.by == "time" else "words"
        known = sorted(self._of(next(iter(stimuli))))
        lost = [n for n in layers or () if n not in known]
        if lost:
            raise BrainalignError(f"model.layers={list(layers or ())}: {path} has no layer {lost[0]}; it has {known}.")
        self.layers: Sequence[int] = known if layers is None else sorted(layers)
        self.dims = {n: g.values.shape[1] for n, g in self._of(next(iter(stimuli))).items()}

    @property
    def receptive_field(self) -> ReceptiveField:
        """All that came before, and, where nobody says otherwise, all that comes after."""
        future = 0.0 if self._causal else float("inf")
        return ReceptiveField(float("inf"), future, "words" if self.unit == "words" else "seconds")

    @cached_property
    def _digest(self) -> str:
        return digest_of(self._files)

    def identity(self) -> dict[str, Any]:
        """What determines the values: the files' content, and how it is read."""
        return {
            "kind": "features", "sha256": self._digest, "keys": self._keys, "rows": self._kind, "columns": self._columns,
            "rate": self._rate, "start": self._start,
        } | ({"placement": self.placement} if self.placement != "hold" else {})  # fmt: skip

    def describe(self) -> str:
        """The model in a sentence."""
        first = next(iter(self._of(next(iter(self._stimuli))).values()))
        rows = {"time": f"{first.rate:.4g} frames per second", "sentence": "a row a sentence"}.get(
            first.by, "a row a word"
        )
        widths = sorted({self.dims[n] for n in self.layers})
        dims = f"{widths[0]}" if len(widths) == 1 else f"{widths[0]} to {widths[-1]}"
        seen = "" if self._causal else "; what a row has seen is not known, so that it may be all"
        return (
            f"features computed elsewhere, from {Path(self.path).name} (SHA-256 {self._digest[:12]}): "
            f"{len(self.layers)} layer(s) x {dims}, {rows}{seen}"
        )

    def check(self, stimulus: Stimulus) -> None:
        """The stimulus, and all others, must have rows that can be theirs."""
        self._checked  # noqa: B018  once for all: the rate is that of all stimuli

    @cached_property
    def _checked(self) -> bool:
        frames: list[tuple[float, int, float]] = []
        for stimulus in self._stimuli.values():
            for layer, given in self._of(stimulus.id).items():
                if layer not in self.layers:
                    continue
                given.check(stimulus)
                if given.values.shape[1] != self.dims[layer]:
                    raise BrainalignError(
                        f"{given.where}, stimulus {stimulus.id!r} has {given.values.shape[1]} columns in layer {layer}, but "
                        f"{next(iter(self._stimuli))!r} has {self.dims[layer]}; all stimuli need the same."
                    )
                if given.by == "time" and layer == self.layers[0]:
                    frames.append((stimulus.duration, len(given.at), given.rate))
        _check_rate(self.path, frames)
        return True

    def extract(self, stimuli: Sequence[Stimulus]) -> Iterator[tuple[str, dict[int, Rows]]]:
        """One stimulus at a time."""
        for stimulus in stimuli:
            found = self._of(stimulus.id)
            yield stimulus.id, {n: found[n].rows(stimulus) for n in self.layers}

    def _of(self, stimulus: str) -> dict[int, Given]:
        """Layer -> rows of a stimulus."""
        found: dict[int, Given] = {}
        for file in self._files:
            if file.stimulus in (None, stimulus):
                found |= self._from_table(file, stimulus) if self._tables else self._from_arrays(file, stimulus)
        layers = {f.layer for f in self._files if f.layer is not None}
        if not found or layers - set(found):
            self._missing(stimulus, sorted(layers - set(found)))
        return found

    def _missing(self, stimulus: str, layers: list[int]) -> None:
        have = sorted({f.stimulus for f in self._files if f.stimulus is not None})
        of = f" in layer {layers[0]}" if layers else ""
        if have:
            raise BrainalignError(
                f"model.path={self.path} fits no file of stimulus {stimulus!r}{of}; each stimulus needs one "
                f"({nearest(stimulus, have[:12])})."
            )
        raise BrainalignError(
            f"{self.path} has nothing of stimulus {stimulus!r}{of}; each stimulus of the data needs its features."
        )

    def _from_table(self, file: OwnFile, stimulus: str) -> dict[int, Given]:
        if file.path not in self._rows:
            self._rows[file.path] = read_table(file, self._columns)
        rows = self._rows[file.path]
        return {file.layer or 0: rows[stimulus]} if stimulus in rows else {}

    def _from_arrays(self, file: OwnFile, stimulus: str) -> dict[int, Given]:
        with open_arrays(file.path) as opened:
            found: dict[int, Given] = {}
            if file.path not in self._names:
                self._names[file.path] = opened.arrays(self._keys, file)
            places = self._names[file.path]
            mine = {layer: name for (of, layer), name in places.items() if of == stimulus}
            for layer, name in mine.items():
                values = numbers(opened.tree.whole(name), f"{file.path}: {name!r}")
                found |= self._layers(opened, name, values, layer)
            if not found and file.stimulus is None:
                have = [of for of, _ in places if of is not None]
                hint = nearest(stimulus, have[:12]) if have else f"its arrays are {', '.join(opened.tree.names[:12])}"
                raise BrainalignError(
                    f"{file.path} has no array of stimulus {stimulus!r}; {hint}; each stimulus of the data needs "
                    f"one (model.keys={self._keys or '{stimulus}'})."
                )
            return found

    def _layers(
        self, opened: OpenArrays, name: str, values: NDArray[np.float64], layer: int | None
    ) -> dict[int, Given]:
        where = f"{opened.path}: {name!r}"
        if values.ndim == 1:
            values = values[:, None]
        if values.ndim not in (2, 3) or (values.ndim == 3 and layer is not None) or 0 in values.shape:
            raise BrainalignError(
                f"{where} has shape {values.shape}; it must be (rows, dims)"
                f"{', or (layers, rows, dims)' if layer is None else ', as {layer} stands for its layers'}."
            )
        stack = values if values.ndim == 3 else values[None]
        by, at = self._places(opened, name, stack.shape[1])
        return {n if layer is None else layer: Given(where, one, by, at) for n, one in enumerate(stack)}

    def _places(self, opened: OpenArrays, name: str, n: int) -> tuple[By, NDArray[np.float64]]:
        if self._kind != "frames":
            return ("index" if self._kind == "words" else "sentence"), np.arange(n, dtype=np.float64)
        rate, start = (
            self._told(opened, what, name, asked) for what, asked in (("rate", self._rate), ("start", self._start))
        )
        if rate is None or not rate > 0:
            raise BrainalignError(
                f"{opened.path} says no rate{'' if rate is None else f' above 0 ({rate:g})'}; model.rate must be the frames per second (or "
                "model.rows=words, for a row a word)."
            )
        return "time", (start or 0.0) + np.arange(n) / rate

    @staticmethod
    def _told(opened: OpenArrays, what: str, name: str, asked: float | None) -> float | None:
        """What the config says, or else the file."""
        said = opened.stated(what, name)
        if asked is not None and said is not None and not np.isclose(asked, said):
            raise BrainalignError(f"model.{what}={asked:g}, but {opened.path} says {said:g}; one of the two is wrong.")
        return said if asked is None else asked


def _check_rate(path: str, frames: Sequence[tuple[float, int, float]]) -> None:
    """Refuse a rate with which longer stimuli have too few or too many frames, if only a little."""
    if len(frames) < 2:
        return
    durations, counts, rates = (np.array(column, dtype=np.float64) for column in zip(*frames, strict=True))
    spread = durations.std()
    if spread * rates[0] < 10:
        return
    slope, base = np.polyfit(durations, counts, 1)
    # two lie on a line whatever they are: their counts are rounded, as evenly one way as the other
    noise = (counts - base - slope * durations).std() if len(frames) > 2 else 1 / np.sqrt(12)
    error = noise / (spread * np.sqrt(len(frames)))
    if abs(slope - rates[0]) > max(WRONG * rates[0], 5 * error):
        raise BrainalignError(
            f"{path}: with each second that a stimulus is longer there are {slope:.4g} frames more, but its rate is said to be "
            f"{rates[0]:.4g} per second; model.rate must be that of the frames."
        )
