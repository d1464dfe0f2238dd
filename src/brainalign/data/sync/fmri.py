"""Do the stories' times hold in slow responses (fMRI)? Their words or sound, through the haemodynamic response, against every voxel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from brainalign.data.sound.audio import RATE
from brainalign.data.types import Presentation, Recording, Stimulus
from brainalign.signal.hrf import LENGTH, glover_hrf
from brainalign.signal.spectrogram import envelope

REACH, STEP = 20.0, 1.0
"""Seconds by which times may be off, either way, and between two of the offsets that are tried."""
PIECE, LEAST, FEWEST, MOST = 60.0, 8, 5, 40
"""Seconds of a piece, and volumes that it must have; how many pieces there must be, and how many are looked at."""
SETTLED = 20.0
"""Seconds at the beginning of a story that are left out: scanner and listener settle, whatever is told."""
VOXELS, BEST = 1000, 0.05
"""How many voxels are looked at, and the share of them that counts: most of the brain does not follow a story."""
FLIPS, LEVEL = 499, 0.002
EXPECTED = 5.0
"""Seconds by which a haemodynamic response may differ from Glover's, and an offset be off where there are few pieces."""
_FINE = 10.0
_BLOCK = 20


@dataclass(frozen=True)
class FmriSync:
    """How far a participant's responses are from the times of the stories.

    Attributes:
        offset: Seconds, above 0: the responses come later than the times say; NaN where none can be told.
        p: Of the highest of all offsets, against pieces of random sign.
        pieces: How many were looked at.
        warning: A sentence, or None where all is well or nothing can be told.
    """

    offset: float
    p: float
    pieces: int
    warning: str | None


def fmri_sync(recording: Recording, stimuli: Mapping[str, Stimulus], seed: int = 0) -> FmriSync | None:
    """Correlate pieces of 60 s with what the story predicts, at offsets from -20 to 20 s.

    Piece p of voxel c gives z_pc(k), Fisher's z of its r with the envelope of the sound (or the words' onsets) convolved with Glover's
    function and moved by k. Voxels agree with themselves over pieces, whatever their sign:

        U_c(k) = mean over p != q of z_pc(k) z_qc(k),    U(k) = mean of the 5 % highest U_c(k)

    The offset is where U is highest. It is told where the highest has p <= .002 against random signs of the pieces.

    Args:
        recording: One participant.
        stimuli: By id; those with neither sound nor words are passed over.
        seed: Of the signs.

    Returns:
        What was found; None where fewer than five pieces were recorded.
    """
    pieces = _pieces(recording, stimuli)
    if not pieces:
        return None
    z = np.stack(pieces).astype(np.float32)
    squares = (z**2).sum(axis=0)
    curve = _agreement(z.sum(axis=0), squares, len(z))
    signs = np.random.default_rng(seed).choice(np.array([-1.0, 1.0], dtype=np.float32), (FLIPS, len(z)))
    null = np.empty(FLIPS)
    for first in range(0, FLIPS, _BLOCK):
        sums = signs[first : first + _BLOCK] @ z.reshape(len(z), -1)
        null[first : first + _BLOCK] = [_agreement(s.reshape(squares.shape), squares, len(z)).max() for s in sums]
    p = (1 + int((null >= curve.max()).sum())) / (1 + FLIPS)
    offset = float(_offsets()[curve.argmax()]) if p <= LEVEL else np.nan
    warning = None
    if abs(offset) > EXPECTED:
        warning = (
            f"participant {recording.subject}: the responses come {abs(offset):.1f} s {'later' if offset > 0 else 'earlier'} than the "
            f"stories' times say (p = {p:.3f} over {len(z)} pieces of {PIECE:g} s, haemodynamic delay included); check when the first "
            "volume was recorded (data.start, data.events_file, data.events.shift)."
        )
    return FmriSync(offset, p, len(z), warning)


def _agreement(sums: NDArray[np.float32], squares: NDArray[np.float32], n: int) -> NDArray[np.float64]:
    """(offsets,) U from the sums over pieces of z and of its square, (voxels, offsets)."""
    by_voxel = (sums**2 - squares) / (n * (n - 1))
    best = max(1, round(BEST * len(by_voxel)))
    return np.asarray(np.partition(by_voxel, len(by_voxel) - best, axis=0)[-best:].mean(axis=0))


def _offsets() -> NDArray[np.float64]:
    return np.arange(-REACH, REACH + STEP / 2, STEP)


def _pieces(recording: Recording, stimuli: Mapping[str, Stimulus]) -> list[NDArray[np.float64]]:
    """(voxels, offsets) z of each piece that is looked at, in the order of the recording."""
    voxels = np.unique(np.linspace(0, len(recording.channels) - 1, VOXELS).round().astype(int))
    all_pieces = []
    for p in recording.presentations:
        stimulus, rows = stimuli[p.stimulus], round(PIECE * p.rate)
        skipped, length = round(SETTLED * p.rate), len(p.response)
        if rows >= LEAST and length - skipped >= rows and (stimulus.audio is not None or len(stimulus.words)):
            edges = np.linspace(skipped, length, (length - skipped) // rows + 1).astype(int)
            all_pieces += [(p, first, last) for first, last in pairwise(edges)]
    if len(all_pieces) < FEWEST:
        return []
    some = [all_pieces[i] for i in np.unique(np.linspace(0, len(all_pieces) - 1, MOST).round().astype(int))]
    predicted = {s: _predicted(stimuli[s]) for s in {p.stimulus for p, _, _ in some}}
    return [_piece(p, voxels, first, last, *predicted[p.stimulus]) for p, first, last in some]


def _piece(
    p: Presentation,
    voxels: NDArray[np.intp],
    first: int,
    last: int,
    times: NDArray[np.float64],
    course: NDArray[np.float64],
) -> NDArray[np.float64]:
    from scipy.signal import detrend

    at = p.start + np.arange(first, last) / p.rate
    moved = np.interp(at[:, None] - _offsets(), times, course, left=0.0, right=0.0)
    values = np.asarray(p.response[first:last][:, voxels], dtype=np.float64)
    known = np.isfinite(values)
    values = np.where(known, values, np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    x, y = (_unit(detrend(m, axis=0)) for m in (moved, values))
    return np.asarray(np.arctanh(np.clip(y.T @ x, -0.99, 0.99)))


def _unit(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(columns, axis=0)
    smallest = 1e-9 * max(float(length.max(initial=0.0)), 1e-300)
    return np.asarray(np.divide(columns, length, out=np.zeros_like(columns), where=length > smallest))


def _predicted(stimulus: Stimulus) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times, and what Glover's function makes of the sound's envelope, or of the words' onsets."""
    edges = np.arange(0.0, stimulus.duration + 1 / _FINE, 1 / _FINE)
    if stimulus.audio is not None:
        height = envelope(stimulus.audio.load(), RATE, edges[:-1] + 0.5 / _FINE, 1 / _FINE)[:, 0]
    else:
        height = np.histogram(stimulus.words["onset"].to_numpy(dtype=np.float64), edges)[0].astype(np.float64)
    course: NDArray[np.float64] = np.convolve(height, glover_hrf(np.arange(0.0, LENGTH, 1 / _FINE)))
    return np.asarray((np.arange(len(course)) + 0.5) / _FINE), course
