"""Dynamic time warping between stretches of frames: many pairs at once, anti-diagonal by anti-diagonal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

BATCH = 512
"""Pairs of similar lengths that are warped at once."""


def dtw(costs: ArrayLike, lengths: ArrayLike | None = None) -> Array:
    """Mean distance along the cheapest warping path of each pair.

        D(i, j) = c(i, j) + min{ D(i-1, j-1), D(i, j-1), D(i-1, j) },   D(0, 0) = c(0, 0)
        dtw = D(n-1, m-1) / |path|

    ``|path|`` is the number of cells on the path; of steps that cost the same the diagonal goes first, then the one along the second
    sequence, as in ABXpy (Schatz et al. 2013). All cells of an anti-diagonal, of all pairs, are found at once.

    Args:
        costs: (pairs, N, M) distances of frames, or (N, M) of one pair; what lies beyond a pair's lengths is not looked at.
        lengths: (pairs, 2) frames of each pair; None = (N, M) for all.

    Returns:
        (pairs,) mean distances.

    Example:
        >>> dtw([[0.0, 1.0, 2.0], [1.0, 0.0, 1.0]]).round(3).tolist()
        [0.333]
    """
    cost = np.asarray(costs, dtype=np.float64)
    if cost.ndim == 2:
        cost = cost[None]
    pairs, n, m = cost.shape
    last = np.full((pairs, 2), (n, m)) if lengths is None else np.asarray(lengths, dtype=np.int64)
    skewed = np.full((n + m - 1, n, pairs), np.inf)  # skewed[i + j, i] = cost[:, i, j]
    turned = np.moveaxis(cost, 0, 2)
    for i in range(n):
        skewed[i : i + m, i] = turned[i]
    end, row = last.sum(axis=1) - 2, last[:, 0] - 1
    out = np.zeros(pairs)
    # Row i of both is cell i - 1, so that row 0 is the border, from which no path comes.
    before = np.full((n + 1, pairs), np.inf)
    steps_before = np.zeros((n + 1, pairs))
    now, steps = before.copy(), steps_before.copy()
    now[1], steps[1] = skewed[0, 0], 1.0
    for k in range(n + m - 1):
        if k:
            diagonal, left, up = before[:-1], now[1:], now[:-1]
            best, walked = diagonal.copy(), steps_before[:-1].copy()
            for other, other_steps in ((left, steps[1:]), (up, steps[:-1])):
                nearer = other < best
                np.copyto(best, other, where=nearer)
                np.copyto(walked, other_steps, where=nearer)
            before, steps_before = now, steps
            now, steps = np.full_like(before, np.inf), np.zeros_like(steps_before)
            now[1:], steps[1:] = best + skewed[k], walked + 1.0
        done = np.flatnonzero(end == k)
        out[done] = now[row[done] + 1, done] / steps[row[done] + 1, done]
    return out


def frame_distances(x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]], kind: str) -> Array:
    """Distance of every frame of one stretch to every frame of another.

        cosine    1 - cos(x, y)
        angular   arccos(cos(x, y)) / pi
        kl        1/2 [ KL(p || q) + KL(q || p) ] = 1/2 sum_k (p_k - q_k) (log p_k - log q_k),  p = softmax(x), q = softmax(y)

    A frame of zeros has no direction: its cosine with any is 0. In nats; cosine after Schatz et al. (2013), angular and KL as in
    the ZeroSpeech challenges (Dunbar et al. 2017).

    Args:
        x: (..., n, d).
        y: (..., m, d).
        kind: ``cosine``, ``angular`` or ``kl``.

    Returns:
        (..., n, m).

    Example:
        >>> frame_distances(np.eye(2), np.array([[1.0, 0.0]]), "angular").ravel().tolist()
        [0.0, 0.5]
    """
    prepare, distance = KINDS[kind]
    return distance(prepare(np.asarray(x, dtype=np.float64)), prepare(np.asarray(y, dtype=np.float64)))


def pair_distances(segments: Sequence[NDArray[np.floating[Any]]], pairs: ArrayLike, kind: str = "cosine") -> Array:
    """DTW distance of pairs of stretches of frames; see :func:`dtw` and :func:`frame_distances`.

    Each stretch is normalised once; pairs of similar lengths are warped together.

    Args:
        segments: (frames, d) arrays, each with at least one frame.
        pairs: (P, 2) numbers of segments.
        kind: ``cosine``, ``angular`` or ``kl``.

    Returns:
        (P,) distances.

    Example:
        >>> tones = [np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [2.0, 0.0]]), np.array([[0.0, 1.0]])]
        >>> pair_distances(tones, [(0, 1), (0, 2)]).tolist()
        [0.0, 1.0]
    """
    prepare, distance = KINDS[kind]
    wanted = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    prepared = prepare(np.concatenate([np.asarray(s, dtype=np.float64) for s in segments]))
    lengths = np.array([len(s) for s in segments])
    starts = np.r_[0, np.cumsum(lengths)[:-1]].tolist()
    out = np.empty(len(wanted))
    sizes = lengths[wanted]
    order = np.lexsort((sizes[:, 1], sizes[:, 0]))
    for start in range(0, len(order), BATCH):
        here = order[start : start + BATCH]
        costs = np.zeros((len(here), *sizes[here].max(axis=0)))
        for cost, (one, other), (n, m) in zip(costs, wanted[here].tolist(), sizes[here].tolist(), strict=True):
            a, b = starts[one], starts[other]
            cost[:n, :m] = distance(prepared[a : a + n], prepared[b : b + m])
        out[here] = dtw(costs, sizes[here])
    return out


def _unit(x: Array) -> Array:
    """Rows of length 1; rows of zeros stay."""
    norm = np.linalg.norm(x, axis=-1, keepdims=True)
    return np.asarray(x / np.where(norm > 0, norm, 1.0))


def _logs(x: Array) -> Array:
    """Log softmax of each row."""
    shifted = x - x.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _cosines(x: Array, y: Array) -> Array:
    return np.clip(x @ np.swapaxes(y, -1, -2), -1.0, 1.0)


def _divergence(x: Array, y: Array) -> Array:
    p, q = np.exp(x), np.exp(y)
    own, other = (p * x).sum(axis=-1), (q * y).sum(axis=-1)
    crossed = p @ np.swapaxes(y, -1, -2) + x @ np.swapaxes(q, -1, -2)
    return np.asarray(np.maximum(0.5 * (own[..., :, None] + other[..., None, :] - crossed), 0.0))


KINDS: dict[str, tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]] = {
    "cosine": (_unit, lambda x, y: 1.0 - _cosines(x, y)),
    "angular": (_unit, lambda x, y: np.arccos(_cosines(x, y)) / np.pi),
    "kl": (_logs, _divergence),
}
"""Distance of frames -> what is done once with each frame, and the distance of frames thus prepared."""
