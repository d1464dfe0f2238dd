"""simulate_fmri: stories heard in a scanner, by a cortex whose regions are driven by successive layers of a cascade."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.simulated.cascade import cascade
from brainalign.data.simulated.grammar import sentences as draw_sentences
from brainalign.data.simulated.responses import noise
from brainalign.data.simulated.synthesis import synthesise
from brainalign.data.simulated.utterance import Utterance, speak
from brainalign.data.simulated.vectors import word_vectors, write_vectors
from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.signal.drift import cosine_highpass
from brainalign.signal.hrf import convolve_hrf

REGIONS = {
    "A1": (46.0, -21.0, 8.0),
    "STG": (61.0, -22.0, 4.0),
    "STS": (58.0, -34.0, 0.0),
    "MTG": (61.0, -42.0, -6.0),
    "IFG": (50.0, 26.0, 12.0),
}
"""Region -> MNI coordinates (mm) on the right; the k-th is driven by layer k of the cascade."""

DIMS = 12
"""Of each layer."""

Array = NDArray[np.float64]


def simulate_fmri(
    *,
    subjects: int = 8,
    voxels: int = 6,
    stories: int = 6,
    sentences: int = 75,
    repeats: int = 3,
    tr: float = 2.0,
    correlation: float = 0.85,
    rho: float = 0.2,
    noise_ar: float = 0.4,
    drift: float = 1.0,
    highpass: float = 128.0,
    seed: int = 0,
    cache_dir: Path | None = None,
) -> Dataset:
    """Simulated listeners of simulated stories in a scanner.

        y(t) = sqrt(rho) sum_d w_d (h * L_k)_d(t) + sqrt(1 - rho) n(t) + drift(t)

    L_k is the layer of the cascade that drives the voxel's region, ``h`` Glover's haemodynamic response, the signal of variance 1
    over all stories, ``n`` autoregressive noise of variance 1, drawn anew for each presentation. The drift is a random
    sum of cosines slower than ``highpass``; like a reader of real recordings, the simulator regresses such cosines out again, signal
    and noise with them, and scales each voxel to variance 1 in each run.

    The cascade is smooth noise and has nothing to do with the stories' words and sound: of these, no model predicts anything.

    Args:
        subjects: Participants.
        voxels: Of each region of each participant; those of one name correspond between participants.
        stories: Different ones; the first is the test story.
        sentences: Of each story, said one after the other.
        repeats: How often each participant hears the test story; the others once.
        tr: Seconds from volume to volume.
        correlation: Of successive layers.
        rho: Share of the signal in a voxel's variance: its true single-trial ceiling before the high-pass.
        noise_ar: Correlation of successive noise samples, ``tr`` apart.
        drift: Standard deviation of the drift, in those of signal plus noise.
        highpass: Seconds; slower fluctuations are regressed out.
        seed: Of everything.
        cache_dir: Where the lexicon's word vectors are written; where None a folder that goes when the process ends.

    Returns:
        The data set ``simulated_fmri``; its channels have the columns rho_true and planted_layer, its latents are the layers.

    Example:
        >>> data = simulate_fmri(subjects=1, voxels=1, stories=2, sentences=5, repeats=2)
        >>> data.channels[["region", "planted_layer"]].to_numpy().tolist()
        [['A1', 0], ['STG', 1], ['STS', 2], ['MTG', 3], ['IFG', 4]]
    """
    told = _stories(stories, sentences, seed)
    layers = cascade({s: t.duration for s, t in told.items()}, len(REGIONS), DIMS, correlation, seed)
    grids = {s: FrameGrid(0.0, 1 / tr, int(t.duration // tr)) for s, t in told.items()}
    signals = [_convolved(layers[f"layer{k}"], grids) for k in range(len(REGIONS))]
    recordings = []
    for p in range(subjects):
        rng = np.random.default_rng([seed, 10, p])
        channels = _channels(f"sim{p + 1:02d}", voxels, rho, rng)
        driven = [_unit(signals[k], rng.standard_normal(DIMS)) for k in channels["planted_layer"]]
        presentations = []
        for story in grids:
            signal = np.column_stack([own[story] for own in driven])
            for repeat in range(repeats if story == next(iter(grids)) else 1):
                y = np.sqrt(rho) * signal + np.sqrt(1 - rho) * noise(signal.shape, noise_ar, rng)
                y = cosine_highpass(y + drift * _drift(signal.shape, tr, highpass, rng), tr, highpass)
                presentations.append(Presentation(story, repeat, y / y.std(axis=0), 1 / tr, 0.0))
        recordings.append(Recording(f"sim{p + 1:02d}", channels, presentations))
    path = write_vectors(word_vectors(seed), seed, cache_dir)
    note = f"The stories, their sound, the cascade of layers and all responses are simulated (seed {seed})."
    return Dataset("simulated_fmri", told, recordings, latents=layers, vectors=str(path), notes=(note,))


def _stories(stories: int, sentences: int, seed: int) -> dict[str, Stimulus]:
    """Stories of sentences said one after the other."""
    texts = draw_sentences(stories * sentences, np.random.default_rng([seed, 4]))
    out = {}
    for s in range(stories):
        said = [
            (i, speak(texts[i], np.random.default_rng([seed, 5, i]))) for i in range(s * sentences, (s + 1) * sentences)
        ]
        sound = np.concatenate([synthesise(u, np.random.default_rng([seed, 6, i])) for i, u in said])
        tables = {kind: _joined([u for _, u in said], kind) for kind in ("word", "phone")}
        name = f"story{s + 1:02d}"
        out[name] = Stimulus(name, len(sound) / RATE, tables["word"], tables["phone"], Audio(samples=sound))
    return out


def _joined(said: list[Utterance], kind: str) -> pd.DataFrame:
    """The words or phones of utterances that follow each other."""
    starts = np.cumsum([0, *(u.ms for u in said[:-1])]) / 1000
    tables = [u.table(kind) for u in said]
    for start, table in zip(starts, tables, strict=True):
        table[["onset", "offset"]] = (table[["onset", "offset"]] + start).round(3)
    return pd.concat(tables, ignore_index=True)


def _convolved(layer: dict[str, Array], grids: dict[str, FrameGrid]) -> dict[str, Array]:
    frames = {s: FrameGrid.speech(1.0).start + np.arange(len(v)) / 50.0 for s, v in layer.items()}
    return {s: np.asarray(convolve_hrf(v, frames[s], grids[s].times, 1 / 50.0)) for s, v in layer.items()}


def _unit(features: dict[str, Array], weights: Array) -> dict[str, Array]:
    """Story -> (T,) the weighted features, of mean 0 and variance 1 over all stories."""
    drawn = {s: v @ weights for s, v in features.items()}
    every = np.concatenate(list(drawn.values()))
    return {s: (v - every.mean()) / every.std() for s, v in drawn.items()}


def _drift(shape: tuple[int, int], tr: float, slowest: float, rng: np.random.Generator) -> Array:
    """(T, voxels) random cosines slower than ``slowest`` seconds, of variance 1 together."""
    order = max(1, int(2 * shape[0] * tr / slowest))
    basis = np.cos(np.pi * np.outer(np.arange(shape[0]) + 0.5, np.arange(1, order + 1)) / shape[0])
    return np.asarray(basis @ rng.standard_normal((order, shape[1])) * np.sqrt(2 / order))


def _channels(subject: str, voxels: int, rho: float, rng: np.random.Generator) -> pd.DataFrame:
    """Voxels by region, on the left and on the right in turn."""
    rows = []
    for layer, (region, centre) in enumerate(REGIONS.items()):
        for v in range(voxels):
            x, y, z = np.array(centre) + rng.normal(0, 4.0, 3)
            left = v % 2 == 0
            rows.append(
                {
                    "subject": subject, "electrode": f"{region}-{v + 1:02d}", "region": region, "hemisphere": "L" if left else "R",
                    "x": round(-x if left else x, 1), "y": round(y, 1), "z": round(z, 1), "rho_true": rho, "planted_layer": layer,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)
