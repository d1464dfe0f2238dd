"""analysis=describe on a folder of 1,000 stimuli: reading it, its digest, and the description.

    python -m benchmarks.describe [--stimuli 1000] [--participants 4] [--electrodes 64] [--write]

A stimulus is 3 s of noise with 9 words and 36 phones in TextGrids or tables, half and half; each participant heard
all of them in one run of
high gamma at 100 Hz. Files are written first, so that they are in the page cache when the clock starts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from rich.console import Console
from rich.table import Table

from benchmarks.child import answer, run_child
from benchmarks.machine import describe
from benchmarks.memory import Peak
from benchmarks.results import RESULTS, markdown_table, write_section
from brainalign.analysis.describe.tables import describe as describe_data
from brainalign.data.folder import read_folder

SECONDS, GAP, WORDS, PHONES, RATE = 3.0, 0.5, 9, 4, 100
HEADER = ["stage", "seconds"]


def spans(label: str, names: list[str]) -> pd.DataFrame:
    """A table of equally long spans over 3 s, half a second of silence at either end."""
    edges = np.linspace(0.5, SECONDS - 0.5, len(names) + 1).round(3)
    return pd.DataFrame({label: names, "onset": edges[:-1], "offset": edges[1:]})


def textgrid(words: pd.DataFrame, phones: pd.DataFrame) -> str:
    """Both as tiers of Praat's long format."""
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {SECONDS}",
        "tiers? <exists>",
        "size = 2",
        "item []:",
    ]
    for i, (name, table) in enumerate((("words", words), ("phones", phones)), 1):
        rows = (
            [(0.0, 0.5, "")]
            + [tuple(r) for r in table[["onset", "offset", table.columns[0]]].to_numpy()]
            + [(SECONDS - 0.5, SECONDS, "")]
        )
        lines += [
            f"item [{i}]:",
            'class = "IntervalTier"',
            f'name = "{name}"',
            "xmin = 0",
            f"xmax = {SECONDS}",
            f"intervals: size = {len(rows)}",
        ]
        for j, (begin, end, text) in enumerate(rows, 1):
            lines += [f"intervals [{j}]:", f"xmin = {begin}", f"xmax = {end}", f'text = "{text}"']
    return "\n".join(lines) + "\n"


def write(root: Path, stimuli: int, participants: int, electrodes: int) -> None:
    """The folder, in the plain layout."""
    rng = np.random.default_rng(0)
    (root / "stimuli").mkdir(parents=True)
    for i in range(stimuli):
        words = spans("word", [f"word{n}" for n in rng.integers(0, 2000, WORDS)])
        phones = spans("phone", ["AA", "B", "K", "S"] * (WORDS * PHONES // 4))
        path = root / "stimuli" / f"s{i:04d}"
        soundfile.write(path.with_suffix(".wav"), 0.1 * rng.standard_normal(round(SECONDS * 16_000)), 16_000)
        if i % 2:
            path.with_suffix(".TextGrid").write_text(textgrid(words, phones))
        else:
            words.to_csv(f"{path}_words.tsv", sep="\t", index=False)
            phones.to_csv(f"{path}_phones.tsv", sep="\t", index=False)
    period = SECONDS + GAP
    for s in range(participants):
        folder = root / f"sub-{s + 1:02d}"
        folder.mkdir()
        names = [f"e{n}" for n in range(electrodes)]
        pd.DataFrame({"name": names, "region": ["STG", "IFG"] * (electrodes // 2)}).to_csv(
            folder / "channels.tsv", sep="\t", index=False
        )
        order = rng.permutation(stimuli)
        events = pd.DataFrame(
            {"onset": 1 + period * np.arange(stimuli), "duration": SECONDS, "stimulus": [f"s{i:04d}" for i in order]}
        )
        events.to_csv(folder / "events.tsv", sep="\t", index=False)
        np.save(
            folder / "run-1_responses.npy",
            rng.standard_normal((round((period * stimuli + 2) * RATE), electrodes), dtype=np.float32),
        )
        (folder / "run-1_responses.json").write_text(f'{{"SamplingFrequency": {RATE}}}')


def child(root: Path, out: Path) -> None:
    """Read, digest and describe, in this process; libraries are loaded before the clock starts."""
    with tempfile.TemporaryDirectory() as small:
        write(Path(small) / "data", 4, 1, 2)
        describe_data(read_folder(Path(small) / "data"))
    stages = {}
    with Peak() as peak:
        begun = time.perf_counter()
        dataset = read_folder(root)
        stages["reading"] = time.perf_counter() - begun
        begun = time.perf_counter()
        dataset.digest  # noqa: B018  of all that was read
        stages["digest"] = time.perf_counter() - begun
        begun = time.perf_counter()
        describe_data(dataset)
        stages["description, its tables and figure"] = time.perf_counter() - begun
    answer(out, {**stages, "bytes": peak.above}, {})


def main() -> None:
    """Measure, print and, with --write, put the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stimuli", type=int, default=1000)
    parser.add_argument("--participants", type=int, default=4)
    parser.add_argument("--electrodes", type=int, default=64)
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.root:
        child(given.root, given.out)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        write(root, given.stimuli, given.participants, given.electrodes)
        found = run_child("benchmarks.describe", ["--root", str(root)], 1)
    if found.fault:
        sys.exit(found.fault)
    memory = found.facts.pop("bytes")
    rows = [[stage, f"{seconds:.2f}"] for stage, seconds in found.facts.items()]
    rows.append(["all", f"{sum(found.facts.values()):.2f}"])
    table = Table(*HEADER, title=f"describe, {given.stimuli} stimuli")
    for row in rows:
        table.add_row(*row)
    Console(width=140).print(table)
    if given.write:
        size = f"--stimuli {given.stimuli} --participants {given.participants} --electrodes {given.electrodes}"
        body = [
            "## Describing a data set",
            f"`python -m benchmarks.describe {size} --write`",
            f"{given.stimuli} stimuli of {SECONDS:g} s with {WORDS} words and {WORDS * PHONES} phones (TextGrids and "
            f"tables, half and half), heard by "
            f"{given.participants} participants with {given.electrodes} electrodes at {RATE} Hz; files in the page "
            f"cache, one thread, libraries loaded. "
            f"Peak memory {memory / 2**20:.0f} MiB.",
            describe(["brainalign", "numpy", "pandas"], 1),
            markdown_table(HEADER, rows),
        ]
        write_section("describe", "\n\n".join(body), RESULTS)


if __name__ == "__main__":
    main()
