"""preprocess: one run, from what was recorded to the signal that is analysed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.preprocessing.artefacts import artefacts
from brainalign.data.preprocessing.channels import flat, named_bad, noisy, paired, pairs, told
from brainalign.data.preprocessing.quality import Quality, spectrum
from brainalign.data.preprocessing.settings import KEY, Preprocessing
from brainalign.errors import BrainalignError, nearest
from brainalign.signal.gaps import bridge, near
from brainalign.signal.high_gamma import LEAST, high_gamma
from brainalign.signal.resample import resample_to

if TYPE_CHECKING:
    from mne.io import BaseRaw

_BLOCK = 16
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

    1. Samples that are not finite, and those under MNE's annotations that begin with ``BAD``, are bridged by a line; they are NaN
       in the end.
    2. Channels that the table marks bad, that the settings name, or that never vary are left out.
    3. ``line_frequency`` and its harmonics below half the rate are notched (MNE, zero phase). Then noisy channels are left out.
    4. The reference is taken (MNE) from the channels that are left.
    5. High gamma, or the band (MNE's FIR filter, zero phase), or nothing.
    6. Artefacts become NaN; the rest is resampled, anti-aliased, and z-scored.

    Memory: the run's channels in float64 and about as much again.

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
    kinds = np.array(raw.get_channel_types(picks=electrodes))
    if settings.reference != "none" and np.isin(kinds, ("mag", "grad")).any():
        raise BrainalignError(
            f"{KEY}.reference={settings.reference}: {run} has magnetic sensors, which have no reference; it must be none."
        )
    data = raw.get_data(picks=electrodes, reject_by_annotation="NaN", verbose="error")  # (c, T)
    bad = named_bad(channels, settings.bad_channels)
    bad |= {c: why for c, why in flat(data).items() if c not in bad}
    keep = _left(bad, electrodes, run)
    data = data[keep] if bad else data
    missing = bridge(data)
    spectra = [spectrum(data, rate, "before")]
    _notch(data, rate, settings.line_frequency)
    if settings.noisy is not None:
        for kind in dict.fromkeys(kinds[keep]):  # magnetometers and gradiometers have units of their own
            alike = np.flatnonzero(kinds[keep] == kind)
            bad |= {keep[alike[c]]: why for c, why in noisy(data[alike], rate, settings.noisy).items()}
        quiet = [i for i, c in enumerate(keep) if c not in bad]
        keep = _left(bad, electrodes, run)
        if len(quiet) < len(data):
            data, missing = data[quiet], missing[quiet]
    table = channels.iloc[keep].reset_index(drop=True)
    data, missing, table = _referenced(data, missing, table, rate, settings.reference, run)
    values, after, own = _signal(data, missing, rate, settings)
    spectra.append(spectrum(after, rate, "after"))
    del data, after
    values = _finished(values, own, settings)
    notes = [told(run, bad, electrodes)] if bad else []
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


def _left(bad: dict[int, str], electrodes: list[str], run: str) -> list[int]:
    """The channels that are not bad."""
    keep = [c for c in range(len(electrodes)) if c not in bad]
    if not keep:
        raise BrainalignError(f"{told(run, bad, electrodes).rstrip('.')}; nothing is left to analyse.")
    return keep


def _notch(data: NDArray[np.float64], rate: float, line: int | None) -> None:
    """Take the line frequency and its harmonics out of (c, T) data, in place."""
    from mne.filter import notch_filter

    if line is not None and line < rate / 2:
        harmonics = np.arange(
            line, rate / 2 - 1, line
        )  # MNE's transition band is 1 Hz wide and ends below half the rate
        data[:] = notch_filter(data, rate, harmonics, copy=False, verbose="error")


def _referenced(
    data: NDArray[np.float64], missing: NDArray[np.bool_], table: pd.DataFrame, rate: float, reference: str, run: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_], pd.DataFrame]:
    """(c, T) data in another reference, what is missing in it, and its channels."""
    from mne import create_info, set_bipolar_reference, set_eeg_reference
    from mne.io import RawArray

    if reference == "none":
        return data, missing, table
    names = table["electrode"].astype(str).tolist()
    inst = RawArray(data, create_info(names, rate, "ecog"), copy=None, verbose="error")
    if reference == "average":
        set_eeg_reference(inst, "average", copy=False, ch_type="ecog", verbose="error")
        return inst.get_data(), missing, table
    of = pairs(names)
    if not of:
        raise BrainalignError(
            f"{KEY}.reference=bipolar: no two of the {len(names)} channels of {run} are neighbours by name, such as LA1 and LA2; "
            f"use average or none."
        )
    first, second = ([p[i] for p in of] for i in (0, 1))
    made = paired(table, of)
    set_bipolar_reference(
        inst,
        [names[i] for i in first],
        [names[i] for i in second],
        made["electrode"].tolist(),
        copy=False,
        verbose="error",
    )
    return inst.get_data(picks=made["electrode"].tolist()), missing[first] | missing[second], made


def _signal(
    data: NDArray[np.float64], missing: NDArray[np.bool_], rate: float, settings: Preprocessing
) -> tuple[NDArray[Any], NDArray[np.float64], float]:
    """(T', c) signal with NaN where something is missing, (c, T) data that its spectrum is of, and its rate."""
    from mne.filter import filter_data

    if settings.signal == "high_gamma":
        assert settings.low is not None and settings.high is not None, "checked by Preprocessing"
        marked = np.where(missing, np.nan, data) if missing.any() else data
        values, own = high_gamma(marked.T, rate, settings.low, settings.high, max(LEAST, settings.rate or 0.0))
        return values, data, own
    if settings.signal == "band":
        data = filter_data(data, rate, settings.low, settings.high, copy=False, verbose="error")
        missing = near(missing, round(settings.artefact_margin * rate))
    return (np.where(missing, np.nan, data) if missing.any() else data).T, data, rate


def _finished(values: NDArray[Any], rate: float, settings: Preprocessing) -> NDArray[np.float32]:
    """(T, c) without artefacts, at the rate that was asked for, z-scored."""
    rejected = artefacts(values, rate, settings)
    wanted = rate if settings.rate is None else settings.rate
    times = np.arange(int(np.floor((len(values) - 1) / rate * wanted + 1e-6)) + 1) / wanted
    out = np.empty((len(times), values.shape[1]), dtype=np.float32)
    for first in range(0, values.shape[1], _BLOCK):
        block = slice(first, first + _BLOCK)
        slow = resample_to(np.where(rejected[:, block], np.nan, values[:, block]), 0.0, rate, times)
        if settings.zscore:
            slow = _zscored(slow)
        out[:, block] = slow
    return out


def _zscored(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """(T, c) with mean 0 and standard deviation 1 over the valid samples of a channel; a constant channel becomes 0."""
    known = np.isfinite(values)
    n = np.maximum(known.sum(axis=0), 1)
    centred = values - np.where(known, values, 0.0).sum(axis=0) / n
    deviation = np.sqrt((np.where(known, centred, 0.0) ** 2).sum(axis=0) / n)
    return np.asarray(centred / np.where(deviation > 0, deviation, 1.0))
