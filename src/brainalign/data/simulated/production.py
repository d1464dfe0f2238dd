"""simulate_production: single words spoken by the participants, with activity before and after speech onset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from brainalign.data.simulated.lexicon import PRONUNCIATION
from brainalign.data.simulated.synthesis import synthesise
from brainalign.data.simulated.utterance import speak
from brainalign.data.simulated.vectors import word_vectors, write_vectors
from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus

SAMPLES = 50.0
BEFORE, AFTER = 1.0, 1.5
"""Seconds of each trial before and after speech onset."""

WIDTH = 0.25
"""Standard deviation, in seconds, of an electrode's activity around its peak."""

AMPLITUDE, NOISE = 10.0, 3.0
"""Height of that activity, and standard deviation of what is drawn anew at each sample."""

LEVEL = 50.0
"""Mean of the channels' means."""


def simulate_production(
    *,
    subjects: int,
    electrodes: int,
    words: int,
    repeated: int,
    repeats: int,
    related: float,
    spread: float,
    seed: int,
    cache_dir: Path | None = None,
) -> Dataset:
    """Simulated high gamma of single words spoken aloud; time 0 is the onset of speech.

        y(t) = m + 10 exp(-(t - lag)^2 / (2 WIDTH^2)) [1 + sqrt(related) w'v + sqrt(1 - related) e] + n(t)

    v is the word's vector, w a direction of length 1 for each electrode, e a draw a trial and n(t) a draw a sample (standard deviation
    3), so that ``related`` is the share of the activity's variance over words that the vectors explain. The channels' means m differ;
    lags run from -.4 to .4 s, from planning (IFG) to hearing oneself (STG).

    Args:
        subjects: Participants.
        electrodes: Of each.
        words: Distinct words.
        repeated: How many of them are spoken ``repeats`` times; the others once.
        repeats: Trials of a repeated word.
        related: 0 (nothing) to 1.
        spread: Standard deviation of the channels' means.
        seed: Of everything.
        cache_dir: Where the word vectors are written.

    Returns:
        The data set ``simulated_production``; channels have the columns mean_true, lag_true (s; negative: before speech) and
        related_true.

    Example:
        >>> data = simulate_production(subjects=1, electrodes=3, words=8, repeated=2, repeats=2, related=0.5, spread=2, seed=0)
        >>> first = data.recordings[0].presentations[0]
        >>> len(data.recordings[0].presentations), first.start, float(data.stimuli[first.stimulus].words.onset.iloc[0])
        (10, -1.0, 0.0)
    """
    rng = np.random.default_rng([seed, 20])
    vectors = word_vectors(seed)
    lexicon = sorted(PRONUNCIATION)
    chosen = [lexicon[i] for i in rng.permutation(len(lexicon))[:words]]
    stimuli = {word: _spoken(word, seed, place) for place, word in enumerate(chosen)}
    order = [w for i, w in enumerate(chosen) for _ in range(repeats if i < repeated else 1)]
    recordings = []
    for s in range(subjects):
        own, subject = np.random.default_rng([seed, 23, s]), f"P{s + 1:02d}"
        weights = own.standard_normal((len(next(iter(vectors.values()))), electrodes))
        weights /= np.linalg.norm(weights, axis=0)
        means, lags = LEVEL + spread * own.standard_normal(electrodes), np.linspace(-0.4, 0.4, electrodes)
        channels = pd.DataFrame(
            {
                "subject": subject,
                "electrode": [f"e{e + 1:02d}" for e in range(electrodes)],
                "region": np.where(lags < 0, "IFG", "STG"),
                "hemisphere": "L",
                "x": np.nan,
                "y": np.nan,
                "z": np.nan,
                "mean_true": means,
                "lag_true": lags,
                "related_true": related,
            }
        )
        times = np.arange(round((BEFORE + AFTER) * SAMPLES)) / SAMPLES - BEFORE
        shape = AMPLITUDE * np.exp(-((times[:, None] - lags) ** 2) / (2 * WIDTH**2))
        presentations, spoken = [], dict.fromkeys(chosen, 0)
        for word in (order[i] for i in own.permutation(len(order))):
            part = np.sqrt(related) * vectors[word] @ weights + np.sqrt(1 - related) * own.standard_normal(electrodes)
            y = means + shape * (1 + part) + NOISE * own.standard_normal(shape.shape)
            presentations.append(Presentation(word, spoken[word], y, SAMPLES, -BEFORE))
            spoken[word] += 1
        recordings.append(Recording(subject, channels, presentations))
    note = f"The words, their sound and all responses are simulated (seed {seed}): related={related:g}."
    path = write_vectors(vectors, seed, cache_dir)
    return Dataset("simulated_production", stimuli, recordings, vectors=str(path), notes=(note,))


def _spoken(word: str, seed: int, place: int) -> Stimulus:
    """The word and its sound, both from its onset on."""
    said = speak((word,), np.random.default_rng([seed, 21, place]))
    silence = said.words[0].onset
    sound = synthesise(said, np.random.default_rng([seed, 22, place]))[silence * RATE // 1000 :]
    tables = [
        t.assign(onset=t["onset"] - silence / 1000, offset=t["offset"] - silence / 1000).round(3)
        for t in map(said.table, ("word", "phone"))
    ]
    return Stimulus(word, len(sound) / RATE, tables[0], tables[1], Audio(samples=sound))
