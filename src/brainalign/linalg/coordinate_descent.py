"""Coordinate descent of the elastic net on a CPU: compiled loops, and matrix products where many weights are in use.

Electrodes are rows here. One with few weights in use gets a Gram matrix of its own, of these alone, which stays in a
core's cache. Those with many share the Gram matrix as it is, tile by tile, so that nearly all is matrix products: a sweep
over a matrix of their own would wait for memory.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import numba
import numpy as np
import torch
from numpy.typing import NDArray

TILE = 128
"""Coordinates between two updates of the whole gradient: the corner of the Gram matrix then stays in a core's cache."""

ALONE = 384
"""Coordinates in use at most of an electrode with a Gram matrix of its own: 1.2 MB, which a core's cache holds."""

NEAR = 0.75
"""Share of the L1 penalty from which on a gradient makes its zero weight a working coordinate: at 1, as many would join late as need
the rest checked once or twice more."""

TINY = 1e-300
"""Keeps the products of no move at all invertible."""

Function = TypeVar("Function", bound=Callable[..., Any])
Array = NDArray[np.float64]


def compiled(function: Function) -> Function:
    """Compiled at its first call and kept beside the source, or in the home; runs beside other threads. Sums may be taken in any order."""
    options: dict[str, Any] = {"nogil": True, "fastmath": {"contract", "reassoc", "nsz"}}
    try:
        return cast(Function, numba.njit(cache=True, **options)(function))
    except RuntimeError:  # neither can be written, as on some clusters' nodes: each process compiles
        return cast(Function, numba.njit(**options)(function))


def descend(
    gram: Array, cross: Array, yy: Array, l1: float, l2: float,
    w: Array, residual: Array, bound: Array, budget: NDArray[np.int64], memory: int,
) -> NDArray[np.int64]:  # fmt: skip
    """Sweep over the coordinates that are nonzero, or would leave zero, until the gap on them is within its bound.

        minimise  w'Gw / 2 - q'w + l1 ||w||_1 + l2 ||w||^2 / 2

    Args:
        gram: (p, p) G.
        cross: (c, p) q of each electrode.
        yy: (c,) sums of squares of the responses.
        l1: Penalty of the absolute weights.
        l2: Penalty of half their squares.
        w: (c, p) weights to start from; the new ones are written here.
        residual: (c, p) q - G w; overwritten.
        bound: (c,) of the duality gap.
        budget: (c,) sweeps at most, each > 0.
        memory: Sweeps that an extrapolation looks back on.

    Returns:
        (c,) sweeps.
    """
    counts = np.zeros(len(w), dtype=np.int64)
    working = (w != 0) | (np.abs(residual) > NEAR * l1)
    many = working.sum(1) > ALONE
    few = np.flatnonzero(~many)

    def alone(part: NDArray[np.int64]) -> None:
        for e in part:
            counts[e] = _descend_alone(
                gram, np.flatnonzero(working[e]), cross[e], yy[e], l1, l2, w[e], residual[e], bound[e], budget[e], memory
            )  # fmt: skip

    each(alone, few)
    rows = np.flatnonzero(many)
    if len(rows):
        found = w[rows]
        counts[rows] = _descend_together(
            gram, cross[rows], yy[rows], l1, l2, found, residual[rows], bound[rows], budget[rows], memory
        )
        w[rows] = found
    return counts


def each(job: Callable[[NDArray[np.int64]], None], electrodes: NDArray[np.int64]) -> None:
    """The job for some electrodes at a time, in as many threads as torch has; each electrode's numbers are its own."""
    threads = min(torch.get_num_threads(), len(electrodes))
    if threads < 2:
        job(electrodes)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(job, (electrodes[i::threads] for i in range(threads))))


def _descend_together(
    gram: Array, cross: Array, yy: Array, l1: float, l2: float,
    w: Array, residual: Array, bound: Array, budget: NDArray[np.int64], memory: int,
) -> NDArray[np.int64]:  # fmt: skip
    """``descend`` of electrodes that have many weights in use, on all coordinates."""
    counts, left, count, k = np.zeros(len(w), dtype=np.int64), np.arange(len(w)), 0, 0
    v, r, going = w.copy(), residual, np.ones(len(w), dtype=bool)
    kept = min(memory, int(budget.max()))
    weights, residuals = (np.empty((kept + 1, *v.shape)) for _ in range(2))
    weights[0], residuals[0] = v, r
    while True:
        _sweep_together(gram, v, r, l1, l2)
        count, k = count + 1, k + 1
        weights[k], residuals[k] = v, r
        if leapt := k == memory:
            each(lambda part: _leap_each(part, weights, residuals, v, r, l1, l2), np.flatnonzero(going))  # noqa: B023
            k = 0
        done = going & ((_gaps(v, r, cross[left], yy[left], l1, l2) <= bound[left]) | (budget[left] <= count))
        if done.any():
            w[left[done]], counts[left[done]] = v[done], count
            going &= ~done
            if not going.any():
                return counts
        if leapt:
            if not going.all():  # those that are done leave where nothing is to be looked back on
                left, v, r, going = left[going], v[going], r[going], going[going]
                weights, residuals = (np.empty((kept + 1, *v.shape)) for _ in range(2))
            weights[0], residuals[0] = v, r


def _sweep_together(gram: Array, v: Array, r: Array, l1: float, l2: float) -> None:
    whole, residual = torch.from_numpy(gram), torch.from_numpy(r)
    for at in range(0, len(gram), TILE):
        tile = slice(at, at + TILE)
        corner, change = np.ascontiguousarray(gram[tile, tile]), np.zeros((len(v), len(gram[tile])))
        each(lambda part: _sweep_tile(part, corner, v[:, tile], r[:, tile], change, l1, l2), np.arange(len(v)))  # noqa: B023
        if change.any():
            residual.addmm_(torch.from_numpy(change), whole[tile], alpha=-1)


@compiled
def _sweep_tile(part: Any, corner: Any, v: Any, r: Any, change: Any, l1: float, l2: float) -> None:
    for e in part:
        near, moved = r[e].copy(), v[e].copy()
        _sweep(corner, moved, near, l1, l2, False)
        for i in range(len(moved)):
            change[e, i] = moved[i] - v[e, i]
            v[e, i] = moved[i]


@compiled
def _sweep(gram: Any, v: Any, r: Any, l1: float, l2: float, behind: bool) -> None:
    """One round of exact minimisation over each weight in turn; ``behind``: the residual follows before the weight, too."""
    for i in range(len(v)):
        curvature = gram[i, i]
        if curvature <= 0.0:  # a constant column keeps its zero
            continue
        free, new = r[i] + curvature * v[i], 0.0
        if free > l1:
            new = (free - l1) / (curvature + l2)
        elif free < -l1:
            new = (free + l1) / (curvature + l2)
        change = new - v[i]
        if change != 0.0:
            v[i] = new
            row = gram[i]
            for j in range(0 if behind else i + 1, len(r)):
                r[j] -= change * row[j]


@compiled
def _gap(v: Any, r: Any, q: Any, yy: float, l1: float, l2: float) -> float:
    """Duality gap at the scaled residual, as in scikit-learn."""
    reached, left, square, size, norm = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(len(v)):
        reached += v[i] * q[i]
        left += v[i] * r[i]
        square += v[i] * v[i]
        size += abs(v[i])
        norm = max(norm, abs(r[i] - l2 * v[i]))
    error = yy - reached - left + l2 * square
    scale = 1.0 if norm <= l1 else l1 / norm
    return error / 2 + l1 * size + scale * scale * error / 2 - scale * (yy - reached)


@compiled
def _gaps(v: Any, r: Any, q: Any, yy: Any, l1: float, l2: float) -> Any:
    found = np.empty(len(v))
    for e in range(len(v)):
        found[e] = _gap(v[e], r[e], q[e], yy[e], l1, l2)
    return found


@compiled
def _leap_each(part: Any, weights: Any, residuals: Any, v: Any, r: Any, l1: float, l2: float) -> None:
    for e in part:
        _leap(weights[:, e], residuals[:, e], v[e], r[e], l1, l2)


@compiled
def _leap(weights: Any, residuals: Any, v: Any, r: Any, l1: float, l2: float) -> None:
    """Anderson extrapolation of the last sweeps, to the minimum along that way: the objective never rises.

    Args:
        weights: (sweeps + 1, p) before the sweeps and after each.
        residuals: (sweeps + 1, p) q - G w of each.
        v: (p,) the last weights; replaced.
        r: (p,) their residual; replaced.
        l1: Penalty of the absolute weights.
        l2: Penalty of half their squares.
    """
    n, p = len(weights) - 1, len(v)
    moves = np.empty((n, p))
    for a in range(n):
        for i in range(p):
            moves[a, i] = weights[a + 1, i] - weights[a, i]
    products = np.empty((n, n))
    for a in range(n):
        for b in range(a + 1):
            total = 0.0
            for i in range(p):
                total += moves[a, i] * moves[b, i]
            products[a, b] = products[b, a] = total
    ridge = 1e-10 * np.trace(products) + TINY
    for a in range(n):
        products[a, a] += ridge
    mix = np.linalg.solve(products, np.ones(n))
    mix /= mix.sum()
    path, bend = -v, r.copy()  # d = sum_k mix_k w_k - w, and G d
    for a in range(n):
        for i in range(p):
            path[i] += mix[a] * weights[a + 1, i]
            bend[i] -= mix[a] * residuals[a + 1, i]
    # along w + t d the objective is a parabola with a kink wherever a weight crosses zero
    slope, curvature, n_kinks = 0.0, 0.0, 0
    for i in range(p):
        side = np.sign(v[i]) if v[i] != 0.0 else np.sign(path[i])
        slope += path[i] * (l2 * v[i] + l1 * side - r[i])
        curvature += path[i] * (bend[i] + l2 * path[i])
    if not (curvature > 0.0 and slope < 0.0):
        return
    t = -slope / curvature
    kinks, jumps = np.empty(p), np.empty(p)
    for i in range(p):
        if v[i] * path[i] < 0.0 and abs(v[i]) < t * abs(path[i]):
            kinks[n_kinks], jumps[n_kinks] = -v[i] / path[i], 2 * l1 * abs(path[i])
            n_kinks += 1
    for k in np.argsort(kinks[:n_kinks]):
        if t <= kinks[k]:
            break
        slope += jumps[k]
        t = max(kinks[k], -slope / curvature)
    for i in range(p):
        v[i] = 0.0 if v[i] * path[i] < 0.0 and -v[i] / path[i] == t else v[i] + t * path[i]
        r[i] -= t * bend[i]


@compiled
def _descend_alone(
    gram: Any, working: Any, cross: Any, yy: float, l1: float, l2: float, w: Any, residual: Any, bound: float, budget: int, memory: int
) -> int:  # fmt: skip
    """``descend`` of one electrode on a Gram matrix of its working coordinates."""
    a = len(working)
    own, v, r, q = np.empty((a, a)), w[working], residual[working], cross[working]
    for i in range(a):
        row = gram[working[i]]
        for j in range(a):
            own[i, j] = row[working[j]]
    kept = min(memory, budget)
    weights, residuals = np.empty((kept + 1, a)), np.empty((kept + 1, a))
    weights[0], residuals[0], count, k = v, r, 0, 0
    while True:
        _sweep(own, v, r, l1, l2, True)
        count += 1
        k += 1
        weights[k], residuals[k] = v, r
        if k == memory:
            _leap(weights, residuals, v, r, l1, l2)
            weights[0], residuals[0], k = v, r, 0
        if count >= budget or _gap(v, r, q, yy, l1, l2) <= bound:
            break
    for i in range(a):
        w[working[i]] = v[i]
    return count
