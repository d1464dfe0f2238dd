"""An electrode's own p: fixed held-out predictions against circularly shifted responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK = 64
"""Electrodes that are transformed at once."""
FADED = 0.05
"""Autocorrelation that counts as none."""


def shift_p(
    actual: Sequence[NDArray[np.floating[Any]]],
    predicted: Sequence[NDArray[np.floating[Any]]],
    *,
    window: int,
    draws: int,
    seed: int,
) -> tuple[Array, NDArray[np.int64]]:
    """P of the mean over folds of Pearson r, against circular shifts of the responses within each fold.

        p = (1 + #{null >= observed}) / (1 + M),   M = min(draws, distinct shifts)

    Predictions stay as they are, so nothing is fitted again. Shifts are longer than the window and than the responses'
    autocorrelation, in both directions, and drawn for each fold on its own. Rows of one stimulus must stand once
    (repeats averaged): a repeat that a shift puts on its own prediction would be no null. All shifts of an electrode come
    from one Fourier transform.

    Args:
        actual: One (T_f, c) array a fold, NaN where not recorded.
        predicted: One (T_f, c) array a fold.
        window: Lags of the TRF.
        draws: Shifts asked for.
        seed: Of the draws.

    Returns:
        (c,) p, NaN where no fold has a long enough stretch; (c,) M.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = [rng.normal(size=(400, 2)) for _ in range(3)]
        >>> p, m = shift_p(y, [np.stack([v[:, 0], rng.normal(size=400)], axis=1) for v in y], window=20, draws=199, seed=0)
        >>> float(p[0]), int(m[0]), bool(p[1] > 0.01)
        (0.005, 199, True)
    """
    c = actual[0].shape[1]
    p, used = np.full(c, np.nan), np.zeros(c, dtype=np.int64)
    masks = [np.isfinite(y) for y in actual]
    patterns: dict[bytes, list[int]] = {}
    packed = np.packbits(np.vstack(masks), axis=0)
    for i in range(c):
        patterns.setdefault(packed[:, i].tobytes(), []).append(i)
    for group in patterns.values():
        for start in range(0, len(group), BLOCK):
            here = group[start : start + BLOCK]
            rows = [mask[:, here[0]] for mask in masks]
            folds = [(y[keep][:, here], f[keep][:, here]) for y, f, keep in zip(actual, predicted, rows, strict=True)]
            p[here], used[here] = _group(folds, window, draws, seed)
    return p, used


def _group(folds: list[tuple[Any, Any]], window: int, draws: int, seed: int) -> tuple[Array, int]:
    """P of electrodes that share their rows, and M."""
    curves, allowed = [], []
    for y, f in folds:
        n = len(y)
        if n < 4 * (window + 1):
            continue
        correlation, longest = _all_shifts(y.astype(np.float64), f.astype(np.float64))
        least = min(max(window, longest) + 1, n // 4)
        curves.append(correlation)
        allowed.append(np.arange(least, n - least + 1))
    if not curves:
        return np.full(folds[0][0].shape[1], np.nan), 0
    m = min(draws, *(len(a) for a in allowed)) if len(allowed) > 1 else min(draws, len(allowed[0]))
    rng = np.random.default_rng(seed)
    null = sum(curve[rng.choice(places, m, replace=False)] for curve, places in zip(curves, allowed, strict=True))
    observed = sum(curve[0] for curve in curves)
    reached = np.asarray(null) >= np.asarray(observed) - 1e-12
    return (1 + reached.sum(axis=0)) / (1 + m), m


def _all_shifts(y: Array, f: Array) -> tuple[Array, int]:
    """(T, c) Pearson r of the prediction with the response shifted by 0, 1, ..., T - 1 frames; and where autocorrelation fades."""
    n = len(y)
    y, f = y - y.mean(axis=0), f - f.mean(axis=0)
    norm = np.sqrt((y**2).sum(axis=0) * (f**2).sum(axis=0))
    ty, tf = np.fft.rfft(y, axis=0), np.fft.rfft(f, axis=0)
    flat = norm <= 1e-12 * n
    r = np.fft.irfft(ty.conj() * tf, n, axis=0) / np.where(flat, 1.0, norm)
    power = (y**2).sum(axis=0)
    own = np.fft.irfft((np.abs(ty) ** 2)[:, power > 0], n, axis=0) / power[power > 0]
    faded = np.flatnonzero(own.mean(axis=1) < FADED) if own.size else np.array([0])
    return np.where(flat, 0.0, r), int(faded[0]) if len(faded) else n // 4
