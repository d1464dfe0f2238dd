"""The folder of speech clips: sounds, words by alignment, phones by the 100 Hz labels, and simulated listeners for what needs responses."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray

from benchmarks.real import SMOLLM2, WHISPER, data, model
from benchmarks.real.alignment import words_of
from brainalign.data.frames.grid import FrameGrid
from brainalign.data.sound.audio import RATE, Audio

SILENCE = "0"
"""Class of the labels in which nobody speaks."""

PEOPLE, PER_REGION = 4, 6
REGIONS = ("sound", "speech", "words")
"""Simulated regions, by what drives them: mel spectrogram, Whisper's middle layer, SmolLM2's middle layer."""

LAYERS = {"speech": 3, "words": 15}
COMPONENTS, KERNEL, SHARE = 20, 5, 0.4
"""Of a driving layer; frames of the kernel, 20 ms each; share of signal in a response's variance."""


def sounds() -> dict[str, Path]:
    """Stimulus -> file: LibriSpeech's clips, and the one sentence that everybody knows."""
    folder = data("librispeech")
    found = [*sorted(folder.glob("cpc/*.flac")), *sorted(folder.glob("librosa/*.hq.ogg")), folder / "jfk.flac"]
    return {path.name.split(".")[0]: path for path in found}


def labelled(root: Path) -> Path:
    """The clips with phone labels, as a folder of sounds without participants."""
    lines = data("librispeech", "cpc", "phone_labels.txt").read_text(encoding="utf-8").splitlines()
    labels = {line.split()[0]: line.split()[1:] for line in lines}
    stimuli = root / "stimuli"
    stimuli.mkdir(parents=True, exist_ok=True)
    for name, path in sounds().items():
        if name in labels:
            phones(labels[name]).to_csv(stimuli / f"{name}_phones.tsv", sep="\t", index=False)
            soundfile.write(stimuli / f"{name}.flac", Audio(path=path).load(), RATE)
    return root


def phones(labels: list[str]) -> pd.DataFrame:
    """Runs of equal labels, 10 ms each, as phones; silence is none."""
    edges = [0, *(k for k in range(1, len(labels)) if labels[k] != labels[k - 1]), len(labels)]
    rows = [(f"class{labels[a]}", a / 100, b / 100) for a, b in pairwise(edges) if labels[a] != SILENCE]
    return pd.DataFrame(rows, columns=["phone", "onset", "offset"])


def listened(root: Path, cache: Path) -> Path:
    """All clips with aligned words and simulated listeners, in the plain layout.

    Args:
        root: Of the data set; what stands there is kept.
        cache: Of features.
    """
    if (root / "sub-04" / "events.tsv").is_file():
        return root
    stimuli = root / "stimuli"
    stimuli.mkdir(parents=True, exist_ok=True)
    for name, words in words_of(sounds(), model("whisper_tiny_en")).items():
        words.to_csv(stimuli / f"{name}_words.tsv", sep="\t", index=False)
        soundfile.write(stimuli / f"{name}.flac", Audio(path=sounds()[name]).load(), RATE)
    drives = {region: driving(root, region, cache) for region in REGIONS}
    for person in range(PEOPLE):
        simulate(root / f"sub-{person + 1:02d}", drives, np.random.default_rng([0, person]))
    return root


def driving(root: Path, region: str, cache: Path) -> dict[str, NDArray[np.float64]]:
    """Stimulus -> (frames, components) what drives a region: the leading components of a representation, each of variance 1."""
    from brainalign.assembly import represent
    from brainalign.config import composed
    from brainalign.data.folder import read_folder

    words = {"sound": ("model=mel",), "speech": WHISPER, "words": SMOLLM2}[region]
    config = composed(
        [
            *map(os.path.expandvars, words),
            "analysis=extract",
            "data=folder",
            f"data.root={root}",
            f"paths.cache={cache}",
        ]
    )
    dataset = read_folder(root, responses=False)
    grids = {s: FrameGrid.speech(stimulus.duration) for s, stimulus in dataset.stimuli.items()}
    features = represent(config, config.model, dataset).features(LAYERS.get(region, 0), grids).values
    rows = np.vstack(list(features.values())).astype(np.float64)
    mean, sd = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    _, _, axes = np.linalg.svd((rows - mean) / sd, full_matrices=False)
    kept = {s: (v - mean) / sd @ axes[:COMPONENTS].T for s, v in features.items()}
    spread = np.vstack(list(kept.values())).std(axis=0)
    return {s: v / spread for s, v in kept.items()}


def simulate(folder: Path, drives: Mapping[str, Mapping[str, NDArray[np.float64]]], rng: np.random.Generator) -> None:
    """One listener of one run: every clip once, and the first three of them twice more, at 50 Hz.

    Args:
        folder: ``sub-XX``.
        drives: Region -> stimulus -> what drives it.
        rng: Of weights and noise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = list(drives["sound"])
    channels, events, parts = [], [], []
    weights = {}
    for region in REGIONS:
        for k in range(PER_REGION):
            channels.append((f"{region}{k}", region))
            weights[f"{region}{k}"] = rng.normal(size=(KERNEL, COMPONENTS))
    at = 1.0
    signals = {
        s: np.column_stack([response(drives[region][s], weights[name]) for name, region in channels]) for s in names
    }
    spread = np.vstack(list(signals.values())).std(axis=0)
    noise = np.sqrt((1 - SHARE) / SHARE)
    for name in [*names, *names[:3], *names[:3]]:
        n = len(signals[name])
        length = (n - 1) / 50 + 0.025
        events.append((round(at - 0.0125, 4), name))
        parts.append((round(at * 50), signals[name] / spread))
        at += np.ceil(length) + 1.0
    total = rng.normal(scale=noise, size=(int(at * 50), len(channels)))
    for first, signal in parts:
        total[first : first + len(signal)] += signal
    pd.DataFrame(channels, columns=["name", "region"]).to_csv(folder / "channels.tsv", sep="\t", index=False)
    table = pd.DataFrame(events, columns=["onset", "stimulus"])
    table.insert(1, "duration", "n/a")
    table.to_csv(folder / "events.tsv", sep="\t", index=False)
    np.save(folder / "run-1_responses.npy", total.astype(np.float32))
    (folder / "run-1_responses.json").write_text(json.dumps({"SamplingFrequency": 50.0}), encoding="utf-8")


def response(drive: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) the drive through a causal kernel.

    Args:
        drive: (T, components).
        weights: (lags, components).
    """
    return np.sum([np.r_[np.zeros(k), (drive @ w)[: len(drive) - k]] for k, w in enumerate(weights)], axis=0)
