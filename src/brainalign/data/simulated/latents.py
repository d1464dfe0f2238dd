"""The four latents that drive the simulated electrodes, on the speech frame grid.

=============  ====  =================================================================================================
name           dims  what
=============  ====  =================================================================================================
``acoustic``   6     log energies of the sound in six bands, from 100 Hz to 8 kHz
``phonetic``   14    phonetic features of the phone under the frame's centre (``phones.PHONETIC_FEATURES``)
``lexical``    12    the vector of the word under the frame's centre, the one that is in the GloVe file
``contextual`` 12    a nonlinear function of that word and those before it in the sentence
=============  ====  =================================================================================================

Each dimension has mean 0 and variance 1 over the frames of all distinct sentences. The last three are centred inside
words, and zero in silence. So the zeros that a TRF finds before a sentence are the latents' mean.

What one still says about another, as the cross-validated R2 of a ridge TRF (0..380 ms) from one latent to random
signals of another, over 150 sentences: phonetic -> acoustic .41, acoustic -> phonetic .26 (sound is made of phones),
any other pair at most .02.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from brainalign.data.frames.grid import WAV2VEC2_HOP, WAV2VEC2_WINDOW, FrameGrid
from brainalign.data.simulated.phones import PHONES
from brainalign.data.simulated.utterance import Span, Utterance
from brainalign.data.simulated.vectors import DIMS, Vectors, own_part
from brainalign.data.sound.audio import RATE

Array = NDArray[np.float64]
Latents = dict[str, dict[str, Array]]

LATENTS = ("acoustic", "phonetic", "lexical", "contextual")
BANDS = (100, 400, 1000, 2000, 3500, 5000, 8000)
"""Edges of the acoustic latent's bands in Hz."""


def latents(
    said: Mapping[str, Utterance], sounds: Mapping[str, NDArray[np.float32]], vectors: Vectors, seed: int
) -> Latents:
    """All latents of all sentences.

    Args:
        said: Stimulus -> timed sentence.
        sounds: Stimulus -> (n,) samples.
        vectors: Word -> (12,).
        seed: Of the projections in the contextual latent.

    Returns:
        Latent -> stimulus -> (frames, dims).
    """
    grids = {s: FrameGrid.speech(len(sound) / RATE).times * 1000 for s, sound in sounds.items()}
    context = Context(own_part(vectors), seed)
    raw: Latents = {name: {} for name in LATENTS}
    inside: dict[str, NDArray[np.bool_]] = {}
    for s, utterance in said.items():
        words = [w.label for w in utterance.words]
        place = _under(utterance.words, grids[s])
        inside[s] = place >= 0
        raw["acoustic"][s] = band_energies(sounds[s])
        features = np.stack([PHONES[p.label].vector for p in utterance.phones])
        raw["phonetic"][s] = features[_under(utterance.phones, grids[s])]
        raw["lexical"][s] = np.stack([vectors[w] for w in words])[place]
        raw["contextual"][s] = context(words)[place]
    everywhere = {s: np.ones(len(m), dtype=bool) for s, m in inside.items()}
    return {name: _standardise(values, everywhere if name == "acoustic" else inside) for name, values in raw.items()}


def _under(spans: Sequence[Span], times: Array) -> NDArray[np.intp]:
    """(frames,) the span in whose [onset, offset) each time (ms) lies, -1 where none."""
    onset, offset = np.array([[s.onset, s.offset] for s in spans]).T
    place = np.searchsorted(onset, times, side="right") - 1
    return np.where((place >= 0) & (times < offset[place]), place, -1)


def _standardise(values: Mapping[str, Array], inside: Mapping[str, NDArray[np.bool_]]) -> dict[str, Array]:
    """Mean 0 over the frames inside, zero outside, variance 1 over all frames."""
    mean = np.concatenate([v[inside[s]] for s, v in values.items()]).mean(axis=0)
    centred = {s: (v - mean) * inside[s][:, None] for s, v in values.items()}
    scale = np.concatenate(list(centred.values())).std(axis=0)
    return {s: v / np.where(scale > 0, scale, 1.0) for s, v in centred.items()}


def band_energies(sound: NDArray[np.float32]) -> Array:
    """Log10 energy of the samples that each frame covers, in the bands of BANDS.

    Args:
        sound: (n,) samples at 16 kHz.

    Returns:
        (frames, 6); the floor lies 50 dB under a full-scale sine's energy.
    """
    pieces = np.lib.stride_tricks.sliding_window_view(sound, WAV2VEC2_WINDOW)[::WAV2VEC2_HOP]
    power = np.abs(np.fft.rfft(pieces * np.hanning(WAV2VEC2_WINDOW), axis=1)) ** 2 / WAV2VEC2_WINDOW**2
    edges = np.searchsorted(np.fft.rfftfreq(WAV2VEC2_WINDOW, 1 / RATE), BANDS)
    energy = np.add.reduceat(power, edges[:-1], axis=1)
    return np.asarray(np.log10(energy + 1e-6), dtype=np.float64)


class Context:
    """A nonlinear memory of the words of a sentence.

        c_n = tanh( sum_{j >= 0} decay^j  (P u_{n-j}) * (Q u_{n-j-1}) )

    ``*`` is elementwise, P and Q are random, and u is a word's vector without the mean of its class. Each term is of
    two words that the grammar draws independently, so next to nothing of it is a linear function of any words' vectors.
    It is 0 at the first word.

    Args:
        own: Word -> (d,) vector without its class's mean.
        seed: Of P and Q.
        decay: Weight of a pair of words relative to the next pair.
    """

    def __init__(self, own: Vectors, seed: int, decay: float = 0.6) -> None:
        rng = np.random.default_rng([seed, 2])
        self.own, self.decay = own, decay
        self.p, self.q = rng.standard_normal((2, DIMS, DIMS)) / np.sqrt(DIMS)

    def __call__(self, words: Sequence[str]) -> Array:
        """(words, 12) for the words of one sentence."""
        u = np.stack([self.own[w] for w in words])
        pairs = (u[1:] @ self.p) * (u[:-1] @ self.q)
        memory = np.zeros((len(words), DIMS))
        for n, pair in enumerate(pairs, start=1):
            memory[n] = pair + self.decay * memory[n - 1]
        return np.tanh(memory)
