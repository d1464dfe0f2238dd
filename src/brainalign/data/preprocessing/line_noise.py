"""The mains: which frequency it has where a recording was made, and taking it out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.preprocessing.settings import KEY, MAINS, Preprocessing
from brainalign.signal.fir import zero_phase

ASSUMED = 60
"""Hz, where nobody says."""

STANDS_OUT = 10.0
"""Times its surroundings from which on a line of the spectrum is the mains."""


def with_line_frequency(settings: Preprocessing, said: Any, run: str) -> tuple[Preprocessing, list[str]]:
    """The settings with the mains frequency settled, and the sentences on it.

    Args:
        settings: ``line_frequency`` may be ``auto``.
        said: What the recording's sidecar (BIDS ``PowerLineFrequency``) or header says; None where it does not.
        run: For the sentences.

    Example:
        >>> settled, notes = with_line_frequency(Preprocessing(), 50.0, "run-1")
        >>> settled.line_frequency, notes
        (50, ['run-1: 50 Hz and its harmonics are notched, the mains frequency that the recording gives (PowerLineFrequency).'])
    """
    told = next((m for m in MAINS if isinstance(said, int | float) and abs(said - m) < 0.5), None)
    key = f"{KEY}.line_frequency"
    if settings.line_frequency == "auto":
        if told is not None:
            why = f"{told} Hz and its harmonics are notched, the mains frequency that the recording gives (PowerLineFrequency)."
        else:
            strange = "" if said is None else f" (PowerLineFrequency={said!r} is neither 50 nor 60)"
            why = (
                f"nothing says what the mains frequency was{strange}; {ASSUMED} Hz is assumed and notched with its harmonics. {key}=50 is "
                "right for most of the world, null for no notch."
            )
        return replace(settings, line_frequency=told or ASSUMED), [f"{run}: {why}"]
    if settings.line_frequency is not None and told not in (None, settings.line_frequency):
        return settings, [
            f"{run}: {key}={settings.line_frequency} contradicts the recording, which gives {told} Hz (PowerLineFrequency); "
            f"{settings.line_frequency} Hz is notched."
        ]
    return settings, []


def settled_frequencies(notes: Iterable[str]) -> list[int]:
    """The frequencies, in ascending order, that the sentences of :func:`with_line_frequency` name as notched.

    Args:
        notes: Of recordings, those sentences among them.

    Example:
        >>> settled_frequencies(with_line_frequency(Preprocessing(), said, "run-1")[1][0] for said in (50, None))
        [50, 60]
    """
    pattern = re.compile(r"\b(\d+) Hz (?:and its harmonics are notched|is assumed and notched)")
    return sorted({int(found[1]) for note in notes if (found := pattern.search(str(note)))})


def other_line_frequency(spectrum: pd.DataFrame, line: int | None, run: str) -> list[str]:
    """The sentence on a spectrum in which the other mains frequency stands out than the one that is notched.

    Args:
        spectrum: Columns frequency and median, before the notch.
        line: What is notched, or None.
        run: For the sentence.
    """
    if line is None:
        return []
    out = {mains: _height(spectrum, mains) for mains in MAINS}
    other = next(m for m in MAINS if m != line)
    if not (out[other] > STANDS_OUT and out[other] > out[line]):
        return []
    return [
        f"{run}: {other} Hz stands out of the spectrum {out[other]:.0f}-fold, {line} Hz, which is notched, {max(out[line], 0):.1f}-fold: "
        f"is {KEY}.line_frequency={other} right?"
    ]


def _height(spectrum: pd.DataFrame, frequency: float) -> float:
    """Power at a frequency against that 2 to 5 Hz away."""
    apart = (spectrum["frequency"] - frequency).abs()
    around = spectrum["median"][apart.between(2, 5)]
    here = spectrum["median"][apart <= 0.5]
    return float(here.max() / max(float(around.median()), 1e-300)) if len(around) and len(here) else 0.0


def notch(rate: float, line: int | None) -> Callable[[NDArray[np.float64]], None]:
    """What takes the mains and its harmonics below half the rate out of channels, in place.

    The filter is MNE's notch, 6.6 s long. Out of a piece that is shorter, such as an epoch, sines of these frequencies are taken by least
    squares.

    Args:
        rate: Samples per second.
        line: Hz, or None: nothing is done.

    Returns:
        A function of the (c, T) data of one piece.

    Example:
        >>> x = np.sin(2 * np.pi * 50 * np.arange(1000) / 500 + 1)[None]
        >>> notch(500.0, 50)(x)
        >>> bool(np.abs(x).max() < 1e-9)
        True
    """
    from mne.filter import create_filter

    # MNE's transition band is 1 Hz wide and ends below half the rate
    harmonics = np.arange(line, rate / 2 - 1, line) if line is not None and line < rate / 2 else np.array([])
    if not len(harmonics):
        return lambda data: None
    half = (
        harmonics / 400 + 0.5
    )  # mne.filter.notch_filter: each notch is a 200th of its frequency wide, and the transition
    kernel = create_filter(
        None, rate, harmonics + half, harmonics - half, l_trans_bandwidth=0.5, h_trans_bandwidth=0.5, verbose="error"
    )

    def take_out(data: NDArray[np.float64]) -> None:
        if data.shape[1] >= len(kernel):
            zero_phase(data, kernel)
            return
        angle = 2 * np.pi * harmonics[:, None] * np.arange(data.shape[1]) / rate
        waves = np.vstack([np.cos(angle), np.sin(angle)])  # (2 harmonics, T)
        basis = np.vstack([np.ones(data.shape[1]), waves])
        data -= np.linalg.lstsq(basis.T, data.T, rcond=None)[0][1:].T @ waves

    return take_out
