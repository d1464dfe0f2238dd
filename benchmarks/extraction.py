"""Extraction against a bare transformers loop over the same inputs; what the cache costs; how fast a layer is read.

    python benchmarks/extraction.py [--utterances 24] [--rounds 5] [--layers 6] [--width 384] [--device cpu]

The model has wav2vec 2.0's convolutions and random weights (throughput does not depend on what they are); audio is
noise of 2 to 8 s. The ways run in turn, `rounds` times; ratios are within a round, and their median is printed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

from brainalign.data.audio import RATE, Audio
from brainalign.data.types import Stimulus
from brainalign.features.base import Rows
from brainalign.features.cache import FeatureCache
from brainalign.features.speech import SpeechModel


def bare_loop(model: Wav2Vec2Model, processor: Wav2Vec2FeatureExtractor, stimuli: list[Stimulus]) -> None:
    """What a person writes in a notebook: every hidden state of every utterance as an array."""
    found = {}
    with torch.inference_mode():
        for stimulus in stimuli:
            inputs = processor(stimulus.audio.samples, sampling_rate=RATE, return_tensors="pt").to(model.device)
            out = model(**inputs, output_hidden_states=True)
            found[stimulus.id] = [h[0].cpu().numpy() for h in out.hidden_states]


def timed(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("utterances", 24), ("rounds", 5), ("layers", 6), ("width", 384)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    stimuli = []
    for i, seconds in enumerate(rng.uniform(2, 8, given.utterances)):
        samples = rng.normal(scale=0.1, size=round(seconds * RATE)).astype(np.float32)
        stimuli.append(Stimulus(f"s{i}", len(samples) / RATE, audio=Audio(samples=samples)))
    torch.manual_seed(0)
    config = Wav2Vec2Config(
        hidden_size=given.width,
        num_hidden_layers=given.layers,
        num_attention_heads=6,
        intermediate_size=4 * given.width,
    )
    model, processor = Wav2Vec2Model(config).eval().to(given.device), Wav2Vec2FeatureExtractor()
    ours = SpeechModel(model, processor, {}, "wav2vec2", device=given.device)
    deepest = given.layers // 2
    half = SpeechModel(model, processor, {}, "wav2vec2", layers=[deepest], device=given.device)

    def cached() -> None:
        """What the cache adds to an extraction: every layer written, then read with its checksum."""
        with tempfile.TemporaryDirectory() as folder:
            cache = FeatureCache(Path(folder))
            for n in ours.layers:
                cache.write(str(n), {stimulus: layers[n] for stimulus, layers in rows.items()})
                cache.read(str(n))

    ways: dict[str, Callable[[], object]] = {
        "bare transformers loop": lambda: bare_loop(model, processor, stimuli),
        "SpeechModel.extract": lambda: list(ours.extract(stimuli)),
        f"SpeechModel.extract, layer {deepest} alone": lambda: list(half.extract(stimuli)),
        "all layers into the cache and back": cached,
    }
    rows = dict(ours.extract(stimuli))
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name, way in ways.items():
            times[name].append(timed(way))
    audio = sum(s.duration for s in stimuli)
    bare, extract, _, cache = times.values()
    for name, taken in times.items():
        ratio = statistics.median(b / t for b, t in zip(bare, taken, strict=True))
        print(f"{name:45s} {statistics.median(taken):7.3f} s  throughput {ratio:.3f} x the bare loop")
    overhead = statistics.median(c / e for c, e in zip(cache, extract, strict=True))
    print(f"{audio:.0f} s of audio; cache overhead: {100 * overhead:.1f} % of the extraction")
    read_speed(given.rounds)


def read_speed(rounds: int) -> None:
    """A cached layer of 256 MB, read and summed, against the same values in an .npy file."""
    n, frames = 64, 1_300
    values = np.random.default_rng(0).normal(size=(frames, 768)).astype(np.float32)
    rows = {f"s{i}": Rows(values, np.arange(float(frames)), np.arange(float(frames))) for i in range(n)}
    with tempfile.TemporaryDirectory() as folder:
        FeatureCache(Path(folder)).write("k", rows)
        (file,) = Path(folder).rglob("*.safetensors")
        size = file.stat().st_size / 1e6
        plain_file = Path(folder) / "plain.npy"
        np.save(plain_file, np.concatenate([r.values for r in rows.values()]))
        known = FeatureCache(Path(folder))
        known.read("k")

        def touch(cache: FeatureCache) -> float:
            return sum(float(r.values.sum()) for r in cache.read("k").values())

        ways = {
            "np.load and sum": lambda: float(np.load(plain_file).sum()),
            "cached layer, first read (checksum) and sum": lambda: touch(FeatureCache(Path(folder))),
            "cached layer, later reads and sum": lambda: touch(known),
        }
        taken = {name: statistics.median(timed(way) for _ in range(rounds)) for name, way in ways.items()}
    plain = next(iter(taken.values()))
    for name, middle in taken.items():
        print(
            f"{name:45s} {size / middle:7.0f} MB/s  {plain / middle:.2f} of plain reading ({size:.0f} MB, in the page cache)"
        )


if __name__ == "__main__":
    main()
