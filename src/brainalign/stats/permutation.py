"""An electrode's own p: fixed held-out predictions against circularly shifted responses."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from brainalign.linalg.variation import CENTRED, varies
from brainalign.signal.threads import granted

Array = NDArray[np.float64]

BLOCK = 64
"""Electrodes that are transformed at once: what bounds the memory."""
FADED = 0.05
"""Autocorrelation that counts as none."""
WIDER = 2.0**0.5
"""How much wider than that of shifted responses the null of cross-validated scores is, at most; see :func:`shift_p`."""
TIE = 1e-12
"""Difference of two sums of correlations that is rounding."""
INDEPENDENT = 30.0
"""Independent shifts that a fold must have. Circular shifts part what is slow within a fold, so that their null is too narrow where a fold
is short beside the autocorrelation: ``experiment=validation`` has the rates on either side of this bound."""


class ShiftTest(NamedTuple):
    """What :func:`shift_p` finds, each (c,).

    Attributes:
        p: One-sided; NaN where there is none.
        shifts: M, the shifts behind it.
        independent: Independent shifts a fold, as the autocorrelations leave them; NaN where no fold has a long enough stretch.
    """

    p: Array
    shifts: NDArray[np.int64]
    independent: Array


def shift_p(
    actual: Sequence[NDArray[np.floating[Any]]],
    predicted: Sequence[NDArray[np.floating[Any]]],
    *,
    window: int,
    draws: int,
    seed: int,
) -> ShiftTest:
    """One-sided p of the mean over folds of Pearson r, against circular shifts of the responses within each fold.

        p = (1 + #{m0 + w (null - m0) >= observed}) / (1 + M),   M = min(draws, distinct shifts),   m0 the null's mean

    Predictions stay as they are, so nothing is fitted again. Shifts are longer than the window and than the electrode's own
    autocorrelation (a quarter of the fold at most), in both directions, and drawn for each fold on its own: the folds'
    numbers of shifts multiply. Rows of one stimulus must stand once (repeats averaged): a repeat that a shift puts on its own
    prediction would be no null. All shifts of an electrode come from one Fourier transform.

    The null is widened by w = sqrt(2) where there are several folds, because each fold's responses also train the predictions of
    the others. With linear predictions a fold's score is a sum of products q_fg of its own responses and those of each training
    fold; q_fg and q_gf hold the same two folds' responses, so without signal they go together (folds' scores correlate
    1 / (folds - 1)), while a shift of the tested responses alone parts them. As Var(q_fg + q_gf) <= 2 (Var q_fg + Var q_gf), the
    variance at most doubles, and does double where the folds have one penalty and alike features. Without it about .12 of
    electrodes without signal lie below .05 (a normal null too narrow by sqrt(2)); with very few features (one, at one lag) scores
    without signal are no longer normal and p errs on the safe side.

    A fold of n rows has n / sum_k a(k) b(k) independent shifts, a and b the circular autocorrelations of response and prediction, up to
    where the response's has faded (Bartlett 1946: the sum over n is the variance of r over shifts).
    Below ``INDEPENDENT`` of them (harmonic mean over folds) p would be too small too often, and there is none.

    Args:
        actual: One (T_f, c) array a fold, NaN where not recorded.
        predicted: One (T_f, c) array a fold, from a fit to the other folds.
        window: Lags of the TRF.
        draws: Shifts asked for.
        seed: Of the draws.

    Returns:
        p, NaN where no fold has a long enough stretch or too few independent shifts; M; independent shifts a fold.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = [rng.normal(size=(400, 2)) for _ in range(3)]
        >>> p, m, independent = shift_p(y, [np.stack([v[:, 0], rng.normal(size=400)], axis=1) for v in y], window=20, draws=199, seed=0)
        >>> float(p[0]), int(m[0]), bool(p[1] > 0.01), bool(independent.min() > 300)
        (0.005, 199, True, True)
    """
    c = actual[0].shape[1]
    p, used, independent = np.full(c, np.nan), np.zeros(c, dtype=np.int64), np.full(c, np.nan)
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
            p[here], used[here], independent[here] = _block(folds, window, draws, seed)
    return ShiftTest(p, used, independent)


def shifted_agreement(a: NDArray[np.floating[Any]], b: NDArray[np.floating[Any]], *, window: int) -> Array:
    """Mean squared Pearson r of each column of a with that of b shifted in a circle: what two unrelated series of their speed share.

    Shifts are longer than the window and than a's own autocorrelation (a quarter of the rows at most), in both directions; all of them
    count, so that nothing is drawn.

    Args:
        a: (T, c) one model's predictions.
        b: (T, c) the other's.
        window: Lags of the TRF.

    Returns:
        (c,); NaN where a side is constant, or where there are too few rows.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a, b = rng.normal(size=(2, 101, 300))
        >>> round(float(shifted_agreement(a, b, window=5).mean()), 3)  # 1 / (T - 1)
        0.01
    """
    if len(a) < 4 * (window + 1):
        return np.full(a.shape[1], np.nan)
    r, faded, variance = _all_shifts(a.astype(np.float64), b.astype(np.float64))
    least = np.minimum(np.maximum(window, faded) + 1, len(a) // 4)
    away = np.minimum(np.arange(len(a)), len(a) - np.arange(len(a)))[:, None]
    used = away >= least
    return np.where(np.isfinite(variance), np.where(used, r**2, 0.0).sum(axis=0) / used.sum(axis=0), np.nan)


def _block(folds: list[tuple[Any, Any]], window: int, draws: int, seed: int) -> ShiftTest:
    """Of electrodes that share their rows."""
    c = folds[0][0].shape[1]
    curves, least, share = [], [], []
    for y, f in folds:
        if len(y) >= 4 * (window + 1):
            correlation, faded, variance = _all_shifts(y.astype(np.float64), f.astype(np.float64))
            curves.append(correlation)
            share.append(variance)
            least.append(np.minimum(np.maximum(window, faded) + 1, len(y) // 4))
    if not curves:
        return ShiftTest(np.full(c, np.nan), np.zeros(c, dtype=np.int64), np.full(c, np.nan))
    places = [len(curve) - 2 * low + 1 for curve, low in zip(curves, least, strict=True)]  # (c,) shifts a fold allows
    m = np.array([min(draws, prod(int(count[i]) for count in places)) for i in range(c)])
    observed = np.sum([curve[0] for curve in curves], axis=0)
    reached = np.zeros(c, dtype=np.int64)
    for size in np.unique(m):
        here = np.flatnonzero(m == size)
        rng, null = np.random.default_rng(seed), np.zeros((size, len(here)))
        for curve, low, count in zip(curves, least, places, strict=True):
            # An even cover of all that a fold allows, in random order: no shift comes twice before each has come once.
            at = low[here] + (rng.permutation((np.arange(size) + 0.5) / size)[:, None] * count[here]).astype(np.int64)
            null += curve[at, here]
        middle = null.mean(axis=0)
        widened = middle + (WIDER if len(curves) > 1 else 1.0) * (null - middle)
        reached[here] = (widened >= observed[here] - TIE).sum(axis=0)
    known = np.isfinite(share)  # not where response or prediction is constant
    with np.errstate(divide="ignore", invalid="ignore"):
        independent = known.sum(axis=0) / np.where(known, share, 0.0).sum(axis=0)
    enough = (independent >= INDEPENDENT) | ~known.any(
        axis=0
    )  # a constant prediction is never above its shifts, however many
    p = np.where(enough, (1 + reached) / (1 + m), np.nan)
    return ShiftTest(p, m, independent)


def _all_shifts(y: Array, f: Array) -> tuple[Array, NDArray[np.int64], Array]:
    """Correlations of prediction and shifted response, in the responses' own way.

    Returns:
        (T, c) Pearson r with the response shifted by 0 to T - 1 frames, 0 where a side is constant; (c,) lag at which the response's
        autocorrelation has faded; (c,) variance of r over shifts, NaN where a side is constant.
    """
    from scipy.fft import next_fast_len, rfft

    n = len(y)
    sides = []
    for values in (y, f):
        centred = values - values.mean(axis=0)
        power = (centred**2).sum(axis=0)
        alive = varies(power, (values**2).sum(axis=0), rounding=CENTRED)
        sides.append((centred / np.sqrt(np.where(alive, power, 1.0)) * alive, alive))
    (y, moves), (f, predicted) = sides
    padded = next_fast_len(2 * n - 1, real=True)  # a transform of a prime number of rows would take 15 times as long
    ty, tf = (rfft(side, padded, axis=0, workers=granted()) for side in (y, f))
    r = _in_a_circle(ty.conj() * tf, n, padded)
    own = _in_a_circle(np.abs(ty) ** 2, n, padded)
    faded = own < FADED
    lag = np.where(faded.any(axis=0), faded.argmax(axis=0), n)
    away = np.minimum(np.arange(n), n - np.arange(n))[:, None]
    both = np.where(away < lag, own * _in_a_circle(np.abs(tf) ** 2, n, padded), 0.0)  # beyond that it is noise
    variance = np.maximum(both.sum(axis=0), 1.0) / n
    return r, lag, np.where(moves & predicted, variance, np.nan)


def _in_a_circle(spectrum: NDArray[np.number[Any]], n: int, padded: int) -> Array:
    """(n, c) correlations at shifts in a circle of n rows, from the (padded // 2 + 1, c) product of transforms padded by zeros."""
    from scipy.fft import irfft

    straight = irfft(spectrum, padded, axis=0, workers=granted())
    circle: Array = straight[:n].copy()
    circle[1:] += straight[padded - n + 1 :]  # the rows that a shift carries past the end
    return circle
