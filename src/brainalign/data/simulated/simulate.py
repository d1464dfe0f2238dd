"""simulate: a whole data set of known truth, from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.simulated.grammar import sentences as draw_sentences
from brainalign.data.simulated.latents import latents
from brainalign.data.simulated.listeners import Listener, Mixture, listeners
from brainalign.data.simulated.responses import Signals, noise
from brainalign.data.simulated.synthesis import synthesise
from brainalign.data.simulated.utterance import Utterance, speak
from brainalign.data.simulated.vectors import word_vectors, write_vectors
from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.errors import BrainalignError

RESPONSE_RATE = 50.0


def simulate(
    *,
    subjects: int = 10,
    electrodes: int = 20,
    sentences: int = 150,
    repeated: int = 10,
    repeats: int = 10,
    silent_fraction: float = 0.1,
    noise_ar: float = 0.9,
    rho_min: float = 0.05,
    rho_max: float = 0.5,
    baseline: float = 0.5,
    evoked: float = 1.0,
    mixture: Mixture | None = None,
    seed: int = 0,
    cache_dir: Path | None = None,
) -> Dataset:
    """Simulated listeners of simulated sentences.

        y(t) = evoked + sqrt(rho) sum_l sqrt(share_l) s_l(t) + sqrt(1 - rho) n(t)

    ``s_l`` is latent l (acoustic, phonetic, lexical, contextual) through a smooth kernel in lags of 0..380 ms, with
    zeros before the sentence; Var(s_l) = 1 over the frames of the distinct sentences, where those of one electrode are
    uncorrelated; ``n`` is autoregressive noise of variance 1, drawn anew for each presentation. So rho is the true
    single-trial ceiling, and a TRF of 20 lags at 50 Hz on all latents, with an intercept, is the generating model. ``evoked``
    is the same in every frame of every sentence and absent before it: a test for a response to speech finds it, and no TRF,
    score or ceiling, which look at variance within the sentences alone, can tell.

    An estimated TRF scores below rho by what its estimation costs. At the default size, a cross-validated ridge on the
    generating features themselves has r2 / rho = .97 where the mixture is lexical or contextual alone, .95 where it is
    acoustic alone, and .90 with all four latents (880 weights an electrode); more sentences bring it nearer to 1.

    Args:
        subjects: Participants.
        electrodes: Of each participant, in turn in A1, STG, MTG, SMC, SMG of the left and of the right hemisphere.
        sentences: Distinct sentences, about 2 s long each.
        repeated: How many of them are heard ``repeats`` times; the others once.
        repeats: Presentations of a repeated sentence.
        silent_fraction: Share of electrodes without signal (rho 0).
        noise_ar: Correlation of successive noise samples, 20 ms apart.
        rho_min: Least true single-trial ceiling of an electrode that has signal.
        rho_max: Largest one; ceilings are drawn uniformly.
        baseline: Seconds of noise before each onset, to the nearest 20 ms.
        evoked: Level of the electrodes that have signal while a sentence lasts, in standard deviations of signal plus noise.
        mixture: Latent -> share of the signal's variance, the same for all electrodes; or region -> such shares, the
            regions not named keeping their own; None = each region its own, scattered over electrodes.
        seed: Of everything.
        cache_dir: Where the lexicon's word vectors are written in GloVe's format; where None a folder that goes when the process ends.

    Returns:
        The data set ``simulated``, with its latents. Channels have the columns rho_true, and share_acoustic,
        share_phonetic, share_lexical, share_contextual (they sum to 1; 0 in silent electrodes). Signal plus noise has
        variance 1, so rho_true is the signal power, too.

    Raises:
        BrainalignError: A value that cannot be.

    Example:
        >>> data = simulate(subjects=1, electrodes=5, sentences=6, repeated=2, repeats=3)
        >>> len(data.recordings[0].presentations), sorted(data.latents)
        (10, ['acoustic', 'contextual', 'lexical', 'phonetic'])
    """
    settings = {name: value for name, value in locals().items() if name != "cache_dir"}
    _check("sentences", sentences, 5)
    _check("repeated", repeated, 0, sentences)
    for key, count in (("subjects", subjects), ("electrodes", electrodes), ("repeats", repeats)):
        _check(key, count, 1)
    _check("silent_fraction", silent_fraction, 0, 1)
    _check("noise_ar", noise_ar, 0, 0.999)
    _check("rho_min", rho_min, 1e-6, 1 - 1e-6)
    _check("rho_max", rho_max, rho_min, 1 - 1e-6)
    _check("baseline", baseline, 0)
    _check("evoked", evoked, -100, 100)
    people = listeners(subjects, electrodes, silent_fraction, (rho_min, rho_max), mixture, seed)
    said, sounds = spoken(sentences, seed)
    vectors = word_vectors(seed)
    truth = latents(said, sounds, vectors, seed)
    stimuli = {
        s: Stimulus(s, len(sounds[s]) / RATE, u.table("word"), u.table("phone"), Audio(samples=sounds[s]))
        for s, u in said.items()
    }
    signals = Signals(truth)
    again = set(np.random.default_rng([seed, 7]).choice(list(stimuli), repeated, replace=False).tolist())
    times = {s: repeats if s in again else 1 for s in stimuli}
    before = round(baseline * RESPONSE_RATE)
    recordings, planted = [], dict[tuple[str, str], Mapping[str, NDArray[np.floating[Any]]]]()
    for p, person in enumerate(people):
        recording, signal = _record(
            person, signals, times, before, noise_ar, evoked, np.random.default_rng([seed, 8, p])
        )
        recordings.append(recording)
        for e, electrode in enumerate(person.channels["electrode"]):
            planted[person.subject, electrode] = {s: v[:, e] for s, v in signal.items()}
    path = write_vectors(vectors, seed, cache_dir)
    note = f"The sentences, their sound and all responses are simulated (seed {seed})."
    return Dataset(
        "simulated",
        stimuli,
        recordings,
        latents=truth,
        signals=planted,
        vectors=str(path),
        notes=(note,),
        settings=settings,
    )


@lru_cache(maxsize=1)
def spoken(sentences: int, seed: int) -> tuple[Mapping[str, Utterance], Mapping[str, NDArray[np.float32]]]:
    """The sentences and their sound. The last ones are held: others who hear the same sentences are simulated next."""
    texts = draw_sentences(sentences, np.random.default_rng([seed, 4]))
    said = {f"sentence{i:03d}": speak(t, np.random.default_rng([seed, 5, i])) for i, t in enumerate(texts)}
    sounds = {s: synthesise(u, np.random.default_rng([seed, 6, i])) for i, (s, u) in enumerate(said.items())}
    return said, sounds


def _record(
    person: Listener,
    signals: Signals,
    times: Mapping[str, int],
    before: int,
    noise_ar: float,
    evoked: float,
    rng: np.random.Generator,
) -> tuple[Recording, dict[str, NDArray[np.float32]]]:
    """Play every sentence as often as it is to be heard, in an order of the participant's own; and what is heard without noise."""
    rho = person.channels["rho_true"].to_numpy(dtype=np.float64)
    weights = np.zeros((len(signals.gram), len(rho)))
    for e in np.flatnonzero(rho):
        weights[:, e] = np.sqrt(rho[e]) * signals.weights(person.shares(int(e)), rng)
    signal = {s: v @ weights + evoked * (rho > 0) for s, v in signals.filtered.items()}
    order = rng.permutation(np.repeat(list(times), list(times.values())))
    heard = dict.fromkeys(times, 0)
    start = FrameGrid.speech(1.0).start - before / RESPONSE_RATE
    presentations = []
    for s in order.tolist():
        response = np.sqrt(1 - rho) * noise((before + len(signal[s]), len(rho)), noise_ar, rng)
        response[before:] += signal[s]
        presentations.append(Presentation(s, heard[s], response, RESPONSE_RATE, start))
        heard[s] += 1
    recording = Recording(person.subject, person.channels, presentations)
    return recording, {s: v.astype(np.float32) for s, v in signal.items()}


def _check(key: str, value: float, low: float, high: float = float("inf")) -> None:
    """Refuse a number outside [low, high]."""
    if not low <= value <= high:
        bound = f"at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
        raise BrainalignError(f"data.{key}={value:g} is impossible; it must be {bound}.")
