"""What a fit was planned to hold beside what it held, on five sizes: ``python -m benchmarks.planned_memory --write``.

Each size is a process of its own: the plan's bytes (``encoding.plan``), by which a fit that memory cannot hold is refused, and the kernel's
high-water mark of resident memory above what features and responses held before the fit (Linux).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.child import answer, run_child
from benchmarks.machine import describe
from benchmarks.memory import Peak
from benchmarks.problem import Problem, simulate
from benchmarks.results import RESULTS, markdown_table, write_section
from brainalign.data.splits.split import split_groups
from brainalign.encoding.banded_nested import combinations_of
from brainalign.encoding.design import Design
from brainalign.encoding.nested import Batch, fit_batches
from brainalign.encoding.plan import plan_fit
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.bands import Bands

SIZES: dict[str, tuple[Problem, float | None, int]] = {
    "a mel spectrogram": (Problem(200, 20_000, 80, 20, 100, n_alphas=7), None, 1),
    "a wide layer, few lags": (Problem(200, 20_000, 768, 5, 200, n_alphas=7), None, 1),
    "a layer by its components": (Problem(200, 20_000, 768, 20, 200, n_alphas=7), 100, 1),
    "two bands": (Problem(200, 20_000, 96, 20, 100, n_alphas=7), None, 2),
    "more columns than rows": (Problem(60, 4_000, 512, 20, 100, n_alphas=7), None, 1),
}
"""Problem, components, bands."""
BOUND = 0.25
"""Share that a plan may be off."""
HEADER = ["fit", "dtype", "rows", "dims x lags", "electrodes", "planned, MiB", "measured, MiB", "planned / measured"]


def fit(problem: Problem, components: float | None, n_bands: int, dtype: str) -> tuple[int, int]:
    """(planned, measured) bytes of one nested fit.

    Args:
        problem: Its sizes.
        components: Principal components in the features' place.
        n_bands: Bands of one width, with three ratios each.
        dtype: Asked for: float32 where the conditioning allows it, or float64.
    """
    inputs = simulate(problem)
    names = [f"s{i}" for i in range(problem.presentations)]
    split = split_groups(names, problem.lengths.tolist(), problem.folds, problem.seed, "stimulus")
    features = {s: v.astype(np.float32) for s, v in zip(names, inputs.features, strict=True)}
    design = Design(names, [v.astype(np.float32) for v in inputs.responses], split)
    del inputs
    bands, arithmetic = None, Arithmetic(dtype=dtype)
    if n_bands > 1:
        bands = Bands((problem.dims // n_bands,) * n_bands, combinations_of(n_bands, [0.1, 1.0, 10.0]))
    lags = np.arange(problem.lags)
    kept = None if components is None else [int(components)]
    planned = plan_fit(design, problem.dims, len(lags), problem.n_alphas, arithmetic, bands=bands, kept=kept).memory
    with Peak() as peak:
        fit_batches(
            design, [Batch(features, range(problem.folds), bands)], lags, problem.alphas.tolist(), arithmetic,
            components=components,
        )  # fmt: skip
    return planned, peak.above or 0


def main() -> None:
    """Fit each size, print, and with --write put the table into RESULTS.md; status 1 where a plan is off by more than the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    parser.add_argument("--size", choices=SIZES, help=argparse.SUPPRESS)
    parser.add_argument("--dtype", default="float64", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.size:
        problem, components, bands = SIZES[given.size]
        fit(
            replace(problem, presentations=20, frames=1000, dims=8 * bands, lags=2),
            min(components or 4, 4),
            bands,
            given.dtype,
        )  # loads libraries
        planned, measured = fit(*SIZES[given.size], given.dtype)
        answer(given.out, {"planned": planned, "measured": measured}, {})
        return
    rows, off = [], []
    for (name, (problem, components, _)), dtype in product(SIZES.items(), ("float64", "float32")):
        found = run_child("benchmarks.planned_memory", ["--size", name, "--dtype", dtype], threads=1)
        if found.fault:
            sys.exit(f"{name}: {found.fault}")
        planned, measured = (found.facts[key] for key in ("planned", "measured"))
        off.append(abs(planned / measured - 1) > BOUND)
        dims = f"{problem.dims}" if components is None else f"{problem.dims} (to {components:g})"
        rows.append([name, dtype, f"{problem.frames:,}", f"{dims} x {problem.lags}", f"{problem.electrodes}", f"{planned / 2**20:.0f}",
                     f"{measured / 2**20:.0f}", f"{planned / measured:.2f}"])  # fmt: skip
    table = markdown_table(HEADER, rows)
    print(table)
    if given.write:
        body = [
            "## Planned memory",
            "`python -m benchmarks.planned_memory --write`",
            "Nested fits, 5 folds, 7 alphas, one process each. Bytes of `plan=true` "
            "beside the peak above features and responses; "
            f"they are to agree within {BOUND:.0%}.",
            describe(["brainalign", "torch", "numpy"], 1),
            table,
        ]
        write_section("planned_memory", "\n\n".join(body), RESULTS)
    sys.exit(int(any(off)))


if __name__ == "__main__":
    main()
