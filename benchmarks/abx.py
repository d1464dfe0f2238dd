"""ABX of one layer beside a plain implementation, pair by pair: scipy's cdist and the double loop of the warping.

    python -m benchmarks.abx [--triplets 10000] [--plain 200] [--rounds 3] [--write]

Frames are noise: 2,000 phones of 10 to 25 frames in 768 dimensions, float32. The plain way does a part of the triplets; both are in
triplets a second, and the ratio is within a round.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from benchmarks.history import record
from benchmarks.machine import describe, hardware
from benchmarks.results import RESULTS, markdown_table, write_section
from brainalign.linalg.dtw import pair_distances

PHONES, DIMS = 2_000, 768
HEADER = ["what", "triplets", "seconds", "triplets a second", "times as fast"]


def main() -> None:
    """Measure, check that both agree, print and, with --write, put the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triplets", type=int, default=10_000)
    parser.add_argument("--plain", type=int, default=200, help="triplets that the plain way does")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    segments = [rng.normal(size=(n, DIMS)).astype(np.float32) for n in rng.integers(10, 26, PHONES)]
    triplets = rng.integers(0, PHONES, size=(given.triplets, 3))
    ours, plain = [], []
    threadpool_limits(1)
    for _ in range(given.rounds):
        begun = time.perf_counter()
        found = deltas(segments, triplets)
        ours.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        expected = plain_deltas(segments, triplets[: given.plain])
        plain.append(time.perf_counter() - begun)
        np.testing.assert_allclose(found[: given.plain], expected, atol=1e-9)
    ratios = [p / given.plain * given.triplets / o for p, o in zip(plain, ours, strict=True)]
    rows = [
        row("brainalign, pairs of similar lengths together", given.triplets, ours, f"{statistics.median(ratios):.3g}"),
        row("cdist and a double loop, pair by pair", given.plain, plain, "1"),
    ]
    table = Table(*HEADER, title="ABX, one layer")
    for cells in rows:
        table.add_row(*cells)
    Console(width=140).print(table)
    if given.write:
        command = f"--triplets {given.triplets} --plain {given.plain} --rounds {given.rounds}"
        body = [
            "## ABX",
            f"`python -m benchmarks.abx {command} --write`",
            f"Deltas of one layer (cosine, {PHONES} phones of 10 to 25 frames, {DIMS} dimensions, float32). The fastest of interleaved "
            "rounds; the ratio is the median of theirs; the two agree to 1e-9.",
            describe(["brainalign", "numpy", "scipy"], threads=1),
            markdown_table(HEADER, rows),
        ]
        write_section("abx", "\n\n".join(body))
        record(RESULTS.parent, "abx", f"{given.triplets} triplets, {DIMS} dims", hardware(1), {"pair by pair": ratios})


def row(what: str, triplets: int, seconds: list[float], ratio: str) -> list[str]:
    """One line of the table."""
    fastest = min(seconds)
    return [what, f"{triplets}", f"{fastest:.3g}", f"{triplets / fastest:.0f}", ratio]


def deltas(segments: Sequence[NDArray[np.float32]], triplets: NDArray[np.int64]) -> NDArray[np.float64]:
    """d(B, X) - d(A, X) of triplets (a, b, x), as the analysis does it."""
    pairs, back = np.unique(np.concatenate([triplets[:, [0, 2]], triplets[:, [1, 2]]]), axis=0, return_inverse=True)
    near, far = pair_distances(segments, pairs)[back.ravel()].reshape(2, -1)
    return np.asarray(far - near)


def plain_deltas(segments: Sequence[NDArray[np.float32]], triplets: NDArray[np.int64]) -> NDArray[np.float64]:
    """The same, pair by pair and cell by cell."""
    return np.array([plain_dtw(segments[b], segments[x]) - plain_dtw(segments[a], segments[x]) for a, b, x in triplets])


def plain_dtw(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    """Mean distance along the cheapest path, as a person writes it."""
    cost = cdist(x, y, "cosine").tolist()
    total: list[list[tuple[float, int]]] = []
    for i, own in enumerate(cost):
        total.append([])
        for j, here in enumerate(own):
            steps = [total[a][b] for a, b in ((i - 1, j - 1), (i, j - 1), (i - 1, j)) if a >= 0 and b >= 0]
            before, cells = min(steps, key=lambda step: step[0]) if steps else (0.0, 0)
            total[i].append((before + here, cells + 1))
    sums, length = total[-1][-1]
    return sums / length


if __name__ == "__main__":
    main()
