"""Debiased CKA from moments beside the kernels of rows by rows that peers build, and all layers of two base models.

    python -m benchmarks.similarity [--rows 12000] [--layers 2] [--rounds 3] [--whole] [--write]

Layers are noise with a common part, 768 dimensions, float32. ``--whole`` adds 13 x 13 layers over 58,943 rows, ours alone: kernels of so
many rows have 13 GiB each. The literal way is the papers' formula in numpy; pytorch-cka runs where it is installed (1.1.3 was tried).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.history import record
from benchmarks.machine import describe, hardware
from benchmarks.memory import Peak
from benchmarks.results import RESULTS, markdown_table, write_section
from brainalign.analysis.geometry.measures import Side, all_rows_cka

DIMS, WHOLE, LAYERS = 768, 58_943, 13
HEADER = ["what", "rows", "layers", "seconds", "x time", "MiB", "x memory", "largest difference"]
Layers = list[NDArray[np.float32]]


def main() -> None:
    """Measure, print and, with --write, put the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=12_000)
    parser.add_argument("--layers", type=int, default=2, help="of each side, in the race")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--whole", action="store_true", help=f"{LAYERS} x {LAYERS} layers over {WHOLE} rows as well")
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    given = parser.parse_args()
    threadpool_limits(2)
    ways: dict[str, Callable[[Layers, Layers], NDArray[np.float64]]] = {"brainalign": ours, "kernels in numpy": literal}
    try:
        from cka import cka_from_features  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        told = "pytorch-cka was not installed."
    else:
        import torch

        def peer(x: Layers, y: Layers) -> NDArray[np.float64]:
            return (
                cka_from_features([torch.from_numpy(a) for a in x], [torch.from_numpy(b) for b in y])
                .numpy()
                .astype(float)
            )

        ways["pytorch-cka"], told = peer, "pytorch-cka sets negative values to 0; none is here."
    x, y = layers(given.rows, given.layers, 0), layers(given.rows, given.layers, 1)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    memory, values = {}, {}
    for _ in range(given.rounds):
        for name, way in ways.items():
            begun = time.perf_counter()
            with Peak() as peak:
                values[name] = way(x, y)
            seconds[name].append(time.perf_counter() - begun)
            memory[name] = max(memory.get(name, 1), peak.above or 1)
    rows = []
    for name in ways:
        pairs = zip(seconds[name], seconds["brainalign"], strict=True)
        ratio = statistics.median(a / b for a, b in pairs)
        difference = float(np.abs(values[name] - values["kernels in numpy"]).max())
        rows.append(
            [
                name, f"{given.rows}", f"{given.layers} x {given.layers}", f"{min(seconds[name]):.3g}", f"{ratio:.3g}",
                f"{memory[name] / 2**20:.1f}", f"{memory[name] / memory['brainalign']:.3g}", f"{difference:.1e}",
            ]
        )  # fmt: skip
    del x, y
    if given.whole:
        begun = time.perf_counter()
        with Peak() as peak:
            ours(layers(WHOLE, LAYERS, 0, lazily=True), layers(WHOLE, LAYERS, 1, lazily=True))
        rows.append(
            ["brainalign, features made within", f"{WHOLE}", f"{LAYERS} x {LAYERS}", f"{time.perf_counter() - begun:.3g}", "-",
             f"{(peak.above or 0) / 2**20:.0f}", "-", "-"]
        )  # fmt: skip
    table = Table(*HEADER, title="Debiased CKA")
    for cells in rows:
        table.add_row(*cells)
    Console(width=140).print(table)
    if given.write:
        command = f"--rows {given.rows} --layers {given.layers} --rounds {given.rounds}{' --whole' * given.whole}"
        body = [
            "## Similarity",
            f"`python -m benchmarks.similarity {command} --write`",
            f"Debiased CKA of every layer with every layer, {DIMS} dimensions, float32. The fastest of interleaved rounds; ratios of time "
            f"are the median of theirs; memory is the peak above the features; differences are from numpy's kernels in float64. {told}",
            describe(["brainalign", "numpy", "torch"], threads=2),
            markdown_table(HEADER, rows),
        ]
        write_section("similarity", "\n\n".join(body))
        mine = seconds.pop("brainalign")
        ratios = {name: [a / b for a, b in zip(took, mine, strict=True)] for name, took in seconds.items()}
        record(
            RESULTS.parent, "similarity", f"{given.rows} rows, {given.layers} layers, {DIMS} dims", hardware(2), ratios
        )


class Lazy(list[NDArray[np.float32]]):
    """Layers that are made when they are read, one at a time."""

    def __init__(self, n: int, count: int, seed: int) -> None:
        super().__init__([np.empty(0, np.float32)] * count)
        self._n, self._seed = n, seed

    def __getitem__(self, place: int) -> NDArray[np.float32]:  # type: ignore[override]
        return layer(self._n, self._seed, place)


def layers(n: int, count: int, seed: int, lazily: bool = False) -> Layers:
    """Layers of one model: what all share, and noise of their own."""
    return Lazy(n, count, seed) if lazily else [layer(n, seed, place) for place in range(count)]


def layer(n: int, seed: int, place: int) -> NDArray[np.float32]:
    """(n, DIMS) a common part of 20 dimensions, mixed, and noise."""
    common = np.random.default_rng(7).standard_normal((n, 20), dtype=np.float32)
    rng = np.random.default_rng([seed, place])
    noise = rng.standard_normal((n, DIMS), dtype=np.float32)
    noise += common @ rng.standard_normal((20, DIMS), dtype=np.float32) / 5
    return noise


def ours(x: Layers, y: Layers) -> NDArray[np.float64]:
    """As analysis=geometry does it."""
    return all_rows_cka(*(Side(name, range(len(side)), side.__getitem__) for name, side in (("x", x), ("y", y))))


def literal(x: Layers, y: Layers) -> NDArray[np.float64]:
    """The papers' formula on kernels of rows by rows."""

    def kernel(rows: NDArray[np.float32]) -> NDArray[np.float64]:
        found = rows.astype(np.float64) @ rows.T.astype(np.float64)
        np.fill_diagonal(found, 0.0)
        return found

    def hsic(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        n = len(a)
        whole = a.sum() * b.sum() / ((n - 1) * (n - 2))
        return float(((a * b).sum() + whole - 2 / (n - 2) * (a.sum(axis=0) @ b.sum(axis=0))) / (n * (n - 3)))

    left, right = [kernel(a) for a in x], [kernel(b) for b in y]
    own = [[hsic(k, k) for k in side] for side in (left, right)]
    return np.array(
        [
            [hsic(a, b) / np.sqrt(p * q) for b, q in zip(right, own[1], strict=True)]
            for a, p in zip(left, own[0], strict=True)
        ]
    )


if __name__ == "__main__":
    main()
