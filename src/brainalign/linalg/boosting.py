"""Boosting: weights grown in small steps, each where it lowers the training error most, until held-out rows say stop (David et al. 2007).

A squared error follows from Gram matrices: a step costs one column of them, however many rows there are. An absolute error
does not, but it is convex: its slope bounds from below what a step can reach, and is kept up to date by the few rows whose error
changes sign, so that only steps that might be the best are measured on all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import AT_ONCE
from brainalign.linalg.boosting_rule import Boosting
from brainalign.linalg.coordinate_descent import each
from brainalign.linalg.gram import mirror, transform, upper_gram
from brainalign.linalg.growth import MOST, grow
from brainalign.linalg.moments import Moments
from brainalign.linalg.solution import Solution

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Growth:
    """One electrode's weights on one partition.

    Attributes:
        coef: (p,) weights at the lowest held-out error.
        train: (n,) training error before the first step and after each that was not undone.
        held_out: (n,) error of the held-out rows at the same steps.
        best: The one that the weights are of; 0 = no step lowered the held-out error.
    """

    coef: Array
    train: Array
    held_out: Array
    best: int


@dataclass(frozen=True)
class Boosted:
    """Weights of all electrodes, the mean of their partitions'.

    Attributes:
        solution: On features as they came.
        score: (partitions, c) share of the held-out error that the weights removed; NaN where there was nothing to remove.
        steps: (partitions, c) steps that were kept.
    """

    solution: Solution
    score: Array
    steps: NDArray[np.int64]


def boost(whole: Moments, partitions: Sequence[tuple[Moments, Moments]], rule: Boosting, padded: bool) -> Boosted:
    """Grow weights on each partition, and take the mean of those that predict.

    Features and responses are centred and scaled by the deviation over all rows (``l2``: standard, ``l1``: mean absolute).

    Args:
        whole: All rows, by which features and responses are standardised.
        partitions: Training rows, and held-out ones that stop the growth.
        rule: Steps, error and stopping.
        padded: Whether features before and after a presentation are their mean, as where features were standardised before they
            were lagged; else they are zero, as they came.

    Raises:
        BrainalignError: Repeats are summed, of which there is no absolute error.
    """
    import torch

    mean, scale = _spread(whole, rule)
    c, d, m = len(whole.ysum), whole.d, len(whole.lags)
    change = transform((mean if padded else torch.zeros_like(mean)) - whole.centre, scale)
    offset = torch.zeros_like(mean) if padded else mean / scale
    score, steps = np.full((len(partitions), c), np.nan), np.zeros((len(partitions), c), dtype=np.int64)
    total, counts = np.zeros((m * d, c)), np.zeros(c)
    centre, unit = _responses(whole, rule)
    for place, (train, held_out) in enumerate(partitions):
        if train.n < 2 or not held_out.n:
            continue
        kind = _Squares if rule.error == "l2" else _Absolutes
        data = kind(train, held_out, change, offset)
        for at in range(0, c, AT_ONCE):
            here = slice(at, min(at + AT_ONCE, c))
            for e, grown in enumerate(data.grow(here, centre[here], unit[here], rule), at):
                if grown.held_out[0] > 0:
                    score[place, e] = 1 - grown.held_out[grown.best] / grown.held_out[0]
                steps[place, e] = grown.best
                if grown.best:
                    total[:, e] += grown.coef
                    counts[e] += 1
    w = torch.from_numpy(total / np.maximum(counts, 1) * unit).view(m, d, c) / scale.cpu()[:, None]
    moved = mean.cpu() @ w
    share = -moved if padded else torch.zeros_like(moved)
    intercept = torch.from_numpy(centre) - (0 if padded else moved.sum(0))
    return Boosted(Solution(torch.cat([w, share[:, None]], dim=1), intercept), score, steps)


def _spread(whole: Moments, rule: Boosting) -> tuple[Tensor, Tensor]:
    """(d,) mean and scale of the features; a constant one has the scale 1."""
    import torch

    mean, sd = whole.scale()
    if rule.error == "l2":
        return mean, sd
    size = torch.zeros_like(mean)
    for rows in whole.stacks:
        if bool((rows.weight > 1).any()):
            raise BrainalignError(
                "error=l1 needs single presentations, but those of a repeated stimulus are summed: average them, keep the first, or use l2."
            )
        size += rows.weight @ (rows.values[:, :-1].double() + (whole.centre - mean)).abs()
    size /= whole.n
    return mean, torch.where(size > 8 * torch.finfo(whole.stacks[0].values.dtype).eps * mean.abs(), size, 1.0)


def _responses(whole: Moments, rule: Boosting) -> tuple[Array, Array]:
    """(c,) mean and scale of the responses; one that does not vary has the scale 1."""
    mean = (whole.ysum / whole.n).cpu().numpy()
    if rule.error == "l2":
        size = np.sqrt(np.maximum((whole.yy / whole.n).cpu().numpy() - mean**2, 0))
    else:
        size = np.zeros(len(mean))
        for rows in whole.stacks:
            keep = (rows.weight > 0).cpu().numpy()
            for at in range(0, len(mean), AT_ONCE):
                here = slice(at, at + AT_ONCE)
                size[here] += np.abs(rows.response[:, here].double().cpu().numpy()[keep] - mean[here]).sum(0)
        size /= whole.n
    return mean, np.where(size > 0, size, 1.0)


class _Squares:
    """Squared errors of a partition, by its Gram matrices.

    Args:
        train: Training rows.
        held_out: Held-out rows.
        change: (d+1, d) from ``[h, 1]`` to scaled features.
        offset: (d,) what is then taken off, outside presentations too.
    """

    def __init__(self, train: Moments, held_out: Moments, change: Tensor, offset: Tensor) -> None:
        self._sides, self._change, self._d = (train, held_out), change, train.d
        self._offset = offset.repeat(len(train.lags))
        self._grams = [self._gram(side) for side in self._sides]

    def _gram(self, rows: Moments) -> Array:
        gram = mirror(upper_gram(rows, self._change, None, self._change.dtype)[0], rows.d)
        sums, off = (rows.xsum @ self._change).reshape(-1), self._offset
        gram.addr_(off, rows.n * off - sums).addr_(sums, off, alpha=-1)
        return np.ascontiguousarray(gram.cpu().numpy())

    def _cross(self, rows: Moments, here: slice, centre: Array, unit: Array) -> tuple[Array, Array]:
        """(c, p) products with, and (c,) sums of squares of, the standardised responses."""
        n, ysum = rows.n, rows.ysum[here].cpu().numpy()
        raw = (self._change.T @ rows.cross_of(here)).reshape(len(self._offset), -1).cpu().numpy()
        sums, off = (v.cpu().numpy() for v in ((rows.xsum @ self._change).reshape(-1), self._offset))
        cross = raw - np.outer(off, ysum) - np.outer(sums - n * off, centre)
        square = rows.yy[here].cpu().numpy() - 2 * centre * ysum + n * centre**2
        return np.ascontiguousarray((cross / unit).T), np.maximum(square, 0) / unit**2

    def grow(self, here: slice, centre: Array, unit: Array, rule: Boosting) -> list[Growth]:
        """The growths of some electrodes, whose responses have these means and scales."""
        (slope, error), (far_slope, far_error) = (self._cross(side, here, centre, unit) for side in self._sides)
        found: list[Any] = [None] * len(centre)
        none, empty = np.empty((0, 0)), np.empty((0, 2), dtype=np.int64)

        def job(part: NDArray[np.int64]) -> None:
            for e in part:
                found[e] = _growth(grow(
                    True, self._grams[0], slope[e], error[e], self._grams[1], far_slope[e], far_error[e],
                    none, none, empty, none[0:0, 0:0].ravel(), none, empty, none.ravel(), self._d, *_numbers(rule), 0,
                ))  # fmt: skip

        each(job, np.arange(len(centre)))
        return found


class _Absolutes:
    """Absolute errors of a partition, by its rows; see :class:`_Squares`."""

    def __init__(self, train: Moments, held_out: Moments, change: Tensor, offset: Tensor) -> None:
        self._sides, self._lag = (train, held_out), int(train.lags[0])
        self._p, self._d = len(train.lags) * train.d, train.d
        values = []
        for side in self._sides:
            parts = [(rows.values.double() @ change - offset).cpu().numpy() for rows in side.stacks]
            values.append(np.ascontiguousarray(np.vstack(parts)))
        self._values = values
        self._weights = [
            np.concatenate([rows.weight.cpu().numpy() > 0 for rows in side.stacks]) for side in self._sides
        ]
        self._runs = [_runs(weight) for weight in self._weights]

    def grow(self, here: slice, centre: Array, unit: Array, rule: Boosting) -> list[Growth]:
        """The growths of some electrodes, whose responses have these means and scales."""
        left = []
        for side, used in zip(self._sides, self._weights, strict=True):
            y = np.vstack([rows.response[:, here].double().cpu().numpy() for rows in side.stacks])
            left.append(np.ascontiguousarray(np.where(used[:, None], (y - centre) / unit, 0.0).T))
        found: list[Any] = [None] * len(centre)
        none, columns = np.empty((0, 0)), np.ascontiguousarray(self._values[0].T)
        far = np.ascontiguousarray(self._values[1].T)

        def job(part: NDArray[np.int64]) -> None:
            for e in part:
                found[e] = _growth(grow(
                    False, none, np.zeros(self._p), 0.0, none, np.empty(0), 0.0,
                    columns, self._values[0], self._runs[0], left[0][e], far, self._runs[1], left[1][e],
                    self._d, *_numbers(rule), self._lag,
                ))  # fmt: skip

        each(job, np.arange(len(centre)))
        return found


def _numbers(rule: Boosting) -> tuple[float, float, int]:
    return rule.delta, rule.delta if rule.mindelta is None else rule.mindelta, rule.selective_stopping


def _runs(used: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n, 2) first and one past the last of neighbouring rows that are used."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], used, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2).astype(np.int64)


def _growth(found: tuple[Array, Array, Array, int]) -> Growth:
    coef, train, held_out, best = found
    if best < 0:
        raise BrainalignError(f"boosting did not stop within {MOST:,} steps: raise delta.")
    return Growth(coef, train, held_out, best)
