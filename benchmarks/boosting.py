"""BoostingTRF beside Eelbrain's boosting, on the same partitions: seconds of both, and how far their weights are apart.

    python -m benchmarks.boosting [--minutes 10] [--features 8] [--lags 32] [--electrodes 8] [--python PATH] [--write]

Simulated presentations of a minute at 64 Hz with sparse responses; each in turn says stop. Both read arrays in memory, with as
many threads. Eelbrain 0.41 asks for libraries of its own: ``--python`` names an interpreter that has it (``pip install
eelbrain==0.41.2`` in an environment of its own); without it brainalign runs alone. Compiling is not timed, on either side.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.history import record
from benchmarks.machine import describe, hardware
from benchmarks.results import RESULTS, markdown_table, write_section

RATE = 64
EELBRAIN = """
import sys, time
import eelbrain
import numpy as np
from eelbrain import NDVar, UTS, Case, Scalar

inputs, error, threads, lags, rate = np.load(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
eelbrain.configure(n_workers=threads)
x, y = inputs["x"], inputs["y"]
frames = UTS(0, 1 / rate, x.shape[1])
predictors = [NDVar(np.ascontiguousarray(x[..., i]), (Case, frames), name=f"x{i}") for i in range(x.shape[2])]
response = NDVar(np.ascontiguousarray(y.transpose(0, 2, 1)), (Case, Scalar("channel", range(y.shape[2])), frames), name="y")
begun = time.perf_counter()
found = eelbrain.boosting(response, predictors, 0, lags / rate, error=error, partitions=len(x))
seconds = time.perf_counter() - begun
weights = np.stack([h.get_data(("time", "channel")) for h in found.h_scaled], 1)
np.savez(sys.argv[6], weights=weights, seconds=seconds, version=eelbrain.__version__)
"""


def simulate(
    minutes: int, features: int, lags: int, electrodes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(minutes, T, d) smooth features and (minutes, T, c) responses: three lags a feature and electrode, in twice as much noise."""
    rng, n = np.random.default_rng(0), 60 * RATE
    x = np.apply_along_axis(
        lambda v: np.convolve(v, np.hanning(10), "same"), 1, rng.normal(size=(minutes, n, features))
    )
    kernel = np.zeros((lags, features, electrodes))
    for i in range(features):
        for e in range(electrodes):
            kernel[rng.choice(lags, 3, replace=False), i, e] = rng.normal(size=3)
    y = np.zeros((minutes, n, electrodes))
    for k in range(lags):
        y[:, k:] += x[:, : n - k] @ kernel[k]
    return x, y + 2 * y.std() * rng.normal(size=y.shape)


def ours(
    x: NDArray[np.float64], y: NDArray[np.float64], error: str, lags: int
) -> tuple[float, NDArray[np.float64], float]:
    """Seconds, weights, and steps of a growth."""
    from brainalign import BoostingTRF

    n = len(x)
    cv = [([j for j in range(n) if j != i], [i]) for i in range(n)]
    BoostingTRF(0.0, 0.0, RATE, error=error, cv=2).fit(list(x[:2, :200]), list(y[:2, :200]))  # compiles
    trf, begun = BoostingTRF(0.0, (lags - 1) / RATE, RATE, error=error, cv=cv), time.perf_counter()
    trf.fit(list(x), list(y))
    return time.perf_counter() - begun, trf.coef_, float(trf.n_steps_.mean())


def main() -> None:
    """Measure, print and, with --write, put the table into RESULTS.md."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("minutes", 10), ("features", 8), ("lags", 32), ("electrodes", 8), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--python", help="an interpreter with eelbrain")
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file with the results")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    x, y = simulate(given.minutes, given.features, given.lags, given.electrodes)
    rows, ratios, version = [], {}, "eelbrain not run"
    with tempfile.TemporaryDirectory() as folder:
        inputs, out = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(inputs, x=x, y=y)
        for error in ("l2", "l1"):
            seconds, weights, steps = ours(x, y, error, given.lags)
            theirs = ["-", "-", "-"]
            if given.python:
                numbers = [str(v) for v in (inputs, error, given.threads, given.lags, RATE, out)]
                subprocess.run([given.python, "-c", EELBRAIN, *numbers], check=True)
                found = np.load(out)
                version = f"eelbrain {found['version']}"
                ratios[f"eelbrain, {error}"] = [float(found["seconds"]) / seconds]
                apart = float(np.abs(found["weights"] - weights).max() / np.abs(weights).max())
                theirs = [f"{found['seconds']:.3g}", f"{found['seconds'] / seconds:.3g}", f"{apart:.1g}"]
            rows.append([error, f"{steps:.0f}", f"{seconds:.3g}", *theirs])
    header = ["error", "steps", "brainalign, s", "eelbrain, s", "x time", "weights apart"]
    table = markdown_table(header, rows)
    print(table)
    if given.write:
        options = " ".join(
            f"--{n} {getattr(given, n)}" for n in ("minutes", "features", "lags", "electrodes", "threads")
        )
        body = [
            "## Boosting beside Eelbrain",
            f"`python -m benchmarks.boosting {options} --python ... --write`",
            f"{given.minutes} presentations of a minute at {RATE} Hz, {given.features} features x {given.lags} lags, {given.electrodes} "
            "electrodes, each presentation in turn says stop; delta 0.005, no selective stopping. Steps: mean of a growth; weights apart: "
            "largest difference over the largest weight.",
            f"{describe(['brainalign', 'torch', 'numpy', 'numba'], given.threads)} {version}.",
            table,
        ]
        write_section("boosting", "\n\n".join(body), given.results)
        if ratios:
            size = f"{given.minutes} min, {given.features} x {given.lags}, {given.electrodes} electrodes"
            record(given.results.parent, "boosting", size, hardware(given.threads), ratios)


if __name__ == "__main__":
    main()
