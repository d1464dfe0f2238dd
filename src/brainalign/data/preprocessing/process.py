"""preprocess: one run, from what was recorded to the signal that is analysed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.preprocessing.artefacts import artefacts
from brainalign.data.preprocessing.channels import excluded_note, named_bad, noisy
from brainalign.data.preprocessing.cleaning import BLOCK, cleaned
from brainalign.data.preprocessing.line_noise import other_line_frequency, with_line_frequency
from brainalign.data.preprocessing.quality import Quality, powers, spectrum
from brainalign.data.preprocessing.reference import alone, referenced
from brainalign.data.preprocessing.segments import boundaries, segments_of
from brainalign.data.preprocessing.settings import KEY, OWN_RATE, Preprocessing
from brainalign.errors import BrainalignError, nearest
from brainalign.linalg.variation import CENTRED, varies
from brainalign.signal.gaps import near
from brainalign.signal.high_gamma import LEAST, high_gamma
from brainalign.signal.resample import resample_to
from brainalign.signal.threads import in_threads

if TYPE_CHECKING:
    from mne.io import BaseRaw

_BLOCK = 128
"""Channels that are resampled at once; it bounds the memory."""


@dataclass(frozen=True)
class Processed:
    """A run that is ready to be cut into presentations.

    Attributes:
        values: (T, c) float32, NaN where samples were rejected.
        rate: Samples per second.
        start: Time of the first sample in seconds; 0 is the first sample of the recording.
        channels: The rows of ``values``'s columns: those kept of the given table, or pairs of them (``bipolar``). ``status`` is good
            and ``why`` empty in all; ``quality.channels`` has the others.
        notes: Sentences on what was left out.
        quality: The record for the page on the participant.
    """

    values: NDArray[np.float32]
    rate: float
    start: float
    channels: pd.DataFrame
    notes: tuple[str, ...]
    quality: Quality


def preprocess(raw: BaseRaw, settings: Preprocessing, channels: pd.DataFrame, run: str = "recording") -> Processed:
    """Notch, reference, signal, rejection, resampling and z-scoring of one run, in this order.

    Pieces of a recording that were joined (epochs, concatenations, a pause) are filtered and resampled each by itself.

    1. Samples that are not finite, and those under MNE's annotations that begin with ``BAD`` (of the channels that one names), are
       bridged by a line; they are NaN in the end.
    2. Channels that the table marks bad, that the settings name, or that never vary are left out.
    3. ``line_frequency`` and its harmonics below half the rate are notched (MNE, zero phase). Then noisy channels are left out.
    4. The reference is taken from the channels that are left, among those of one kind: scalp, grid and depth each by itself.
    5. High gamma, or the band (MNE's FIR filter, zero phase), or nothing.
    6. Artefacts become NaN; the rest is resampled, anti-aliased, and z-scored.

    Memory: the run's channels in float64 (high gamma: half of that) beside those that MNE holds, and a little.

    Args:
        raw: Opened by MNE; its data may still be on disk.
        settings: What is to be done.
        channels: One row for each channel that is wanted, with the columns of the recording's table; ``electrode`` is the
            channel's name in ``raw``. A column ``status`` marks bad ones.
        run: Name of the run, for sentences.

    Raises:
        BrainalignError: A channel that ``raw`` does not have, a frequency that its rate is too low for, or no channel left.
    """
    electrodes = channels["electrode"].astype(str).tolist()
    for name in electrodes:
        if name not in raw.ch_names:
            raise BrainalignError(f"{run}: the recording has no channel {name!r}; {nearest(name, raw.ch_names)}")
    rate = float(raw.info["sfreq"])
    settings.check_rate(rate, run)
    settings, _ = with_line_frequency(settings, raw.info["line_freq"], run)  # the readers say what was settled
    notes: list[str] = []
    kinds = np.array(raw.get_channel_types(picks=electrodes))
    if settings.reference != "none" and np.isin(kinds, ("mag", "grad")).any():
        raise BrainalignError(
            f"{KEY}.reference={settings.reference}: {run} has magnetic sensors, which have no reference; it must be none."
        )
    bad = named_bad(channels, settings.bad_channels)
    pieces = segments_of(boundaries(raw), raw.n_times)
    read = _left(bad, electrodes, run)
    clean = cleaned(raw, [electrodes[c] for c in read], rate, settings, pieces)
    bad |= {read[i]: why for i, why in clean.dead.items()}
    keep = _left(bad, electrodes, run)
    _check_own_rates(channels.iloc[keep], settings, run)
    place = {c: i for i, c in enumerate(read)}
    spectra = [spectrum(clean.frequencies, clean.densities[[place[c] for c in keep]], "before")]
    notes += other_line_frequency(spectra[0], settings.line_frequency, run)
    if settings.noisy is not None:
        for kind in dict.fromkeys(kinds[keep]):  # magnetometers and gradiometers have units of their own
            alike = [c for c in keep if kinds[c] == kind]
            found = noisy(clean.variances[[place[c] for c in alike]], settings.noisy)
            bad |= {alike[i]: why for i, why in found.items()}
    if settings.reference == "average":
        bad |= alone([c for c in keep if c not in bad], kinds)
    keep = _left(bad, electrodes, run)
    table = channels.iloc[keep].reset_index(drop=True)
    data, missing = clean.only([place[c] for c in keep])
    data, missing, table = referenced(data, missing, table, kinds[keep], settings.reference, run)
    if settings.signal == "band":
        from mne.filter import filter_data

        for piece in pieces:
            data[:, piece] = filter_data(data[:, piece], rate, settings.low, settings.high, verbose="error")
    spectra.append(_spectrum(data, rate, "after", pieces))
    for piece in pieces:
        lost = (
            near(missing[:, piece], round(settings.artefact_margin * rate))
            if settings.signal == "band"
            else missing[:, piece]
        )
        data[:, piece][lost] = np.nan
    del clean, missing, lost
    signals = [_signal(data[:, piece], rate, settings) for piece in pieces]
    notes += _short(pieces, rate, settings, run)
    own = signals[0][1]
    del data
    values = _finished([values for values, _ in signals], [piece.start / rate for piece in pieces], own, settings)
    if bad:
        notes.insert(0, excluded_note(run, bad, electrodes))
    share = float(np.isnan(values).mean())
    if share > 0:
        notes.append(f"{run}: {100 * share:.2g} % of the samples are left out as artefacts or as marked bad.")
    status = channels[["electrode", "region"]].assign(
        status=["bad" if c in bad else "good" for c in range(len(channels))],
        why=[bad.get(c, "") for c in range(len(channels))],
    )
    rejected = table[["electrode"]].assign(rejected=np.isnan(values).mean(axis=0))
    quality = Quality(pd.concat(spectra, ignore_index=True), status.reset_index(drop=True), rejected).named(run)
    table = table.assign(status="good", why="")
    return Processed(values, own if settings.rate is None else settings.rate, 0.0, table, tuple(notes), quality)


def _check_own_rates(channels: pd.DataFrame, settings: Preprocessing, run: str) -> None:
    """Nothing above half the rate at which a channel was recorded is in it, whatever the file's rate."""
    if OWN_RATE in channels:
        rates = pd.to_numeric(channels[OWN_RATE], errors="coerce")
        if rates.notna().any():
            slowest = rates.idxmin()
            settings.check_rate(float(rates[slowest]), f"channel {channels['electrode'][slowest]!r} of {run}")


def _left(bad: dict[int, str], electrodes: list[str], run: str) -> list[int]:
    """The channels that are not bad."""
    keep = [c for c in range(len(electrodes)) if c not in bad]
    if not keep:
        raise BrainalignError(f"{excluded_note(run, bad, electrodes).rstrip('.')}; nothing is left to analyse.")
    return keep


def _short(pieces: Sequence[slice], rate: float, settings: Preprocessing, run: str) -> list[str]:
    """The sentence on pieces that are shorter than the filter of a band, whose ends it reaches over."""
    from mne.filter import create_filter

    if settings.signal != "band" or len(pieces) == 1:
        return []
    length = len(create_filter(None, rate, settings.low, settings.high, verbose="error"))
    short = [p for p in pieces if p.stop - p.start < length]
    if not short:
        return []
    return [
        f"{run}: {len(short)} of {len(pieces)} pieces (epochs, or what was joined) are shorter than the filter's {length / rate:.1f} s; "
        f"what is slow ({settings.low or 0:g} Hz) is not known well in them: filter before cutting, or raise {KEY}.low."
    ]


def _spectrum(data: NDArray[np.floating[Any]], rate: float, stage: str, pieces: Sequence[slice]) -> pd.DataFrame:
    found = in_threads(lambda block: powers(data[block], rate, pieces), len(data), BLOCK)
    return spectrum(found[0][0], np.concatenate([densities for _, densities in found]), stage)


def _signal(data: NDArray[np.floating[Any]], rate: float, settings: Preprocessing) -> tuple[NDArray[Any], float]:
    """(T', c) signal of one piece's (c, T) data, and its rate."""
    if settings.signal != "high_gamma":
        return data.T, rate
    assert settings.low is not None and settings.high is not None, "checked by Preprocessing"
    return high_gamma(data.T, rate, settings.low, settings.high, max(LEAST, settings.rate or 0.0))


def _finished(
    pieces: Sequence[NDArray[Any]], begins: Sequence[float], rate: float, settings: Preprocessing
) -> NDArray[np.float32]:
    """(T, c) without artefacts, at the rate that was asked for, z-scored, of pieces (T_i, c) and the times at which they begin."""
    rejected = artefacts(pieces, rate, settings)
    wanted = rate if settings.rate is None else settings.rate
    last = begins[-1] + (len(pieces[-1]) - 1) / rate
    times = np.arange(int(np.floor(last * wanted + 1e-6)) + 1) / wanted
    owner = np.searchsorted(np.asarray(begins) - 1e-9, times, side="right") - 1
    out = np.full((len(times), pieces[0].shape[1]), np.nan, dtype=np.float32)
    for first in range(0, out.shape[1], _BLOCK):
        block = slice(first, first + _BLOCK)
        slow = np.full((len(times), out[:, block].shape[1]), np.nan)
        for n, (values, lost) in enumerate(zip(pieces, rejected, strict=True)):
            at = owner == n
            if at.any():
                known = np.where(lost[:, block], np.nan, values[:, block])
                slow[at] = resample_to(known, begins[n], rate, times[at])
        out[:, block] = _zscored(slow) if settings.zscore else slow
    return out


def _zscored(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """(T, c) with mean 0 and standard deviation 1 over the valid samples of a channel; a constant channel becomes 0."""
    known = np.isfinite(values)
    n = np.maximum(known.sum(axis=0), 1)
    centred = values - np.where(known, values, 0.0).sum(axis=0) / n
    variance, square = ((np.where(known, v, 0.0) ** 2).sum(axis=0) / n for v in (centred, values))
    alive = varies(variance, square, rounding=CENTRED)
    return np.asarray(np.where(alive, centred, np.where(known, 0.0, np.nan)) / np.sqrt(np.where(alive, variance, 1.0)))
