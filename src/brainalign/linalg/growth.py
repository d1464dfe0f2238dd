"""The compiled steps of boosting: one electrode's weights grown from zero; see ``linalg.boosting``."""

from __future__ import annotations

from typing import Any

import numpy as np

from brainalign.linalg.coordinate_descent import compiled

MOST = 1_000_000
"""Steps at most; a search that comes so far goes nowhere."""

SLACK = 1e-9
"""Share of the error by which a bound may be off by rounding."""


@compiled
def grow(
    squared: bool, gram: Any, slope: Any, error: float, far_gram: Any, far_slope: Any, far_error: float,
    columns: Any, rows: Any, runs: Any, left: Any, far_columns: Any, far_runs: Any, far_left: Any,
    d: int, delta: float, smallest: float, patience: int, lag: int,
) -> Any:  # fmt: skip
    """One electrode's growth: weights, errors of training and of held-out rows by step, and the step of the weights (-1: no end).

    ``slope`` and ``far_slope`` (p,) are products of the errors (or their signs) with the columns; they and the errors are overwritten.
    """
    p = len(slope)
    h, active, n_active = np.zeros(p), np.ones(d, dtype=np.bool_), d
    if not squared:
        error = _size(left, runs)
        for run in runs:
            for t in range(run[0], run[1]):
                _turn(slope, rows, t, d, lag, np.sign(left[t]))
    size = 1024
    which, number = (
        np.empty(size, dtype=np.int64),
        np.empty(size, dtype=np.int64),
    )  # a column, -1 for none, and the round
    moved, train, far = np.empty(size), np.empty(size), np.empty(size)  # its change, and the errors after it
    k, best, best_error, endless = 0, -1, np.inf, True
    which[0], number[0], moved[0], train[0] = -1, -1, 0.0, error
    for n in range(MOST):
        far[k] = far_error if squared else _size(far_left, far_runs)
        if far[k] < best_error:
            best_error, best = far[k], number[k]
        elif n >= 2 and k >= 1 and far[k] > far[k - 1]:
            if patience:
                undo = _steps_to_undo(k, which, far, d, patience)
                if undo:
                    active[which[k] % d] = False
                    n_active -= 1
                    if n_active == 0:
                        endless = False
                        break
                    for _ in range(undo):
                        if which[k] >= 0:
                            far_error = _move(squared, h, which[k], -moved[k], gram, slope, far_gram, far_slope, far_error,
                                              columns, rows, runs, left, far_columns, far_runs, far_left, d, lag)  # fmt: skip
                        k -= 1
                    far_error = far[k]
            elif n > 10 and k >= 2 and far[k] > far[k - 2]:
                endless = False
                break
        # the step that lowers the training error most
        j, step, lowest = _best_step(squared, gram, slope, train[k], columns, runs, left, active, d, delta, lag)
        k += 1
        if k == size:
            size *= 2
            which, moved = _longer(which, size), _longer(moved, size)
            train, far, number = _longer(train, size), _longer(far, size), _longer(number, size)
        which[k], moved[k], train[k], number[k] = -1, 0.0, train[k - 1], n
        if lowest >= train[k - 1]:
            delta *= 0.5
            if delta >= smallest:
                continue
            k, endless = k - 1, False
            break
        if j == which[k - 1] and step == -moved[k - 1]:  # to and fro
            k, endless = k - 1, False
            break
        which[k], moved[k], train[k] = j, step, lowest
        far_error = _move(squared, h, j, step, gram, slope, far_gram, far_slope, far_error,
                          columns, rows, runs, left, far_columns, far_runs, far_left, d, lag)  # fmt: skip
    last = k
    while k > 0 and number[k] > best:
        if which[k] >= 0:
            h[which[k]] -= moved[k]
        k -= 1
    return h, train[: last + 1].copy(), far[: last + 1].copy(), -1 if endless else k


@compiled
def _longer(values: Any, size: int) -> Any:
    out = np.empty(size, dtype=values.dtype)
    for i in range(len(values)):  # a slice would compile for seconds
        out[i] = values[i]
    return out


@compiled
def _steps_to_undo(k: int, which: Any, far: Any, d: int, patience: int) -> int:
    """How many of the last steps are undone: back to the feature's ``patience``-th rise in a row, 0 where it may go on."""
    undo, bad, at = 1, 1, k - 1
    while bad < patience:
        undo += 1
        if which[at] >= 0 and which[at] % d == which[k] % d:
            if not far[at] > far[at - 1]:
                return 0
            bad += 1
            if bad == patience:
                break
        at -= 1
        if at < 0 or far[at] > far[k]:
            return 0
    return undo


@compiled
def _best_step(
    squared: bool, gram: Any, slope: Any, error: float, columns: Any, runs: Any, left: Any, active: Any, d: int, delta: float, lag: int
) -> Any:  # fmt: skip
    """Column, step and training error of the best step."""
    at, steepest = -1, -1.0
    if squared:
        lowest = np.inf
        for j in range(len(slope)):
            if active[j % d]:
                new = error - 2 * delta * abs(slope[j]) + delta * delta * gram[j, j]
                if new < lowest:
                    lowest, at = new, j
        return at, delta if slope[at] >= 0 else -delta, lowest
    for j in range(len(slope)):
        if active[j % d] and abs(slope[j]) > steepest:
            steepest, at = abs(slope[j]), j
    lowest = _size_after(columns[at % d], lag + at // d, runs, left, delta if slope[at] >= 0 else -delta)
    for j in range(len(slope)):
        if active[j % d] and error - delta * abs(slope[j]) <= lowest + SLACK * error and j != at:
            new = _size_after(columns[j % d], lag + j // d, runs, left, delta if slope[j] >= 0 else -delta)
            if new < lowest:
                lowest, at = new, j
    return at, delta if slope[at] >= 0 else -delta, lowest


@compiled
def _move(
    squared: bool, h: Any, j: int, step: float, gram: Any, slope: Any, far_gram: Any, far_slope: Any, far_error: float,
    columns: Any, rows: Any, runs: Any, left: Any, far_columns: Any, far_runs: Any, far_left: Any, d: int, lag: int,
) -> float:  # fmt: skip
    """Take a step; returns the squared error of the held-out rows."""
    h[j] += step
    if squared:
        far_error += step * (step * far_gram[j, j] - 2 * far_slope[j])
        for i in range(len(slope)):
            slope[i] -= step * gram[j, i]
            far_slope[i] -= step * far_gram[j, i]
        return far_error
    shift, column, far_column = lag + j // d, columns[j % d], far_columns[j % d]
    for run in far_runs:
        for t in range(run[0], run[1]):
            far_left[t] -= step * far_column[t - shift]
    for run in runs:
        for t in range(run[0], run[1]):
            new = left[t] - step * column[t - shift]
            turn = np.sign(new) - np.sign(left[t])
            left[t] = new
            if turn != 0.0:
                _turn(slope, rows, t, d, lag, turn)
    return 0.0


@compiled
def _turn(slope: Any, rows: Any, t: int, d: int, lag: int, turn: float) -> None:
    """The slopes after the sign of a row's error changed by ``turn``."""
    for k in range(len(slope) // d):
        row = rows[t - lag - k]
        for i in range(d):
            slope[k * d + i] += turn * row[i]


@compiled
def _size(left: Any, runs: Any) -> float:
    total = 0.0
    for run in runs:
        for t in range(run[0], run[1]):
            total += abs(left[t])
    return total


@compiled
def _size_after(column: Any, shift: int, runs: Any, left: Any, step: float) -> float:
    """Absolute error after a step."""
    total = 0.0
    for run in runs:
        for t in range(run[0], run[1]):
            total += abs(left[t] - step * column[t - shift])
    return total
