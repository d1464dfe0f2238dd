"""Variance partition of three sets with all their dimensions: ``python -m benchmarks.partition --write``.

Factors and conjugate gradients on one training set without two folds of a small problem, and what the whole partition is planned to take at
the size of a paper's participant by both.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe
from benchmarks.problem import Problem, simulate
from benchmarks.results import RESULTS, markdown_table, write_section
from brainalign.data.splits.split import split_groups
from brainalign.encoding.banded_nested import combinations_of
from brainalign.encoding.design import Design
from brainalign.encoding.plan import GIB, plan_fit
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.bands import PRODUCTS, Bands, banded_scores
from brainalign.linalg.held_out import HeldOut
from brainalign.linalg.iterated import iterated_scores
from brainalign.linalg.moments import Moments, moments, total
from brainalign.linalg.ridge import Problem as Ridge
from brainalign.linalg.stack import Segment

SETS, LAGS, RATIOS = 3, 20, [0.1, 1.0, 10.0]
ALPHAS = [10.0**n for n in range(7)]
FULL = Problem(599, 58_943, 768, LAGS, 90, n_alphas=len(ALPHAS), ragged=True)
"""One participant of the paper, and one set's dimensions."""


def measured(dims: int, frames: int, electrodes: int) -> list[list[str]]:
    """Rows of the table of a small problem.

    Args:
        dims: Of each set.
        frames: Of all folds.
        electrodes: Responses.
    """
    problem = Problem(frames // 150, frames, SETS * dims, LAGS, electrodes, n_alphas=len(ALPHAS))
    inputs, lags, bands = simulate(problem), np.arange(LAGS), Bands((dims,) * SETS, combinations_of(SETS, RATIOS))

    def of(folds: list[int]) -> Moments:
        mine = np.flatnonzero(np.isin(problem.fold_of, folds))
        pairs = [(inputs.features[i].astype(np.float32), inputs.responses[i]) for i in mine]
        return total([moments([Segment(x, np.ones(len(x)), y, (y**2).sum(axis=0)) for x, y in pairs], lags)])

    train, tests = of([2, 3, 4]), [HeldOut(of([0])), HeldOut(of([1]))]
    ridge = Ridge(train, *train.scale())
    factors = 1 / np.stack([bands.scale(i) for i in range(len(bands.ratios))])

    def timed(scores: Callable[[], Any]) -> tuple[float, Any]:
        begun = time.process_time()
        return scores(), time.process_time() - begun

    exact, by_factors = timed(
        lambda: banded_scores(ridge, bands, tests, ALPHAS, Arithmetic(dtype="float32", solver="cholesky"))
    )
    found, iterated = timed(lambda: iterated_scores(ridge, factors, tests, ALPHAS, Arithmetic(dtype="float32")))
    best = exact.argmax(axis=1)
    same = (found.argmax(axis=1) == best).mean()
    off = np.abs(np.take_along_axis(found - exact, best[:, None], axis=1)).max()
    return [
        ["bands eliminated one by one", f"{by_factors:.3g}", "-", "-"],
        ["conjugate gradients", f"{iterated:.3g}", f"{100 * same:.1f} %", f"{off:.1e}"],
    ]


def planned() -> list[list[str]]:
    """Rows of the table of the whole, all sets and pairs of them together."""
    names = [f"s{i}" for i in range(FULL.presentations)]
    split = split_groups(names, FULL.lengths.tolist(), FULL.folds, 0, "stimulus")
    rng = np.random.default_rng(0)
    design = Design(names, [rng.normal(size=(t, FULL.electrodes)).astype(np.float32) for t in FULL.lengths], split)
    rows = []
    for what, solver in (("bands eliminated one by one", "cholesky"), ("conjugate gradients", "iterative")):
        plans = [
            plan_fit(
                design, n * FULL.dims, LAGS, len(ALPHAS), Arithmetic(dtype="float32", solver=solver),
                bands=Bands((FULL.dims,) * n, combinations_of(n, RATIOS)),
            )
            for n in (3, 2, 2, 2)
        ]  # fmt: skip
        flops, cost = (sum(getattr(plan, key) for plan in plans) for key in ("flops", "cost"))
        rows.append([what, f"{max(plan.memory for plan in plans) / GIB:.1f}", f"{flops:.3g}", f"{cost:.3g}"])
    return rows


def main() -> None:
    """Measure, plan, print and, with --write, put both tables into RESULTS.md."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("dims", 96), ("frames", 6000), ("electrodes", 90)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file with the results")
    given = parser.parse_args()
    torch.set_num_threads(1)
    small = markdown_table(
        ["way", "processor seconds", "same choice", "largest difference of R² where chosen"],
        measured(given.dims, given.frames, given.electrodes),
    )
    whole = markdown_table(["way", "GiB", "operations", "in those of a matrix product"], planned())
    print(small, whole, sep="\n\n")
    if given.write:
        options = " ".join(f"--{k} {getattr(given, k)}" for k in ("dims", "frames", "electrodes"))
        body = [
            "## Variance partition, all dimensions",
            f"`python -m benchmarks.partition {options} --write`",
            f"Measured: {SETS} sets x {given.dims} dims, {LAGS} lags, {given.frames} frames less two folds of 5, "
            f"{given.electrodes} electrodes, {len(ALPHAS)} alphas x {len(RATIOS) ** (SETS - 1)} ratios, float32, one thread. "
            "The larger, the more factors fall behind.",
            describe(["brainalign", "torch", "numpy"], 1),
            small,
            f"Planned (`plan=true`), for all three sets and the three pairs: {FULL.dims} dims a set, {FULL.frames:,} frames, "
            f"{FULL.electrodes} electrodes, 5 folds; iteration at {PRODUCTS} products a combination.",
            whole,
        ]
        write_section("partition", "\n\n".join(body), given.results)


if __name__ == "__main__":
    main()
