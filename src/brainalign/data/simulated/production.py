"""simulate_production: single words spoken by the participants, with activity before and after speech onset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from brainalign.data.audio import RATE, Audio
from brainalign.data.simulated.lexicon import PRONUNCIATION
from brainalign.data.simulated.synthesis import synthesise
from brainalign.data.simulated.utterance import speak
from brainalign.data.simulated.vectors import word_vectors, write_vectors
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus

SAMPLES = 50.0
BEFORE, AFTER = 1.0, 1.5
"""Seconds of each trial before and after speech onset."""

WIDTH = 0.25
"""Standard deviation, in seconds, of an electrode's activity around its peak."""


def simulate_production(
    *, subjects: int, electrodes: int, words: int, repeated: int, repeats: int, related: float, spread: float, seed: int,
    cache_dir: Path | None = None,
) -> Dataset:  # fmt: skip
    """Simulated high gamma of single words spoken aloud.

        y(t) = mean + exp(-(t - lag)^2 / 2 WIDTH^2) [ 1 + sqrt(related) w'v(word) + sqrt(1 - related) e ] + n(t)

    v is the word's vector, e a draw a trial; w has length 1, so that ``related`` is the share of the trial-to-trial variance at the
    peak that the vectors explain, but for the sampling noise n (sd .3). Means differ between channels, and lags run from -.4 to .4 s.

    Args:
        subjects: Participants.
        electrodes: Of each.
        words: Distinct words.
        repeated: How many of them are spoken ``repeats`` times; the others once.
        repeats: Trials of a repeated word.
        related: 0 (nothing) to 1.
        spread: Standard deviation of the channel means.
        seed: Of everything.
        cache_dir: Where the word vectors are written.

    Returns:
        The data set ``simulated_production``; channels have the columns mean_true, lag_true (s; negative = before speech), related_true.
    """
    rng = np.random.default_rng([seed, 20])
    vectors = word_vectors(seed)
    lexicon = sorted(PRONUNCIATION)
    chosen = [lexicon[i] for i in rng.permutation(len(lexicon))[:words]]
    stimuli = {}
    for i, word in enumerate(chosen):
        said = speak((word,), np.random.default_rng([seed, 21, i]))
        sound = synthesise(said, np.random.default_rng([seed, 22, i]))
        stimuli[word] = Stimulus(word, len(sound) / RATE, said.table("word"), said.table("phone"), Audio(samples=sound))
    order = [w for i, w in enumerate(chosen) for _ in range(repeats if i < repeated else 1)]
    recordings = []
    for s in range(subjects):
        own, subject = np.random.default_rng([seed, 23, s]), f"P{s + 1:02d}"
        weights = own.standard_normal((len(next(iter(vectors.values()))), electrodes))
        weights /= np.linalg.norm(weights, axis=0)
        means, lags = 10 + spread * own.standard_normal(electrodes), np.linspace(-0.4, 0.4, electrodes)
        channels = pd.DataFrame(
            {
                "subject": subject, "electrode": [f"e{e + 1:02d}" for e in range(electrodes)],
                "region": np.where(lags < 0, "IFG", "STG"), "hemisphere": "L", "x": np.nan, "y": np.nan, "z": np.nan,
                "mean_true": means, "lag_true": lags, "related_true": related,
            }
        )  # fmt: skip
        times = np.arange(-BEFORE, AFTER, 1 / SAMPLES)
        shape = np.exp(-((times[:, None] - lags) ** 2) / (2 * WIDTH**2))
        presentations, spoken = [], dict.fromkeys(chosen, 0)
        for word in (order[i] for i in own.permutation(len(order))):
            part = np.sqrt(related) * vectors[word] @ weights + np.sqrt(1 - related) * own.standard_normal(electrodes)
            y = means + shape * (1 + part) + 0.3 * own.standard_normal(shape.shape)
            start = -BEFORE + float(stimuli[word].words["onset"].iloc[0])
            presentations.append(Presentation(word, spoken[word], y, SAMPLES, start))
            spoken[word] += 1
        recordings.append(Recording(subject, channels, presentations))
    note = f"The words, their sound and all responses are simulated (seed {seed}): related={related:g}."
    path = write_vectors(vectors, seed, cache_dir)
    return Dataset("simulated_production", stimuli, recordings, vectors=str(path), notes=(note,))
