"""Do the events say when the stimuli were played? The recording's own sound, or its responses, are held against the stimuli."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.sound.audio import RATE
from brainalign.data.sync.result import Sync
from brainalign.data.types import Stimulus
from brainalign.signal.lag_curve import lag_curve, peak
from brainalign.signal.spectrogram import envelope

FINE = 200.0
"""Samples per second of envelopes; between two of them a peak is found by a parabola."""
REACH = 3.0
"""Seconds by which events may be off, either way."""
PIECE = 10.0
"""Seconds above which a presentation is cut into pieces, each with an offset of its own."""
SURROUNDINGS = 0.3
MARGIN = 0.1
"""A piece's offset is trusted where r there exceeds r at all lags more than 0.3 s away by 0.1."""
AGREE = 0.05
"""Seconds within which a piece's offset is the session's."""
LEVEL, SHARE, ENOUGH = 0.001, 0.8, 3
"""The session's offset is trusted where its p is below the level, or where this share of all pieces, three at least, are trusted and
agree with it."""
LAGS = 20.0
"""Lags a second that p is corrected for: envelopes of speech hold little above 10 Hz."""
EXPECTED = {"sound": (-0.02, 0.02), "response": (-0.05, 0.4)}
"""Offsets in seconds that are no fault: sound is there when it is played; cortex follows it."""
DRIFT = 0.02
"""Seconds that an offset may change by over a recording."""

_BLOCK = 4096


def estimate_sync(
    signal: NDArray[np.floating[Any]],
    rate: float,
    start: float,
    events: pd.DataFrame,
    stimuli: Mapping[str, Stimulus],
    source: str = "sound",
    run: str = "recording",
) -> Sync:
    """Cross-correlate what was recorded with the envelope of what was played.

    Every presentation (or piece of 10 s) gives r at each lag from -3 to 3 s. Its own offset is the highest, trusted where no
    other lag comes near. The session's is the highest of the mean over pieces, each moved by the drift where there is one. It
    is trusted where a t-test of Fisher's z over pieces says that it is no chance, or where four of five pieces agree on it. The
    drift is the Theil-Sen slope of the trusted offsets, where its 99 % interval excludes 0. What is missing, or outside the stretch
    that belongs to an event, is in no correlation; a lag that leaves less than half of a piece is not looked at.

    Args:
        signal: (T,) envelope of the recorded sound (:func:`sound_envelope`), or response (:func:`mean_response`); not finite where
            nothing valid was recorded.
        rate: Its samples per second.
        start: Time of its first sample, on the clock of the events.
        events: Columns stimulus and onset (s); and first and last (s) where a stretch of the signal belongs to each (trials).
        stimuli: By id; those without sound are passed over.
        source: ``sound`` or ``response``: what ``signal`` is, for what is expected of it.
        run: Name of the run, for sentences.

    Example:
        >>> from brainalign.data.simulated import simulate
        >>> data = simulate(subjects=1, electrodes=1, sentences=8, repeated=0)
        >>> ids = sorted(data.stimuli)
        >>> events = pd.DataFrame({"stimulus": ids, "onset": 5.0 * np.arange(1, 9)})
        >>> sound = np.zeros(50 * RATE)
        >>> for s, onset in zip(ids, events.onset):
        ...     samples = data.stimuli[s].audio.load()
        ...     sound[round((onset + 0.5) * RATE) :][: len(samples)] = samples
        >>> found = estimate_sync(*sound_envelope(sound, RATE), 0.0, events, data.stimuli)
        >>> round(found.offset, 2), bool(found.pieces.trusted.all())
        (0.5, True)
        >>> found.warnings[0]
        "recording: the recording's sound is 0.50 s later than its events say, in 8 of 8 presentations (mean r = 0.98)."
    """
    times = np.arange(start, start + (len(signal) - 1) / rate + 1e-9, 1 / FINE)
    row = np.asarray(signal, dtype=np.float64)
    fine = np.interp(times, start + np.arange(len(row)) / rate, row)  # unknown beside what is unknown
    curves, rows = _curves(fine, start, events, stimuli)
    table = pd.DataFrame(rows, columns=["stimulus", "time", "offset", "r", "margin"])
    table.insert(0, "run", run)
    table["trusted"] = table["margin"] >= MARGIN
    drift = drift_of(table[table["trusted"]])
    offset, r, p = _session(curves, table["time"].to_numpy(dtype=np.float64), drift[0])
    line = offset + np.nan_to_num(drift[0]) * (table["time"] - table["time"].mean())
    table["agrees"] = (table["offset"] - line).abs() <= AGREE
    if not (p < LEVEL or (len(table) >= ENOUGH and (table["trusted"] & table["agrees"]).mean() >= SHARE)):
        table["agrees"], offset, r, drift = False, np.nan, np.nan, (np.nan, np.nan, np.nan)
    found = Sync(table, source, offset, r, p, 1e6 * drift[0], (1e6 * drift[1], 1e6 * drift[2]), ())
    return Sync(**{**vars(found), "warnings": _warnings(found, run, len(events))})


def sound_envelope(samples: NDArray[np.floating[Any]], rate: float) -> tuple[NDArray[np.float64], float]:
    """Envelope of a recorded sound: root mean square in windows of 25 ms.

    Args:
        samples: (n,) of the audio channel; its mean is taken out.
        rate: Its samples per second.

    Returns:
        (T,) and its rate; sample 0 is at the time of sample 0.
    """
    sound = np.asarray(samples, dtype=np.float64)
    sound = sound - sound[np.isfinite(sound)].mean()
    centres = np.arange(int(len(sound) / rate * FINE)) / FINE
    out = np.empty(len(centres))
    reach = round(0.1 * rate)
    for first in range(0, len(centres), _BLOCK):  # windows of the whole recording would be many times as large as it
        own = centres[first : first + _BLOCK]
        begin = max(0, round(own[0] * rate) - reach)
        part = sound[begin : round(own[-1] * rate) + reach]
        out[first : first + _BLOCK] = envelope(part, rate, own - begin / rate)[:, 0]
    return out, FINE


def mean_response(
    values: NDArray[np.floating[Any]], rate: float, start: float, events: pd.DataFrame
) -> NDArray[np.float64]:
    """Mean of the quarter of channels that the events move most, whenever after or before them.

    A channel's score is the variance over time, from -3 to 4 s, of its mean over events, against its variance; over the valid samples,
    and where half of the events have some.

    Args:
        values: (T, c) z-scored high gamma, not finite where nothing valid was recorded.
        rate: Samples per second.
        start: Time of the first sample, on the clock of the events.
        events: As :func:`estimate_sync` takes them.

    Returns:
        (T,) with the sampling of ``values``; NaN where no channel has a valid sample.
    """
    x = np.asarray(values)
    onsets = events["onset"].to_numpy(dtype=np.float64)
    times = onsets[:, None] + np.arange(-REACH * rate, (REACH + 1) * rate) / rate
    at = np.rint((times - start) * rate).astype(np.int64)
    own = (at >= 0) & (at < len(x))
    if "first" in events:
        first, last = (events[c].to_numpy(dtype=np.float64)[:, None] for c in ("first", "last"))
        own &= (times > first - 0.5 / rate) & (times < last - 0.5 / rate)
    at = np.where(own, at, 0)
    scores = np.empty(x.shape[1])
    for c in range(x.shape[1]):  # a channel at a time: no second copy of the recording
        channel = x[:, c].astype(np.float64)
        valid = np.isfinite(channel)
        channel = channel - (channel[valid].mean() if valid.any() else 0.0)
        known = own & valid[at]
        n = known.sum(axis=0)
        evoked = np.where(known, channel[at], 0.0).sum(axis=0)[n >= max(1, 0.5 * len(at))]
        n = n[n >= max(1, 0.5 * len(at))]
        spread = float(channel[valid].var()) if valid.any() else 0.0
        scores[c] = (evoked / n).var() / max(spread, 1e-300) if len(n) else 0.0
    best = x[:, np.argsort(-scores, kind="stable")[: -(-len(scores) // 4)]].astype(np.float64)
    known = np.isfinite(best)
    n = known.sum(axis=1)
    total: NDArray[np.float64] = np.where(known, best, 0.0).sum(axis=1)
    return np.asarray(np.divide(total, n, out=np.full(len(x), np.nan), where=n > 0))


def _curves(
    signal: NDArray[np.float64], start: float, events: pd.DataFrame, stimuli: Mapping[str, Stimulus]
) -> tuple[NDArray[np.float64], list[tuple[str, float, float, float, float]]]:
    """(pieces, lags) correlations, NaN at lags that lie outside the recording; and what stands in the table of each piece."""
    reach, curves, rows = round(REACH * FINE), [], []
    if "first" not in events:
        events = events.assign(first=-np.inf, last=np.inf)
    for stimulus, own in events.groupby("stimulus", sort=False):
        audio = stimuli[str(stimulus)].audio
        sound = audio.load() if audio is not None else np.zeros(0)
        pieces = max(1, round(len(sound) / RATE / PIECE))
        edges = np.linspace(0, len(sound), pieces + 1).astype(np.int64)
        for onset, begin, end in own[["onset", "first", "last"]].itertuples(index=False):
            for first, last in pairwise(edges):
                begun = onset + first / RATE
                index = int(np.ceil((begun - start) * FINE))
                centres = start + np.arange(index, (begun - start + (last - first) / RATE) * FINE) / FINE - begun
                if len(centres) < 0.5 * FINE:
                    continue  # a click has no envelope to tell it by
                template = envelope(sound[first:last], RATE, centres)[:, 0]
                place = np.arange(index - reach, index + reach + len(template))
                times = start + place / FINE
                there = (place >= 0) & (place < len(signal)) & (times >= begin) & (times < end)
                around = np.where(there, signal[np.where(there, place, 0)], np.nan)
                curve = lag_curve(template, around, max(len(template) // 2, round(0.5 * FINE)))
                if template.std() > 0 and np.isfinite(curve).any() and np.nanmax(np.abs(curve)) > 0:
                    found = peak(curve, round(SURROUNDINGS * FINE))
                    curves.append(curve)
                    rows.append((str(stimulus), begun, (found.at - reach) / FINE, found.height, found.margin))
    order = np.argsort([row[1] for row in rows], kind="stable")
    return np.array(curves).reshape(len(rows), 2 * reach + 1)[order], [rows[i] for i in order]


def drift_of(table: pd.DataFrame) -> tuple[float, float, float]:
    """Slope of the offsets over time, and its 99 % interval; NaN where it cannot be told from 0."""
    from scipy.stats import theilslopes

    if len(table) < 3 * ENOUGH or table["time"].nunique() < 2:
        return np.nan, np.nan, np.nan
    slope, _, low, high = theilslopes(table["offset"], table["time"], alpha=0.99)
    return (float(slope), float(low), float(high)) if low > 0 or high < 0 else (np.nan, np.nan, np.nan)


def _session(curves: NDArray[np.float64], times: NDArray[np.float64], drift: float) -> tuple[float, float, float]:
    """Where the mean over pieces is highest: offset, mean r and p; NaN where there are too few pieces."""
    from scipy.stats import t

    if len(curves) < ENOUGH:
        return np.nan, np.nan, np.nan
    moved = np.full_like(curves, np.nan)
    steps = np.rint(np.nan_to_num(drift) * (times - times.mean()) * FINE).astype(np.int64)
    for i, step in enumerate(steps):
        low, high = max(step, 0), curves.shape[1] + min(step, 0)
        if low < high:
            moved[i, low - step : high - step] = curves[i, low:high]
    n = np.isfinite(moved).sum(axis=0)
    enough = n >= max(ENOUGH, 0.5 * len(curves))
    if not enough.any():
        return np.nan, np.nan, np.nan
    z = np.arctanh(np.clip(moved[:, enough], -0.9999, 0.9999))
    mean, deviation = np.full(len(n), np.nan), np.full(len(n), np.nan)
    mean[enough] = np.nanmean(z, axis=0)
    deviation[enough] = np.nanstd(z, axis=0, ddof=1)
    top = peak(mean, round(SURROUNDINGS * FINE))
    at = int(np.nanargmax(mean))
    statistic = mean[at] / max(deviation[at] / np.sqrt(n[at]), 1e-9)
    p = min(1.0, float(t.sf(statistic, n[at] - 1)) * 2 * REACH * LAGS)
    return (top.at - (len(mean) - 1) / 2) / FINE, float(np.nanmean(moved[:, at])), p


def _warnings(found: Sync, run: str, presentations: int) -> tuple[str, ...]:
    """What a person should know before relying on the events."""
    if np.isnan(found.offset):
        return ()
    out = []
    low, high = EXPECTED[found.source]
    table = found.pieces
    noun = "presentations" if len(table) <= presentations else f"pieces of {PIECE:g} s"
    if not low <= found.offset <= high:
        late = "later" if found.offset > 0 else "earlier"
        what = "the recording's sound is" if found.source == "sound" else "the mean response comes"
        said = f"{run}: {what} {abs(found.offset):.2f} s {late} than its events say"
        if found.source == "sound":
            said += f", in {int(table['agrees'].sum())} of {len(table)} {noun} (mean r = {found.r:.2f})."
        else:
            said += f" (mean r = {found.r:.2f} over {len(table)} {noun}); {1000 * high:.0f} ms are the most that is expected of cortex."
        out.append(said)
    span = float(table["time"].max() - table["time"].min())
    if abs(1e-6 * found.drift) * span > DRIFT:
        out.append(
            f"{run}: the offset of the {found.source} changes by {found.drift:.0f} parts per million [{found.drift_interval[0]:.0f}, "
            f"{found.drift_interval[1]:.0f}], {1e-6 * found.drift * span:.2f} s over the recording: the clocks of stimuli and "
            f"recording differ."
        )
    return tuple(out)
