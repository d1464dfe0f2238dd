"""Segments told by their reconstruction: what was heard against a rival, with chance at one half."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from brainalign.stats.power import rate

Array = NDArray[np.float64]


class Segment(NamedTuple):
    """A piece of held-out reconstruction.

    Attributes:
        stimulus: What was heard.
        start: Its first frame.
        reconstruction: (frames, k).
    """

    stimulus: str
    start: int
    reconstruction: Array


class Told(NamedTuple):
    """How often segments are told right.

    Attributes:
        right: Segments that are.
        n: Segments that were asked about.
        accuracy: Their share.
        low, high: Exact 95 % interval, over segments as if they were independent.
        p: Of as many right or more where reconstructions are dealt anew; NaN without draws.
        left_out: Segments in which a candidate does not vary, which cannot be told.
    """

    right: int
    n: int
    accuracy: float
    low: float
    high: float
    p: float
    left_out: int


def cut(
    stimulus: str, reconstruction: NDArray[np.floating[Any]], rows: NDArray[np.bool_], frames: int
) -> list[Segment]:
    """A presentation's held-out rows as segments of one length, from the begin of each run of rows; what is left over is dropped.

    Args:
        stimulus: What was heard.
        reconstruction: (T, k).
        rows: (T,) those that count.
        frames: Length of a segment.

    Example:
        >>> [s.start for s in cut("a", np.zeros((9, 1)), np.arange(9) != 4, 2)]
        [0, 2, 5, 7]
    """
    edges = np.flatnonzero(np.diff(np.r_[0, rows.astype(int), 0]))
    starts = [at for low, high in edges.reshape(-1, 2).tolist() for at in range(low, high - frames + 1, frames)]
    return [Segment(stimulus, at, np.asarray(reconstruction[at : at + frames], dtype=np.float64)) for at in starts]


def next_ones(segments: Sequence[Segment]) -> list[int]:
    """The place of each segment's rival: the next one in their cyclic order that is another piece of stimulus; -1 where there is none.

    Args:
        segments: Of one fold.

    Example:
        >>> pieces = [Segment("a", 0, np.zeros((1, 1))), Segment("a", 0, np.zeros((1, 1))), Segment("a", 5, np.zeros((1, 1)))]
        >>> next_ones(pieces)
        [2, 2, 0]
    """
    n = len(segments)
    found = []
    for i, own in enumerate(segments):
        others = ((i + step) % n for step in range(1, n))
        found.append(next((j for j in others if segments[j][:2] != own[:2]), -1))
    return found


def tell(
    folds: Sequence[Sequence[Segment]],
    heard: Mapping[str, Array],
    ignored: Mapping[str, Array] | None,
    *,
    draws: int,
    seed: int,
) -> Told:
    """Which of two candidates each reconstruction is more like, by the mean over dimensions of Pearson's r.

    The null deals the reconstructions of a participant anew to the pairs of candidates: it keeps the pairs, and a candidate that is
    preferred whatever was heard is preferred there as well.

    Args:
        folds: Segments of one participant by outer fold.
        heard: Stimulus -> (T, k) what was reconstructed.
        ignored: Stimulus -> (T, k) the rival at the same time; None = the next segment of ``heard`` in the fold.
        draws: Behind the p.
        seed: Of the draws.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> envelope = {"a": rng.normal(size=(400, 1))}
        >>> pieces = cut("a", envelope["a"] + rng.normal(size=(400, 1)), np.ones(400, dtype=bool), 20)
        >>> found = tell([pieces], envelope, None, draws=200, seed=0)
        >>> found.n, found.accuracy > 0.8, found.p < 0.05
        (20, True, True)
    """
    said, own, rival = [], [], []
    for segments in folds:
        for segment, other in zip(segments, next_ones(segments), strict=True):
            here = slice(segment.start, segment.start + len(segment.reconstruction))
            if ignored is not None:
                against = ignored[segment.stimulus][here]
            elif other >= 0:
                at = segments[other].start
                against = heard[segments[other].stimulus][at : at + len(segment.reconstruction)]
            else:
                continue
            said.append(segment.reconstruction)
            own.append(heard[segment.stimulus][here])
            rival.append(against)
    if not said:
        return Told(0, 0, np.nan, np.nan, np.nan, np.nan, 0)
    s, a, b = (_standardised(np.stack(values)) for values in (said, own, rival))
    alive = [np.isfinite(v).any(axis=(1, 2)) for v in (s, a, b)]
    known = np.logical_and.reduce(alive)
    s, a, b = (v[known] for v in (s, a, b))
    if not len(s):
        return Told(0, 0, np.nan, np.nan, np.nan, np.nan, int((~known).sum()))
    # (reconstruction, pair): a reconstruction is more like the pair's own candidate than like its rival
    better = _likeness(s, a) > _likeness(s, b)
    n, right = len(s), int(np.trace(better))
    rng, places = np.random.default_rng(seed), np.arange(n)
    null = np.array([better[rng.permutation(n), places].sum() for _ in range(draws)])
    p = (1 + int((null >= right).sum())) / (1 + draws) if draws else np.nan
    share = rate(right, n)
    return Told(right, n, share.power, share.low, share.high, p, int((~known).sum()))


def _standardised(values: Array) -> Array:
    """(n, frames, k) each segment's dimensions with mean 0 and length 1; NaN where one does not vary."""
    centred = values - values.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    floor = 1e-9 * np.sqrt((values**2).sum(axis=1, keepdims=True))  # rounding
    return np.asarray(np.where(length > floor, centred / np.where(length > floor, length, 1.0), np.nan))


def _likeness(said: Array, candidates: Array) -> Array:
    """(n, m) mean r over the dimensions that vary in both."""
    products = np.einsum("itk,jtk->ijk", np.nan_to_num(said), np.nan_to_num(candidates), optimize=True)
    both = np.isfinite(said[:, 0])[:, None] & np.isfinite(candidates[:, 0])[None]
    return np.asarray(products.sum(axis=2) / np.maximum(both.sum(axis=2), 1))
