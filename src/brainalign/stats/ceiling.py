"""Noise ceilings of electrodes from repeated stimuli, with bootstrap intervals over stimuli."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.linalg.variation import CENTRED, varies
from brainalign.stats.signal_power import RepeatSums

Array = NDArray[np.float64]
Repeats = Sequence[NDArray[np.floating[Any]]]
"""One (N, T, c) array a repeated stimulus; N may differ between stimuli."""

LEVEL = 0.95
SPLITS = 20
"""Random halves whose reliability is averaged."""
FEW = 5
"""Repeated stimuli below which stretches of them are drawn instead."""
STRETCHES = 10
"""Stretches that so few stimuli are cut into, all together."""
BLOCK = 64
"""Electrodes whose draws are held at once."""

CEILING_COLUMNS = (
    "ceiling", "ceiling_low", "ceiling_high", "ceiling_n", "signal_power", "split_half", "leave_one_out", "n_repeats",
    "n_repeated_stimuli", "why",
)  # fmt: skip
"""Columns of a table of ceilings, see :func:`noise_ceilings`."""


def noise_ceilings(repeats: Repeats, *, draws: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Ceilings of electrodes that heard the same stimuli, each of them several times.

        SP = [N Var(m) - mean_n Var(R_n)] / (N - 1),   rho_1 = SP / mean_n Var(R_n),   rho_N = N rho_1 / (1 + (N - 1) rho_1)

    Stimuli are laid end to end (Sahani and Linden 2003). Where they were presented unequally often, those of one N give an
    SP, and these are averaged by their frames; with one N it is the formula itself. A frame counts where all repeats are valid.

    The interval is a percentile bootstrap over stimuli, widened for their number as Hesterberg (2015) does: with ten stimuli
    the plain one covers too little. With fewer than five, stretches of them are drawn instead of stimuli. Of stimuli and
    stretches only those count that have frames.

    Args:
        repeats: See Repeats.
        draws: Of the bootstrap.
        seed: Of draws and halves.

    Returns:
        One row an electrode: ``ceiling`` (single trials, in units of R2), ``ceiling_low``, ``ceiling_high`` (95 %),
        ``ceiling_n`` (of the average of N), ``signal_power``, ``split_half`` (2 r / (1 + r), comparable to ``ceiling_n``),
        ``leave_one_out`` (squared r of a repeat and the mean of the others: a lower bound of ``ceiling``), ``n_repeats``
        (largest N), ``n_repeated_stimuli`` and ``why`` (empty, or why there is no ceiling). NaN where signal power is not
        above 0. Nothing is clipped at 1.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> heard = [rng.normal(size=(200, 1)) + rng.normal(size=(5, 200, 1)) for _ in range(10)]
        >>> found = noise_ceilings(heard)
        >>> bool(found.ceiling_low[0] < 0.5 < found.ceiling_high[0]), int(found.n_repeats[0])
        (True, 5)
    """
    c = repeats[0].shape[2] if len(repeats) else 0
    given: dict[int, list[NDArray[np.floating[Any]]]] = {}
    for responses in repeats:
        if len(responses) > 1:
            given.setdefault(len(responses), []).append(responses)
    table = pd.DataFrame(np.nan, index=range(c), columns=list(CEILING_COLUMNS[:-3]))
    table["n_repeats"], table["n_repeated_stimuli"] = max(given, default=1), sum(map(len, given.values()))
    table["why"] = "no stimulus was presented more than once"
    if not given:
        return table
    groups, constant = _centred(given)
    for here in _alike(groups):
        units = _units(groups, here)
        if not units:
            continue
        sums = [RepeatSums.of(own) for own in units]
        power, ceiling = _ceiling(sums, [np.ones((1, len(s.frames))) for s in sums])
        low, high = _interval(sums, draws, seed)
        rows = table.index[here]
        table.loc[rows, "signal_power"], table.loc[rows, "ceiling"] = power[0], ceiling[0]
        table.loc[rows, "ceiling_low"], table.loc[rows, "ceiling_high"] = low, high
    table["split_half"] = _weighted(groups, lambda own: _split_half(own, seed))
    table["leave_one_out"] = _weighted(groups, _leave_one_out)
    n = table["n_repeats"]
    table["ceiling_n"] = n * table["ceiling"] / (1 + (n - 1) * table["ceiling"])
    alive = table["signal_power"] > 0
    missing = table["signal_power"].isna()
    why = np.where(alive, "", "signal power is not above 0")
    why = np.where(constant, "the response is constant in the repeats", why)
    table["why"] = np.where(missing, "no frame is valid in all repeats", why)
    table.loc[~alive | constant, ["ceiling", "ceiling_low", "ceiling_high", "ceiling_n"]] = np.nan
    table.loc[constant, ["signal_power", "split_half", "leave_one_out"]] = np.nan
    return table


def _centred(groups: dict[int, list[NDArray[np.floating[Any]]]]) -> tuple[dict[int, list[Array]], NDArray[np.bool_]]:
    """The repeats without each electrode's mean, so that no offset eats the digits of a variance; (c,) whether nothing varies in them.

    A response that only steps from one presentation to the next does not vary either, where presentations have more than one frame.
    """
    heard = [r for own in groups.values() for r in own]
    n = np.sum([np.isfinite(r).sum(axis=(0, 1)) for r in heard], axis=0)
    some = np.where(n > 0, n, np.nan)
    center = np.sum([np.nansum(r, axis=(0, 1), dtype=np.float64) for r in heard], axis=0) / some
    square = np.sum([np.nansum(r.astype(np.float64) ** 2, axis=(0, 1)) for r in heard], axis=0) / some
    parts = {times: [r.astype(np.float64) - center for r in own] for times, own in groups.items()}
    variance = np.sum([np.nansum(r**2, axis=(0, 1)) for own in parts.values() for r in own], axis=0) / some
    if any(r.shape[1] > 1 for r in heard):
        steps = [np.diff(r, axis=1) for own in parts.values() for r in own]
        variance = np.minimum(variance, np.sum([np.nansum(s**2, axis=(0, 1)) for s in steps], axis=0) / some)
    return parts, ~varies(variance, square, rounding=CENTRED) & (n > 0)


def normalise(table: pd.DataFrame, floor: float, scores: Mapping[str, str]) -> pd.DataFrame:
    """Scores over their ceiling, where the ceiling's lower bound is above the floor: ``r2 / rho`` and ``r / sqrt(rho)``.

    Args:
        table: With columns ceiling and ceiling_low.
        floor: NaN where the lower bound is not above it.
        scores: Column -> name of its normalised one; columns that begin with ``r2`` are divided by the ceiling, others by its root.

    Returns:
        The table with these columns.

    Example:
        >>> row = pd.DataFrame({"r2": [0.1], "r": [0.4], "ceiling": [0.25], "ceiling_low": [0.2]})
        >>> normalise(row, 0.05, {"r2": "r2_normalized", "r": "r_normalized"})[["r2_normalized", "r_normalized"]].to_numpy().tolist()
        [[0.4, 0.8]]
    """
    usable = (table["ceiling_low"] > floor).to_numpy()
    rho = np.where(usable, table["ceiling"].to_numpy(dtype=np.float64), np.nan)
    return table.assign(
        **{new: table[old] / (rho if old.startswith("r2") else np.sqrt(rho)) for old, new in scores.items()}
    )


def cc_norm(mean: Array, predicted: Array, power: Array) -> Array:
    """Correlation of a prediction with the response's signal (Schoppe et al. 2016): ``Cov(m, yhat) / sqrt(SP Var(yhat))``.

    Args:
        mean: (T, c) mean over repeats; NaN rows are left out.
        predicted: (T, c).
        power: (c,) signal power.

    Returns:
        (c,); NaN where signal power is not above 0 or the prediction does not vary.
    """
    valid = np.isfinite(mean) & np.isfinite(predicted)
    n = np.maximum(valid.sum(axis=0), 1)
    m, f = np.where(valid, mean, 0.0), np.where(valid, predicted, 0.0)
    m, f = np.where(valid, m - m.sum(axis=0) / n, 0.0), np.where(valid, f - f.sum(axis=0) / n, 0.0)
    variance = (f**2).sum(axis=0) / n
    fine = (power > 0) & varies(variance, (np.where(valid, predicted, 0.0) ** 2).sum(axis=0) / n, rounding=CENTRED)
    scale = np.sqrt(np.where(fine, power * variance, 1.0))
    return np.where(fine, (m * f).sum(axis=0) / n / scale, np.nan)


def _ceiling(sums: Sequence[RepeatSums], weights: Sequence[Array]) -> tuple[Array, Array]:
    """(draws, c) signal power and single-trial ceiling, groups of one N averaged by their frames."""
    parts = [s.powers(w) for s, w in zip(sums, weights, strict=True)]
    frames = sum(t for _, _, t in parts)
    with np.errstate(invalid="ignore", divide="ignore"):
        power = sum(np.where(t > 0, p * t, 0.0) for p, _, t in parts) / frames
        variance = sum(np.where(t > 0, v * t, 0.0) for _, v, t in parts) / frames
        return np.asarray(power), np.asarray(power / variance)


def _interval(sums: Sequence[RepeatSums], draws: int, seed: int) -> tuple[Array, Array]:
    """(c,) ends of the widened percentile interval of the single-trial ceiling."""
    from scipy.stats import norm, t

    sizes = [len(s.frames) for s in sums]
    n = sum(sizes)
    if n < 2:
        return (np.full(sums[0].frames.shape[1], np.nan),) * 2
    drawn = np.random.default_rng(seed).integers(n, size=(draws, n))
    weights = np.stack([(drawn == u).sum(axis=1) for u in range(n)], axis=1).astype(np.float64)
    _, found = _ceiling(sums, np.split(weights, np.cumsum(sizes)[:-1], axis=1))
    tail = float(norm.cdf(-np.sqrt(n / (n - 1)) * t.ppf((1 + LEVEL) / 2, n - 1)))
    alive = np.isfinite(found).any(axis=0)
    low, high = np.nanquantile(np.where(alive, found, 0.0), [tail, 1 - tail], axis=0)
    return np.where(alive, low, np.nan), np.where(alive, high, np.nan)


def _alike(groups: Mapping[int, Repeats]) -> list[NDArray[np.intp]]:
    """Electrodes whose repeats are all valid in the same frames, so many at once as a block holds."""
    valid = np.concatenate([np.isfinite(r).all(axis=0) for own in groups.values() for r in own])
    found: dict[bytes, list[int]] = {}
    for electrode, bits in enumerate(np.packbits(valid, axis=0).T):
        found.setdefault(bits.tobytes(), []).append(electrode)
    return [np.array(own[k : k + BLOCK]) for own in found.values() for k in range(0, len(own), BLOCK)]


def _units(groups: Mapping[int, Repeats], electrodes: NDArray[np.intp]) -> list[list[NDArray[np.floating[Any]]]]:
    """What is drawn, those of one N together: stimuli, or stretches of few of them, without the frames that a repeat lacks."""
    kept = []
    for own in groups.values():
        heard = [r[:, :, electrodes] for r in own]
        kept.append([r[:, np.isfinite(r).all(axis=(0, 2))] for r in heard])
    count = sum(r.shape[1] > 0 for own in kept for r in own)
    parts = 1 if count >= FEW else STRETCHES // max(count, 1) + 1
    cut = [[u for r in own for u in np.array_split(r, parts, axis=1) if u.shape[1]] for own in kept]
    return [own for own in cut if own]


def _weighted(groups: Mapping[int, Repeats], of: Any) -> Array:
    """Mean of a reliability over the groups of one N, by their frames."""
    weights = [sum(s.shape[1] for s in own) for own in groups.values()]
    return np.asarray(np.average([of(own) for own in groups.values()], axis=0, weights=weights))


def _split_half(stimuli: Repeats, seed: int) -> Array:
    """Spearman-Brown of the correlation of two halves' means, over random halves."""
    whole = np.concatenate(stimuli, axis=1)
    half = len(whole) // 2
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(SPLITS if len(whole) > 2 else 1):
        order = rng.permutation(len(whole))
        r = _correlation(whole[order[:half]].mean(axis=0), whole[order[half : 2 * half]].mean(axis=0))
        found.append(2 * r / (1 + r))
    return np.asarray(np.mean(found, axis=0))


def _leave_one_out(stimuli: Repeats) -> Array:
    """Squared correlation of a repeat with the mean of the others, over repeats; 0 where it is negative."""
    whole = np.concatenate(stimuli, axis=1)
    n, total = len(whole), whole.sum(axis=0)
    r = [_correlation(one, (total - one) / (n - 1)) for one in whole]
    return np.asarray(np.mean(np.maximum(r, 0.0) ** 2, axis=0))


def _correlation(x: Array, y: Array) -> Array:
    """(c,) Pearson r over frames that both have; NaN where one does not vary."""
    valid = np.isfinite(x) & np.isfinite(y)
    n = np.maximum(valid.sum(axis=0), 1)
    x, y = np.where(valid, x, 0.0), np.where(valid, y, 0.0)
    x, y = np.where(valid, x - x.sum(axis=0) / n, 0.0), np.where(valid, y - y.sum(axis=0) / n, 0.0)
    norm = np.sqrt((x**2).sum(axis=0)) * np.sqrt((y**2).sum(axis=0))
    return np.where(norm > 0, (x * y).sum(axis=0) / np.where(norm > 0, norm, 1.0), np.nan)
