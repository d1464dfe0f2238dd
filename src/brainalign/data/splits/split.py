"""Split: which rows are fitted, which are scored, and which are neither.

Every row of every presentation belongs to a *segment*, the smallest set of rows that is always used together. A fold is a
set of segments to score and a set of segments to keep out of its training. Splits by stimulus have one segment a fold; contiguous
blocks of one long stimulus have three (a block's two borders, which the neighbours' gap excludes, and its inside).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError

UNUSED = -1
"""Segment of rows that are neither fitted nor scored."""

PIECE = 0.2
"""Seconds of the pieces of a shuffled split, about a syllable; on slow grids a piece is one frame."""


@dataclass(frozen=True)
class Fold:
    """One outer fold.

    Attributes:
        test: Segments to score.
        excluded: Segments that its training set leaves out: the test segments and the gap around them.
    """

    test: frozenset[int]
    excluded: frozenset[int]


@dataclass(frozen=True)
class Split:
    """Segments of all presentations, and folds made of segments.

    Attributes:
        kind: ``stimulus``, ``blocks``, ``presentation``, ``shuffled`` or ``test``.
        segments: One (T_i,) array of segment numbers a presentation; UNUSED where a row takes no part.
        folds: The outer folds, which are scored. Where there are no others, the inner folds of one are the other outer folds.
        choosing: Folds that choose and are never scored: those of the training set beside a fixed test set.
        n_segments: Number of segments in use.
    """

    kind: str
    segments: tuple[NDArray[np.int64], ...]
    folds: tuple[Fold, ...]
    choosing: tuple[Fold, ...] = ()
    n_segments: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # counted here and once: every training set asks for it
        object.__setattr__(self, "n_segments", 1 + max(int(a.max(initial=UNUSED)) for a in self.segments))

    @property
    def every(self) -> tuple[Fold, ...]:
        """The outer folds, then those that only choose."""
        return self.folds + self.choosing

    def training(self, *folds: int) -> list[int]:
        """The segments left to fit on when these folds, by their places in ``every``, are held out."""
        out = frozenset().union(*(self.every[f].excluded for f in folds))
        return [a for a in range(self.n_segments) if a not in out]


def split_groups(groups: Sequence[str], lengths: Sequence[int], n_folds: int, seed: int, kind: str) -> Split:
    """Folds of whole stimuli, drawn by a seed; or of presentations, contiguous in the order given, as published.

    Args:
        groups: The stimulus of each presentation; for ``presentation`` in the order in which they were played.
        lengths: Frames of each presentation.
        n_folds: Number of outer folds.
        seed: Of the shuffle of stimuli.
        kind: ``stimulus`` keeps all presentations of a stimulus together. ``presentation`` does not: it leaks, and is
            offered for replication and as a control.

    Raises:
        BrainalignError: Fewer groups than folds.
    """
    units = list(range(len(groups))) if kind == "presentation" else [sorted(set(groups)).index(g) for g in groups]
    n_units = len(set(units))
    if n_units < n_folds:
        raise BrainalignError(
            f"encoding.outer_folds={n_folds}, but the data have {n_units} {'presentations' if kind == 'presentation' else 'stimuli'}"
            f"; use encoding.outer_folds={max(2, n_units)} or fewer, or encoding.split=blocks for long stimuli."
        )
    fold_of = np.arange(n_units) * n_folds // n_units
    if kind != "presentation":
        fold_of[np.random.default_rng(seed).permutation(n_units)] = np.arange(n_units) % n_folds
    segments = tuple(np.full(n, fold_of[u]) for n, u in zip(lengths, units, strict=True))
    folds = tuple(Fold(frozenset({f}), frozenset({f})) for f in range(n_folds))
    return Split(kind, segments, folds)


def split_test(groups: Sequence[str], lengths: Sequence[int], test: Collection[str], n_folds: int, seed: int) -> Split:
    """One outer fold, a fixed test set; the other stimuli are the training set and are dealt to folds that choose.

    Args:
        groups: The stimulus of each presentation.
        lengths: Frames of each presentation.
        test: The stimuli that are scored.
        n_folds: Folds of the training set.
        seed: Of the shuffle of training stimuli.

    Raises:
        BrainalignError: Fewer training stimuli than folds.

    Example:
        >>> split = split_test(["a", "b", "c", "d"], [2, 2, 2, 2], ["b"], n_folds=3, seed=0)
        >>> len(split.folds), split.training(0) == sorted({int(split.segments[i][0]) for i in (0, 2, 3)})
        (1, True)
    """
    rest = [i for i, name in enumerate(groups) if name not in test]
    n_rest = len({groups[i] for i in rest})
    if n_rest < n_folds:
        raise BrainalignError(
            f"encoding.test leaves {n_rest} stimuli to train on, but encoding.outer_folds={n_folds} folds of them choose alpha and "
            f"layer; hold fewer stimuli back, or use encoding.outer_folds={max(3, n_rest)}."
        )
    dealt = split_groups([groups[i] for i in rest], [lengths[i] for i in rest], n_folds, seed, "stimulus")
    segments = [np.full(n, n_folds) for n in lengths]
    for i, own in zip(rest, dealt.segments, strict=True):
        segments[i] = own
    scored = frozenset({n_folds})
    return Split("test", tuple(segments), (Fold(scored, scored),), dealt.folds)


def split_shuffled(
    groups: Sequence[str], lengths: Sequence[int], n_folds: int, seed: int, piece: int, skip: int
) -> Split:
    """Short pieces of every stimulus dealt to folds at random: a control that shows what neighbours in time give away.

    A test frame then lies near training frames of its own stimulus; with pieces of one frame it is scikit-learn's
    ``KFold(shuffle=True)``. One moment of a stimulus is in one fold in all its presentations, so that repeats add nothing to the leak.

    Args:
        groups: The stimulus of each presentation; those of one stimulus are equally long.
        lengths: Frames of each presentation.
        n_folds: Number of outer folds.
        seed: Of the shuffle.
        piece: Frames of a piece.
        skip: Frames at the start of each presentation that take no part.

    Raises:
        BrainalignError: Fewer pieces than folds.

    Example:
        >>> split = split_shuffled(["a", "b", "a"], [6, 4, 6], n_folds=2, seed=0, piece=2, skip=0)
        >>> bool((split.segments[0] == split.segments[2]).all()), split.segments[0].tolist()
        (True, [0, 0, 0, 0, 1, 1])
    """
    length = dict(zip(groups, lengths, strict=True))
    pieces = [-(-max(n - skip, 0) // piece) for n in length.values()]
    if sum(pieces) < n_folds:
        raise BrainalignError(
            f"encoding.outer_folds={n_folds}, but the data have {sum(pieces)} pieces of {piece} frames; use fewer folds."
        )
    dealt = np.split(np.random.default_rng(seed).permutation(sum(pieces)) % n_folds, np.cumsum(pieces)[:-1])
    own = {name: np.repeat(folds, piece) for name, folds in zip(length, dealt, strict=True)}
    segments = tuple(
        np.concatenate([np.full(min(skip, n), UNUSED), own[g][: max(n - skip, 0)]])
        for g, n in zip(groups, lengths, strict=True)
    )
    folds = tuple(Fold(frozenset({f}), frozenset({f})) for f in range(n_folds))
    return Split("shuffled", segments, folds)


def split_blocks(groups: Sequence[str], lengths: Sequence[int], n_folds: int, gap: int, skip: int) -> Split:
    """Contiguous blocks of each stimulus, with a gap on both sides of every test block.

    Args:
        groups: The stimulus of each presentation.
        lengths: Frames of each presentation.
        n_folds: Blocks a stimulus, which is the number of outer folds.
        gap: Frames on either side of a test block that are kept out of its training; at least the window.
        skip: Frames at the start of each presentation that take no part (run-start artefacts).

    Raises:
        BrainalignError: A block is shorter than its two borders.
    """
    segments = []
    for name, length in zip(groups, lengths, strict=True):
        bounds = np.linspace(skip, length, n_folds + 1).round().astype(int)
        if np.diff(bounds).min() < 2 * gap + 1:
            raise BrainalignError(
                f"stimulus {name} has {length} frames: {n_folds} blocks of it are too short for a gap of {gap} frames on "
                f"either side; use fewer encoding.outer_folds (now {n_folds}) or a shorter window."
            )
        segment = np.full(length, UNUSED)
        for f in range(n_folds):
            lo, hi = bounds[f], bounds[f + 1]
            segment[lo:hi] = 3 * f + 1
            segment[lo : lo + gap] = 3 * f
            segment[hi - gap : hi] = 3 * f + 2
        segments.append(segment)
    folds = []
    for f in range(n_folds):
        test = {3 * f, 3 * f + 1, 3 * f + 2}
        neighbours = {a for a in (3 * f - 1, 3 * f + 3) if 0 <= a < 3 * n_folds}
        folds.append(Fold(frozenset(test), frozenset(test | neighbours)))
    return Split("blocks", tuple(segments), tuple(folds))
