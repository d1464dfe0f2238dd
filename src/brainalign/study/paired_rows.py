"""Which rows of two models CCA is fitted on, and which of them belong to the training stimuli of a fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.features.representation import Representation
from brainalign.spaces import PairedRows
from brainalign.study.study import Study

RowKind = Literal["words", "frames"]
Marks = Mapping[str, NDArray[np.bool_]]


def row_kind(asked: str, x: Representation, y: Representation) -> RowKind:
    """``auto`` is words where either model has a vector a word (its frames are repeats), frames otherwise."""
    if asked == "auto":
        return "words" if "words" in (x.unit, y.unit) else "frames"
    return "words" if asked == "words" else "frames"


def paired_rows(
    study: Study, x: Representation, y: Representation, layers: tuple[int, int], kind: RowKind
) -> PairedRows:
    """Rows of both models that belong together.

    Args:
        study: Data and grid.
        x: One model.
        y: The other.
        layers: The layer of each.
        kind: A row a word (a speech model's frames averaged over it), or a row a frame.
    """
    if kind == "words":
        heard = set(study.stimuli)
        sides = ({s: v for s, v in m.word_rows(n).items() if s in heard} for m, n in zip((x, y), layers, strict=True))
        return PairedRows(*sides)
    return PairedRows(study.frames(x, layers[0]), study.frames(y, layers[1]))


def inside_words(words: pd.DataFrame, times: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which times lie in a word.

    Args:
        words: Columns onset and offset in seconds, by onset.
        times: (n,) seconds.

    Returns:
        (n,).
    """
    place = np.searchsorted(words["onset"].to_numpy(), times, side="right") - 1
    offset = words["offset"].to_numpy()
    return np.asarray((place >= 0) & (times < offset[np.maximum(place, 0)]))


def marks_of(study: Study, segments: frozenset[int], kind: RowKind, voiced: bool) -> dict[str, NDArray[np.bool_]]:
    """Stimulus -> which of its CCA rows lie in these segments; a word lies where its onset does.

    Args:
        study: Data and split.
        segments: Of the split: a fold's training or test segments.
        kind: What a row is.
        voiced: Leave frames outside words out, because one of the models has nothing there.
    """
    frames: dict[str, NDArray[np.bool_]] = {}
    wanted = np.array(sorted(segments))
    for stimulus, segment in zip(study.stimuli, study.split.segments, strict=True):
        mark = np.isin(segment, wanted)
        frames[stimulus] = mark | frames[stimulus] if stimulus in frames else mark
    if kind == "frames":
        return frames if not voiced else {s: mark & _in_words(study, s) for s, mark in frames.items()}
    out = {}
    for stimulus, mark in frames.items():
        grid = study.responses.grids[stimulus]
        place = np.round(
            (study.dataset.stimuli[stimulus].timed_words["onset"].to_numpy() - grid.start) * grid.rate
        ).astype(int)
        heard = (place >= -1) & (place <= grid.n)  # half a frame of rounding at either end
        out[stimulus] = heard & mark[np.clip(place, 0, grid.n - 1)]
    return out


def _in_words(study: Study, stimulus: str) -> NDArray[np.bool_]:
    return inside_words(study.dataset.stimuli[stimulus].timed_words, study.responses.grids[stimulus].times)
