"""How far three trained models in half precision lie from themselves in float32, layer by layer, on real words and sounds.

    BRAINALIGN_TEST_DATA=... BRAINALIGN_TEST_MODELS=... python -m benchmarks.precision [--write]

Words: the first 1,000 of the podcast's transcript, in stimuli of 50. Sounds: LibriSpeech clips, the first minute. The measure is that
of every run with ``features.precision`` (:func:`brainalign.features.precision.deviation`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.machine import describe
from benchmarks.real import data, model
from benchmarks.real.clips import sounds
from benchmarks.results import markdown_table, write_section
from brainalign.data.sound.audio import Audio
from brainalign.data.types import Stimulus
from brainalign.features.base import Rows
from brainalign.features.checkpoints.checkpoint import Loading
from brainalign.features.language.model import LanguageModel
from brainalign.features.precision import PROVEN, deviation
from brainalign.features.speech.model import SpeechModel

MODELS = {
    "SmolLM2-135M": (LanguageModel, "smollm2_135m"),
    "MiniLM": (LanguageModel, "minilm"),
    "Whisper tiny.en, encoder": (SpeechModel, "whisper_tiny_en"),
}
COARSE = ("bfloat16", "float16")
WORDS, EACH, SECONDS = 1000, 50, 60.0
HEADER = ["model", "precision", "smallest", "largest", "layer of it", f"layers beyond {PROVEN:g}"]


def main() -> None:
    """Measure, print and, with --write, put the tables into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    given = parser.parse_args()
    stimuli = {LanguageModel: words(), SpeechModel: clips()}
    rows, layers = [], []
    for name, (kind, folder) in MODELS.items():
        exact = extracted(kind, model(folder), "float32", stimuli[kind])
        for precision in COARSE:
            coarse = extracted(kind, model(folder), precision, stimuli[kind])
            found = {n: deviation(coarse[n], exact[n]) or 0.0 for n in exact}
            worst, beyond = max(found, key=lambda n: found[n]), [n for n in found if found[n] > PROVEN]
            smallest = f"{min(found.values()):.4f}"
            rows.append([name, precision, smallest, f"{found[worst]:.4f}", str(worst), ranges(beyond) or "none"])
            layers.append([name, precision, " ".join(f"{value:.4f}" for value in found.values())])
    table = Table(*HEADER)
    for cells in rows:
        table.add_row(*cells)
    Console(width=140).print(table)
    if given.write:
        body = [
            "## Precision of models",
            "`python -m benchmarks.precision --write`",
            "Root mean square difference from float32 in units of each dimension's spread, over real words (the podcast's first "
            f"{WORDS}, {EACH} a stimulus) and real sounds (LibriSpeech, {SECONDS:g} s), on the CPU.",
            describe(["brainalign", "torch", "transformers"], threads=1),
            markdown_table(HEADER, rows),
            "All layers, from 0:",
            markdown_table(["model", "precision", "by layer"], layers),
        ]
        write_section("precision", "\n\n".join(body))


def words() -> list[Stimulus]:
    """The podcast's words, in stimuli of some."""
    table = pd.read_csv(data("podcast", "gpt2-xl.tsv"), sep="\t", quoting=3, keep_default_na=False)
    spoken = table.drop_duplicates("word_idx")["word"].tolist()[:WORDS]
    parts = [spoken[k : k + EACH] for k in range(0, len(spoken), EACH)]
    return [Stimulus(f"s{k}", 0.5 * len(part) + 0.5, timed(part)) for k, part in enumerate(parts)]


def timed(spoken: Sequence[str]) -> pd.DataFrame:
    """Words, one each half second."""
    onset = [0.5 * k for k in range(len(spoken))]
    return pd.DataFrame({"word": spoken, "onset": onset, "offset": [t + 0.4 for t in onset]})


def clips() -> list[Stimulus]:
    """LibriSpeech's clips until there are enough seconds."""
    found: list[Stimulus] = []
    for name, path in sounds().items():
        if sum(s.duration for s in found) < SECONDS:
            audio = Audio(path=path)
            found.append(Stimulus(name, audio.duration, audio=audio))
    return found


def extracted(
    kind: type[LanguageModel] | type[SpeechModel], folder: Path, precision: str, stimuli: Sequence[Stimulus]
) -> dict[int, dict[str, Rows]]:
    """Layer -> stimulus -> rows."""
    extractor = kind.from_folder(folder, folder.name, Loading(precision=precision))
    found: dict[int, dict[str, Rows]] = {n: {} for n in extractor.layers}
    for name, layers in extractor.extract(stimuli):
        for n, rows in layers.items():
            found[n][name] = rows
    return found


def ranges(layers: Sequence[int]) -> str:
    """Layers, runs of them as from-to.

    Example:
        >>> ranges([1, 2, 3, 7])
        '1-3, 7'
    """
    runs: list[list[int]] = []
    for n in layers:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


if __name__ == "__main__":
    main()
