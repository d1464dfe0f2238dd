"""Cluster-based permutation over sensors and lags: seconds of stats.cluster_test, by method.

    python -m benchmarks.clusters [--sensors 64] [--lags 100] [--participants 20] [--permutations 10000] [--write]

Simulated smooth noise on the unit sphere; MNE finds the clusters, one thread.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from benchmarks.machine import describe
from benchmarks.results import RESULTS, markdown_table, write_section
from brainalign.stats import cluster_test, neighbours


def main() -> None:
    """Measure, print and, with --write, put the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("sensors", 64), ("lags", 100), ("participants", 20), ("permutations", 10_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--methods", default="cluster,max_t", help="of cluster, tfce (a quarter of an hour), max_t")
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file with the results")
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    positions = rng.normal(size=(given.sensors, 3))
    near = neighbours(positions / np.linalg.norm(positions, axis=1)[:, None], 0.45)
    maps = gaussian_filter1d(rng.normal(size=(given.participants, given.sensors, given.lags)), 3, axis=2)
    cluster_test(maps[:6, :, :5], near, permutations=10)  # loads MNE
    rows = []
    for method in given.methods.split(","):
        begun = time.perf_counter()
        found = cluster_test(maps, near, method, permutations=given.permutations)
        rows.append([method, f"{time.perf_counter() - begun:.3g}", f"{found.p.min():.3g}"])
    table = markdown_table(["method", "seconds", "smallest p found"], rows)
    print(table)
    if given.write:
        sizes = " ".join(f"--{n} {getattr(given, n)}" for n in ("sensors", "lags", "participants", "permutations"))
        body = [
            "## Cluster-based permutation",
            f"`python -m benchmarks.clusters {sizes} --methods {given.methods} --write`",
            f"Simulated smooth noise of {given.participants} participants, {given.sensors} sensors x {given.lags} lags, "
            f"{given.permutations:,} sign flips (max_t: 50,000).",
            describe(["brainalign", "mne", "numpy", "scipy"], 1),
            table,
        ]
        write_section("clusters", "\n\n".join(body), given.results)


if __name__ == "__main__":
    main()
