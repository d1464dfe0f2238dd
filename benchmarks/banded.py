"""BandedRidgeTRF by elimination beside one path for each ratio of penalties, and beside himalaya's random search.

    python -m benchmarks.banded [--dims 48] [--frames 18000] [--electrodes 100] [--alphas 10] [--himalaya 1] [--write]

Two bands of ``--dims`` each, 20 lags, every pair of alphas, one fold of five and the fit on all rows. One process, one thread, in
turn, ``--repeats`` times; the median of the ratios is told. himalaya's GroupRidgeCV runs ``--himalaya`` of its random splits of the
penalty, each with all alphas, then twice as many, and a line through the two tells the time of as many candidates; 0 leaves it out.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.history import record
from benchmarks.machine import describe, hardware
from benchmarks.problem import Inputs, Problem, simulate
from benchmarks.results import RESULTS, markdown_table, write_section
from brainalign.encoding import BandedRidgeTRF
from brainalign.linalg.lags import lag_matrix

HEADER = ["way", "seconds", "x time", "same choice", "largest score difference"]


class ByPaths(BandedRidgeTRF):
    """A path of alphas for each ratio of penalties, whatever it costs."""

    def _eliminates(self, *_: object) -> bool:
        return False


def ours(problem: Problem, inputs: Inputs, kind: type[BandedRidgeTRF]) -> tuple[float, BandedRidgeTRF]:
    """Processor seconds and the fit."""
    trf = kind([problem.dims // 2] * 2, tmax=problem.tmax, alphas=problem.alphas, cv=problem.splits[:1])
    begun = time.process_time()
    trf.fit(inputs.features, inputs.responses)
    return time.process_time() - begun, trf


def himalaya(problem: Problem, x: NDArray[np.float32], y: NDArray[np.float32], draws: int) -> float:
    """Processor seconds of as many candidates as ours."""
    from himalaya.ridge import GroupRidgeCV

    test = problem.fold_of_row == 0
    groups = np.tile(np.repeat([0, 1], problem.dims // 2), problem.lags)
    took = []
    for n in (draws, 2 * draws):
        model = GroupRidgeCV(
            groups=groups, cv=[(np.flatnonzero(~test), np.flatnonzero(test))], random_state=0,
            solver_params={"n_iter": n, "alphas": problem.alphas, "progress_bar": False},
        )  # fmt: skip
        begun = time.process_time()
        model.fit(x, y)
        took.append(time.process_time() - begun)
    return took[0] + (took[1] - took[0]) * (problem.n_alphas - draws) / draws


def main() -> None:
    """Measure, print and, with --write, put the table into RESULTS.md."""
    import torch
    from threadpoolctl import threadpool_limits

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (
        ("dims", 48),
        ("frames", 18000),
        ("electrodes", 100),
        ("alphas", 10),
        ("repeats", 2),
        ("himalaya", 1),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file with the results")
    given = parser.parse_args()
    problem = Problem(given.frames // 150, given.frames, 2 * given.dims, 20, given.electrodes, n_alphas=given.alphas)
    inputs, took = simulate(problem), np.empty((given.repeats, 3))
    torch.set_num_threads(1)
    with threadpool_limits(1):
        for row in took:
            row[0], fit = ours(problem, inputs, BandedRidgeTRF)
            row[1], other = ours(problem, inputs, ByPaths)
        took[:, 2] = np.nan
        if given.himalaya:
            x = np.vstack([lag_matrix(v, np.arange(problem.lags)) for v in inputs.features]).astype(np.float32)
            took[:, 2] = himalaya(problem, x, np.vstack(inputs.responses).astype(np.float32), given.himalaya)
    same = (fit.alpha_ == other.alpha_).all(axis=0).mean()
    off = np.abs(fit.cv_scores_ - other.cv_scores_).max()
    ratios = np.median(took / took[:, :1], axis=0)
    names = ("by elimination", "a path for each ratio", "himalaya, extrapolated")
    seen = (("-", "-"), (f"{100 * same:.0f} %", f"{off:.1e}"), ("-", "-"))
    rows = [
        [name, f"{np.median(t):.3g}", f"{r:.3g}", *extra]
        for name, t, r, extra in zip(names, took.T, ratios, seen, strict=True)
        if np.isfinite(r)
    ]
    table = markdown_table(HEADER, rows)
    print(table)
    if given.write:
        options = " ".join(
            f"--{k} {getattr(given, k)}" for k in ("dims", "frames", "electrodes", "alphas", "repeats", "himalaya")
        )
        body = [
            "## Banded ridge, two bands",
            f"`python -m benchmarks.banded {options} --write`",
            f"2 bands x {given.dims} dims, 20 lags, {given.frames} frames, {given.electrodes} electrodes, {given.alphas} x {given.alphas} "
            f"penalties, one fold of 5 and the fit on all rows (himalaya, float32: a line through {given.himalaya} and "
            f"{2 * given.himalaya} of {given.alphas} random splits), one thread. "
            "Seconds of the processor; x time: median of the repeats' ratios.",
            describe(["brainalign", "torch", "numpy", "himalaya"], 1),
            table,
        ]
        write_section("banded", "\n\n".join(body), given.results)
        others = {
            name: list(t / took[:, 0]) for name, t in zip(names[1:], took.T[1:], strict=True) if np.isfinite(t).all()
        }
        record(given.results.parent, "banded", f"{problem}, {given.dims} dims a band", hardware(1), others)


if __name__ == "__main__":
    main()
