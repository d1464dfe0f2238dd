"""A source-filter formant synthesiser: glottal pulses through formant resonators, and filtered noise.

Each glottal pulse excites four damped resonances (the impulse response of a parallel formant filter) whose frequencies
are read from the formant tracks at the pulse: the filter moves in time and yet all pulses are computed at once
(Rodet 1984). The Rosenberg (1971) pulse gives the spectrum of the source. Loudness and vocal effort follow slow random
contours of the speaker, which are no function of the words.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from brainalign.data.simulated.phones import PHONES
from brainalign.data.simulated.utterance import Span, Utterance
from brainalign.data.sound.audio import RATE

PEAK = 0.7
_BANDWIDTHS = (70.0, 90.0, 150.0, 220.0)
_LEVELS = (1.0, 0.6, 0.35, 0.15)
_F4 = 3500.0
_RESPONSE = 400
"""Samples of each resonance: 25 ms, after which the narrowest has decayed by 48 dB."""


def synthesise(said: Utterance, rng: np.random.Generator) -> NDArray[np.float32]:
    """The sound of an utterance.

    Args:
        said: Timed phones.
        rng: Of the speaker, the prosody and the noise.

    Returns:
        (n,) samples at 16 kHz, peak 0.7; n is exactly the utterance's length.
    """
    n = said.ms * RATE // 1000
    voice = _voiced(said, n, rng)
    sound = np.convolve(voice, _rosenberg())[:n]
    for phone in said.phones:
        if PHONES[phone.label].noise[2] > 0:
            begin = phone.onset * RATE // 1000
            friction = _friction(phone, rng)
            sound[begin : begin + len(friction)] += friction
    # effort tilts the spectrum towards high frequencies, loudness scales it
    tilt = np.diff(sound, prepend=0.0)
    effort = 1.5 * (1 + np.tanh(_contour(n, 0.25, rng)))
    sound = (sound + effort * tilt) * 10 ** (6.0 * _contour(n, 0.2, rng) / 20)
    sound /= np.abs(sound).max()
    sound += 1e-3 * rng.standard_normal(n)
    return np.asarray(PEAK * sound / np.abs(sound).max(), dtype=np.float32)


def _contour(n: int, period: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A smooth random course of n samples: a standard normal knot each ``period`` seconds, lines between them."""
    knots = np.arange(0, n + period * RATE, period * RATE)
    return np.interp(np.arange(n), knots, rng.standard_normal(len(knots)))


def _rosenberg(opening: float = 0.004, closing: float = 0.0016) -> NDArray[np.float64]:
    """Derivative of Rosenberg's (1971) trigonometric glottal pulse: what the lips radiate of it."""
    rise = 0.5 * (1 - np.cos(np.pi * np.arange(round(opening * RATE)) / round(opening * RATE)))
    fall = np.cos(0.5 * np.pi * np.arange(round(closing * RATE) + 1) / round(closing * RATE))
    pulse = np.diff(np.concatenate([rise, fall]))
    return np.asarray(pulse / np.abs(pulse).sum())


def _tracks(said: Utterance) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Knots (in samples) of the formant tracks, and there F1..F3 and the level of voicing."""
    times, formants, voicing = [0.0], [PHONES[said.phones[0].label].begin], [0.0]
    before = 0
    for span in said.phones:
        phone, length = PHONES[span.label], span.offset - span.onset
        if span.onset > before:  # silence since the last phone: no voice in it
            times += [before + 1.0, span.onset - 1.0]
            formants += [formants[-1], phone.begin]
            voicing += [0.0, 0.0]
        times += [span.onset + 0.25 * length, span.onset + 0.75 * length]
        formants += [phone.begin, phone.end]
        voicing += [phone.voicing, phone.voicing]
        before = span.offset
    times += [before + 1.0]
    return np.array(times) * RATE / 1000, np.array([*formants, formants[-1]]), np.array([*voicing, 0.0])


def _voiced(said: Utterance, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Formant resonances excited at each glottal pulse, (n,)."""
    knots, formants, voicing = _tracks(said)
    pitch = rng.uniform(95, 210) * np.exp(0.08 * _contour(n, 0.3, rng)) * np.linspace(1.08, 0.9, n)
    pulses = np.flatnonzero(np.diff(np.floor(np.cumsum(pitch / RATE))) > 0)
    level = np.interp(pulses, knots, voicing)
    pulses, level = pulses[level > 0.01], level[level > 0.01]
    tract = rng.uniform(0.92, 1.12)
    time = (np.arange(_RESPONSE) / RATE).astype(np.float32)
    shape = np.zeros((len(pulses), _RESPONSE), dtype=np.float32)
    for k, (width, gain) in enumerate(zip(_BANDWIDTHS, _LEVELS, strict=True)):
        centre = np.interp(pulses, knots, formants[:, k]) if k < 3 else np.full(len(pulses), _F4)
        turns = (2 * np.pi * tract * centre).astype(np.float32)[:, None] * time
        shape += np.sin(turns) * (gain * np.exp(-np.pi * width * time)).astype(np.float32)
    where = pulses[:, None] + np.arange(_RESPONSE)
    sound = np.bincount(where.ravel(), (level[:, None] * shape).ravel(), n + _RESPONSE)[:n]
    return sound.astype(np.float64)


def _friction(span: Span, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise of a fricative, or the closure and burst of a stop, over the phone's samples."""
    from scipy.signal import lfilter

    phone = PHONES[span.label]
    centre, width, level = phone.noise
    n = (span.offset - span.onset) * RATE // 1000
    radius = np.exp(-np.pi * width / RATE)
    poles = [1.0, -2 * radius * np.cos(2 * np.pi * centre / RATE), radius**2]
    once = lfilter([1.0, 0.0, -1.0], poles, rng.standard_normal(n))
    noise = lfilter([1.0, 0.0, -1.0], poles, once)
    noise /= noise.std()
    edge = np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.015 * RATE)
    shape = np.minimum(1.0, edge)
    if "stop" in phone.features:
        closed = round((0.35 if "fricative" in phone.features else 0.55) * n)
        decay = 0.05 if "fricative" in phone.features else 0.012
        shape = np.where(np.arange(n) < closed, 0.0, np.exp(-np.maximum(np.arange(n) - closed, 0) / (decay * RATE)))
    return np.asarray(0.08 * level * shape * noise)
