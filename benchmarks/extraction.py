"""Extraction beside a bare transformers loop over the same inputs; the cache's cost and read speed; strided long texts.

    python -m benchmarks.extraction [--utterances 24] [--rounds 5] [--write]

Models have random weights (throughput does not depend on what they are) but for --model; audio is noise of 2 to 8 s, texts are words
drawn from a short list. The ways run in turn, `rounds` times; ratios are within a round, and their median is printed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.table import Table
from transformers import GPT2Config, GPT2Model, Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

from benchmarks.history import record
from benchmarks.machine import describe, hardware
from benchmarks.results import RESULTS, markdown_table, write_section
from brainalign.data.sound.audio import RATE, Audio
from brainalign.data.types import Stimulus
from brainalign.features.base import Rows
from brainalign.features.cache import FeatureCache
from brainalign.features.checkpoints.tiny import tiny_gpt2
from brainalign.features.language.context import Context
from brainalign.features.language.model import LanguageModel
from brainalign.features.language.subwords import text_of
from brainalign.features.speech.model import SpeechModel

HEADER = ["what", "processor seconds", "against the line it belongs to"]
WORDS = ("time", "people", "water", "little", "house", "because", "between", "the", "of", "and")


def main() -> None:
    """Measure, print and, with --write, put the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--utterances", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--model", type=Path, help="folder of a trained language model, whose short sentences are timed, too"
    )
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    given = parser.parse_args()
    rows = [*speech(given.utterances, given.rounds), *language(given.utterances, given.rounds)]
    rows += [*(trained(given.model, given.utterances, given.rounds) if given.model else []), *reading(given.rounds)]
    table = Table(*HEADER, title="Extraction, random weights")
    for row in rows:
        table.add_row(*row)
    Console(width=140).print(table)
    if given.write:
        body = [
            "## Extraction",
            f"`python -m benchmarks.extraction --utterances {given.utterances} --rounds {given.rounds}"
            f"{f' --model {given.model.name}' if given.model else ''} --write`",
            "Medians of interleaved rounds, in processor seconds since other work ran beside; ratios are taken within a "
            "round. Reads come from the page cache: the disk is not in them.",
            describe(["brainalign", "torch", "transformers", "safetensors", "numpy"], torch.get_num_threads()),
            markdown_table(HEADER, rows),
        ]
        write_section("extraction", "\n\n".join(body))
        record(
            RESULTS.parent, "extraction", f"{given.utterances} utterances", hardware(torch.get_num_threads()), RATIOS
        )


RATIOS: dict[str, list[float]] = {}
"""What was compared -> the first way's time over its own, of each round."""


def compare(ways: dict[str, Callable[[], object]], rounds: int, unit: str, invert: bool = False) -> list[list[str]]:
    """Rows of several ways of one thing; the first is what the others are held against.

    Args:
        ways: Name -> what is timed.
        rounds: How often each runs, in turn.
        unit: What the ratio is called.
        invert: Whether the ratio is of times (the cost of an addition) rather than of speeds.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begun = time.process_time()
            way()
            taken[name].append(time.process_time() - begun)
    first = next(iter(taken.values()))
    found = []
    for name, times in taken.items():
        if times is not first:
            RATIOS[name] = [f / t for f, t in zip(first, times, strict=True)]
        ratio = statistics.median((t / f if invert else f / t) for f, t in zip(first, times, strict=True))
        said = "1" if times is first else f"{ratio:.3g} {unit}"
        found.append([name, f"{statistics.median(times):.3g}", said])
    return found


def speech(utterances: int, rounds: int) -> list[list[str]]:
    """A speech model's layers, and what the cache adds."""
    rng = np.random.default_rng(0)
    stimuli = []
    for i, seconds in enumerate(rng.uniform(2, 8, utterances)):
        samples = rng.normal(scale=0.1, size=round(seconds * RATE)).astype(np.float32)
        stimuli.append(Stimulus(f"s{i}", len(samples) / RATE, audio=Audio(samples=samples)))
    torch.manual_seed(0)
    config = Wav2Vec2Config(hidden_size=384, num_hidden_layers=6, num_attention_heads=6, intermediate_size=1536)
    model, processor = Wav2Vec2Model(config).eval(), Wav2Vec2FeatureExtractor()
    ours = SpeechModel(model, processor, {}, "wav2vec2")
    third = SpeechModel(model, processor, {}, "wav2vec2", layers=[3])
    rows = dict(ours.extract(stimuli))

    def bare() -> None:
        """What a person writes in a notebook: every hidden state of every utterance as an array."""
        with torch.inference_mode():
            for s in stimuli:
                assert s.audio is not None
                inputs = processor(s.audio.load(), sampling_rate=RATE, return_tensors="pt")
                _ = [h[0].numpy() for h in model(**inputs, output_hidden_states=True).hidden_states]

    def cached() -> None:
        with tempfile.TemporaryDirectory() as folder:
            cache = FeatureCache(Path(folder))
            for n in ours.layers:
                cache.write(str(n), {stimulus: layers[n] for stimulus, layers in rows.items()})
                cache.read(str(n))

    audio = sum(s.duration for s in stimuli)
    model_rows = compare(
        {
            f"bare transformers loop, wav2vec 2.0 of 6 layers x 384, {audio:.0f} s of audio": bare,
            "all layers by SpeechModel": lambda: list(ours.extract(stimuli)),
            "layer 3 alone by SpeechModel": lambda: list(third.extract(stimuli)),
        },
        rounds, "x the bare loop's throughput",
    )  # fmt: skip
    cost = compare(
        {"extraction of all layers": lambda: list(ours.extract(stimuli)), "all layers into the cache and back": cached},
        rounds, "of the extraction's time", invert=True,
    )  # fmt: skip
    return [*model_rows, *cost]


def story(n: int) -> Stimulus:
    """A text of n words, two a second."""
    rng = np.random.default_rng(1)
    onset = np.arange(n) / 2.0
    return Stimulus("story", n / 2, pd.DataFrame({"word": rng.choice(WORDS, n), "onset": onset, "offset": onset + 0.4}))


def language(utterances: int, rounds: int) -> list[list[str]]:
    """A language model's layers on short texts, and a long text by strided passes against a pass a word."""
    _, tokenizer = tiny_gpt2()
    torch.manual_seed(0)
    config = GPT2Config(n_embd=384, n_layer=6, n_head=6, vocab_size=len(tokenizer), n_positions=1024)
    model = GPT2Model(config).eval()
    short = [Stimulus(f"s{i}", 20.0, story(12 + i).words) for i in range(utterances)]
    rows = beside_bare(model, tokenizer, f"GPT-2 of 6 layers x 384, {utterances} texts", short, rounds)
    text, passes = story(320), {}

    def counted(stride: int | None) -> Callable[[], object]:
        reader = LanguageModel(model, tokenizer, {}, "gpt2", context=Context("window", words=32, stride=stride))
        calls = [0]
        handle = model.register_forward_pre_hook(lambda *_: calls.__setitem__(0, calls[0] + 1))
        list(reader.extract([text]))
        handle.remove()
        passes[stride] = calls[0]
        return lambda: list(reader.extract([text]))

    ways = {stride: counted(stride) for stride in (1, None)}
    names = {s: f"320 words, 32 words of context{'' if s else ' at least'}: {passes[s]} forward passes" for s in ways}
    rows += compare({names[s]: way for s, way in ways.items()}, min(rounds, 2), "x as fast")
    rows[-1][2] += f", {passes[1] / passes[None]:.1f} x fewer passes"
    return rows


def trained(folder: Path, utterances: int, rounds: int) -> list[list[str]]:
    """Sentences of 5 to 14 words by a trained model, whose tokenizer has a sub-word or two a word."""
    from transformers import AutoModel, AutoTokenizer

    model: Any = AutoModel.from_pretrained(folder, dtype=torch.float32)
    lengths = np.random.default_rng(0).integers(5, 15, utterances)
    short = [Stimulus(f"s{i}", n / 2, story(int(n)).words) for i, n in enumerate(lengths)]
    what = f"{folder.name} in float32, {utterances} sentences of 5 to 14 words"
    return beside_bare(model.eval(), AutoTokenizer.from_pretrained(folder), what, short, rounds)


def beside_bare(model: Any, tokenizer: Any, what: str, texts: Sequence[Stimulus], rounds: int) -> list[list[str]]:
    """All layers of texts by the loop that a person writes in a notebook, and by ours."""
    ours = LanguageModel(model, tokenizer, {}, "language")

    def bare() -> None:
        with torch.inference_mode():
            for s in texts:
                ids = tokenizer(text_of(s.words["word"].tolist())[0], return_tensors="pt")["input_ids"]
                _ = [h[0].numpy() for h in model(ids, output_hidden_states=True).hidden_states]

    ways = {
        f"bare transformers loop, {what}": bare,
        f"all layers by LanguageModel, pooled over words, {what.split()[0]}": lambda: list(ours.extract(texts)),
    }
    return compare(ways, rounds, "x the bare loop's throughput")


def reading(rounds: int) -> list[list[str]]:
    """A cached layer of 256 MB, read and summed, against the same values in an .npy file."""
    n, frames = 64, 1_300
    values = np.random.default_rng(0).normal(size=(frames, 768)).astype(np.float32)
    rows = {f"s{i}": Rows(values, np.arange(float(frames)), np.arange(float(frames))) for i in range(n)}
    with tempfile.TemporaryDirectory() as folder:
        FeatureCache(Path(folder)).write("k", rows)
        plain = Path(folder) / "plain.npy"
        np.save(plain, np.concatenate([r.values for r in rows.values()]))
        known = FeatureCache(Path(folder))
        known.read("k")

        def touch(cache: FeatureCache) -> float:
            found = cache.read("k")
            assert found is not None
            return sum(float(r.values.sum()) for r in found.values())

        return compare(
            {
                f"np.load of {plain.stat().st_size / 1e6:.0f} MB, and their sum": lambda: float(np.load(plain).sum()),
                "the same as a cached layer, first read (checksum)": lambda: touch(FeatureCache(Path(folder))),
                "the same as a cached layer, later reads": lambda: touch(known),
            },
            rounds, "x as fast",
        )  # fmt: skip


if __name__ == "__main__":
    main()
