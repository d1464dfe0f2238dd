"""simulate_meeg: listeners under an EEG cap or in an MEG helmet, whose sensors follow the envelope with a known TRF."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.electrodes.layouts import SENSOR, Sensors, sensors_of
from brainalign.data.electrodes.table import UNKNOWN
from brainalign.data.frames.grid import FrameGrid
from brainalign.data.simulated.responses import noise
from brainalign.data.simulated.simulate import RESPONSE_RATE, spoken
from brainalign.data.simulated.vectors import word_vectors, write_vectors
from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.errors import one_of
from brainalign.signal.spectrogram import envelope

Array = NDArray[np.float64]

PEAKS = {"N1": (0.10, 0.022, -1.0), "P2": (0.18, 0.03, 0.7)}
"""Peak -> its latency and width in seconds, and its weight at the sensor where it is largest."""

CENTRES = {"N1": "FCz", "P2": "Cz"}
"""Electrodes over which a peak of EEG is largest."""

AUDITORY = np.array([0.05, 0.0])
"""Place of the right auditory cortex in a flattened helmet; the left's is mirrored."""

NEAR = 0.05
"""Metres over which noise and topographies fall off."""

LAGS = np.arange(0, 0.38, 1 / RESPONSE_RATE)
"""Of the planted TRF."""


def simulate_meeg(
    *,
    subjects: int = 12,
    sensors: str = "eeg",
    sentences: int = 60,
    rho: float = 0.05,
    spread: float = 0.3,
    jitter: float = 0.008,
    noise_ar: float = 0.9,
    baseline: float = 0.5,
    seed: int = 0,
    cache_dir: Path | None = None,
) -> Dataset:
    """Simulated listeners of simulated sentences under a cap of 64 EEG electrodes, or in a helmet of 306 MEG sensors.

        y_c(t) = g sum_k M_kc sum_lag kappa_k(lag) e(t - lag) + s_c n_c(t),   kappa_k(lag) = a_k exp(-((lag - m_k - j) / w_k)^2 / 2)

    ``e`` is the z-scored envelope of the sound (model=envelope), k the peaks of :data:`PEAKS`: N1 at 100 ms, P2 at 180 ms. M_k are
    topographies: of EEG one around FCz and Cz, less its mean over the cap; of MEG the field of a tangential source in each auditory
    cortex, outgoing and ingoing at the magnetometers before and behind it, its gradient at the planar gradiometers, largest above
    it. Participants differ in g and j. ``n`` is autoregressive noise that neighbouring sensors share, scaled so that signal and noise
    have variance 1.

    Args:
        subjects: Participants.
        sensors: ``eeg`` or ``meg``.
        sentences: Distinct ones, about 2 s long each, heard once.
        rho: Share of the signal in the variance of the sensor where it is strongest, of a participant with g = 1.
        spread: Standard deviation of log g.
        jitter: Standard deviation of j, in seconds.
        noise_ar: Correlation of successive noise samples, 20 ms apart.
        baseline: Seconds of noise before each onset.
        seed: Of everything.
        cache_dir: Where the lexicon's word vectors are written.

    Returns:
        The data set ``simulated_meeg``; channels have the columns sensor (type), rho_true, and N1 and P2, the planted weights at the peaks
        in standard deviations of the sensor per one of the envelope.

    Example:
        >>> data = simulate_meeg(subjects=1, sentences=5)
        >>> channels = data.recordings[0].channels.set_index("electrode")
        >>> len(channels), channels["N1"].idxmin()
        (64, 'FCz')
    """
    one_of("data.sensors", sensors, ("eeg", "meg"))
    table = _channels(sensors)
    kinds = sensors_of(table)
    said, sounds = spoken(sentences, seed)
    stimuli = {
        s: Stimulus(s, len(sounds[s]) / RATE, u.table("word"), u.table("phone"), Audio(samples=sounds[s]))
        for s, u in said.items()
    }
    heard = _envelopes(sounds)
    maps = {
        peak: np.concatenate([_topography(k, peak) for k in kinds]) for peak in PEAKS
    }  # as the kinds stand in the table
    mixing = _mixing(kinds)
    unit = _deviation(heard, maps)
    before = round(baseline * RESPONSE_RATE)
    recordings = []
    for p in range(subjects):
        rng = np.random.default_rng([seed, 12, p])
        gain, shift = np.exp(spread * rng.normal()) * np.sqrt(rho) / unit, jitter * rng.normal()
        kernels = {k: gain * a * np.exp(-(((LAGS - m - shift) / w) ** 2) / 2) for k, (m, w, a) in PEAKS.items()}
        driven = {s: _through(e, kernels, maps) for s, e in heard.items()}
        share = np.concatenate(list(driven.values())).var(axis=0).clip(max=0.95)
        own = table.assign(
            subject=f"sim{p + 1:02d}",
            rho_true=share,
            **{k: kernels[k][np.abs(kernels[k]).argmax()] * maps[k] for k in PEAKS},
        )
        presentations = []
        for s in rng.permutation(list(heard)).tolist():
            drawn = noise((before + len(driven[s]), mixing.shape[1]), noise_ar, rng) @ mixing.T
            y = np.sqrt(1 - share) * drawn
            y[before:] += driven[s]
            presentations.append(
                Presentation(s, 0, y, RESPONSE_RATE, FrameGrid.speech(1.0).start - before / RESPONSE_RATE)
            )
        recordings.append(Recording(f"sim{p + 1:02d}", own, presentations))
    path = write_vectors(word_vectors(seed), seed, cache_dir)
    note = f"The sentences, their sound and all responses are simulated (seed {seed})."
    return Dataset("simulated_meeg", stimuli, recordings, vectors=str(path), notes=(note,))


def _channels(sensors: str) -> pd.DataFrame:
    """Names and types of the sensors, kind by kind as :func:`sensors_of` has them."""
    import mne

    if sensors == "eeg":
        names, types = mne.channels.make_standard_montage("biosemi64").ch_names, "eeg"
        table = pd.DataFrame({"electrode": names, SENSOR: types})
    else:
        names = mne.channels.read_layout("Vectorview-all").names
        table = pd.DataFrame({"electrode": names, SENSOR: ["mag" if n[-1] == "1" else "grad" for n in names]})
    order = [e for kind in sensors_of(table) for e in kind.electrodes]
    table = table.set_index("electrode").loc[order].reset_index()
    place = {"subject": "", "region": UNKNOWN, "hemisphere": "n/a", "x": np.nan, "y": np.nan, "z": np.nan}
    return table.assign(**place)[["subject", "electrode", "region", "hemisphere", "x", "y", "z", SENSOR]]


def _envelopes(sounds: Mapping[str, NDArray[np.float32]]) -> dict[str, Array]:
    """Sentence -> (T,) its envelope on the speech frames, z-scored over all."""
    found = {s: envelope(v, RATE, FrameGrid.speech(len(v) / RATE).times)[:, 0] for s, v in sounds.items()}
    every = np.concatenate(list(found.values()))
    return {s: (v - every.mean()) / every.std() for s, v in found.items()}


def _topography(sensors: Sensors, peak: str) -> Array:
    """(n,) of one kind of sensor, the largest entry 1 in size."""
    if sensors.kind == "EEG electrodes":
        centre = sensors.places[sensors.known.index(CENTRES[peak])]
        bump = np.exp(-((sensors.places - centre) ** 2).sum(axis=1) / (2 * NEAR**2))
        found = bump - bump.mean()
    elif sensors.kind == "magnetometers":
        found = _field(sensors.places)
    else:
        step = 1e-4
        along = np.where([[n[-1] == "2"] for n in sensors.known], [0.0, step], [step, 0.0])
        found = _field(sensors.places + along) - _field(sensors.places - along)
    return np.asarray(found / np.abs(found).max())


def _field(places: Array) -> Array:
    """(n,) of a source in each auditory cortex: out of the head on one side of it, into it on the other, mirrored on the left."""
    found = np.zeros(len(places))
    for side in (-1.0, 1.0):
        away = places - AUDITORY * [side, 1.0]
        found += side * away[:, 1] * np.exp(-(away**2).sum(axis=1) / (2 * 0.03**2))
    return found


def _mixing(kinds: list[Sensors]) -> Array:
    """(sensors, sources) of noise: what sensors of a kind share falls off with their distance, a tenth of the variance is their own."""
    blocks, total = [], sum(len(k.electrodes) for k in kinds)
    first = 0
    for kind in kinds:
        apart = np.linalg.norm(kind.places[:, None] - kind.places, axis=2)
        block = np.linalg.cholesky(0.9 * np.exp(-((apart / NEAR) ** 2) / 2) + 0.1 * np.eye(len(apart)))
        blocks.append(np.pad(block, ((0, 0), (first, total - first - len(block)))))
        first += len(block)
    return np.vstack(blocks)


def _through(e: Array, kernels: dict[str, Array], maps: dict[str, Array]) -> Array:
    """(T, sensors) what an envelope drives, with zeros before it."""
    return np.asarray(sum(np.outer(np.convolve(e, kernels[k])[: len(e)], maps[k]) for k in PEAKS))


def _deviation(heard: dict[str, Array], maps: dict[str, Array]) -> float:
    """Of the signal at the sensor where it is strongest, with the kernels as they stand."""
    kernels = {k: a * np.exp(-(((LAGS - m) / w) ** 2) / 2) for k, (m, w, a) in PEAKS.items()}
    return float(np.concatenate([_through(e, kernels, maps) for e in heard.values()]).std(axis=0).max())
