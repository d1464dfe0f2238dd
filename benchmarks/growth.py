"""How RidgeTRF's time and memory grow: ``python -m benchmarks.growth``.

Each size is swept alone around a middling problem; exponents are slopes of straight lines through log-log points, beside the slopes
of the counted operations (and of the least memory) over the very same points.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.child import run_child
from benchmarks.counts import least_memory, operations
from benchmarks.machine import cores, describe
from benchmarks.peers import DISTRIBUTIONS
from benchmarks.problem import Problem
from benchmarks.results import RESULTS, markdown_table, write_section

FRAMES_EACH = 150
MIDDLE = Problem(60, 60 * FRAMES_EACH, 64, 20, 100)
SWEEPS = {
    "frames": (15, 30, 60, 120, 240, 480),  # presentations
    "dims": (16, 32, 64, 128, 192),
    "lags": (5, 10, 20, 40, 60),
    "electrodes": (25, 50, 100, 200, 400, 800),
    "n_alphas": (2, 5, 10, 20, 40),
}
QUICK_MIDDLE = Problem(12, 12 * FRAMES_EACH, 16, 10, 20)
QUICK_SWEEPS = {"frames": (6, 12, 24), "dims": (8, 32), "lags": (5, 20), "electrodes": (10, 40), "n_alphas": (5, 20)}
HEADER = ["swept", "values", "seconds", "exponent", "counted", "MiB", "exponent", "counted"]


@dataclass(frozen=True)
class Point:
    """One measured problem: its swept value, seconds, bytes above the inputs, counted operations and least bytes."""

    value: int
    seconds: float
    bytes: float
    operations: float
    least_bytes: float


def main() -> None:
    """Measure, print, and with --write draw the plot and replace the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small problems, to see that it works")
    parser.add_argument("--repeats", type=int, default=3, help="the least counts")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--write", action="store_true", help="replace growth.png and the section of the results")
    parser.add_argument("--results", type=Path, default=RESULTS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    middle, sweeps = (QUICK_MIDDLE, QUICK_SWEEPS) if given.quick else (MIDDLE, SWEEPS)
    console = Console() if sys.stdout.isatty() else Console(width=140)
    points = {}
    for swept, values in sweeps.items():
        console.print(f"[dim]{swept}: {', '.join(map(str, values))}")
        points[swept] = [_measure(varied(middle, swept, v), given.repeats, given.threads, swept) for v in values]
    rows = [_cells(swept, found) for swept, found in points.items()]
    table = Table(*HEADER, title=f"Growth around {middle}")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    if given.write:
        name = "growth-quick" if given.quick else "growth"
        picture = given.results.with_name(f"{name}.png")
        draw(points, picture)
        quick = " --quick" if given.quick else ""
        body = [
            "## Growth of RidgeTRF",
            f"`python -m benchmarks.growth{quick} --repeats {given.repeats} --threads {given.threads} --write`",
            f"Each size alone around {middle}. Exponents are slopes of log-log lines; counted: of the operations of "
            "`counts.py`, and of one Gram matrix with weights, over the same points.",
            describe(DISTRIBUTIONS, given.threads),
            markdown_table(HEADER, rows),
            f"![time and memory against each size]({picture.name})",
        ]
        write_section(name, "\n\n".join(body), given.results)


def varied(middle: Problem, swept: str, value: int) -> Problem:
    """The middling problem with one size changed; frames change by the number of presentations of one length."""
    if swept == "frames":
        return replace(middle, presentations=value, frames=value * FRAMES_EACH)
    return replace(middle, **{swept: value})


def slope(x: list[float], y: list[float]) -> float:
    """Exponent b of y = a x^b by least squares on the logarithms."""
    return round(float(np.polyfit(np.log(x), np.log(y), 1)[0]), 3) + 0.0  # never -0


def _measure(problem: Problem, repeats: int, threads: int, swept: str) -> Point:
    """Least time and memory of several processes."""
    facts = []
    for _ in range(repeats):
        answer = run_child("benchmarks.one", ["--problem", problem.to_json(), "--peer", "brainalign"], threads)
        if answer.fault:
            raise SystemExit(f"{swept}, {problem}: {answer.fault}")
        facts.append(answer.facts)
        distinct = len(np.unique(answer.arrays["alpha"]))
    return Point(
        problem.frames if swept == "frames" else getattr(problem, swept),
        min(f["seconds"] for f in facts),
        min(f["bytes"] or float("nan") for f in facts),
        sum(operations(problem, distinct).values()),
        least_memory(problem),
    )


def _cells(swept: str, points: list[Point]) -> list[str]:
    x = [float(p.value) for p in points]
    columns = ([p.seconds for p in points], [p.operations for p in points], [p.bytes for p in points])
    seconds, counted, memory = columns
    return [
        swept,
        f"{points[0].value} .. {points[-1].value}",
        f"{seconds[0]:.3g} .. {seconds[-1]:.3g}",
        f"{slope(x, seconds):.2f}",
        f"{slope(x, counted):.2f}",
        f"{memory[0] / 2**20:.3g} .. {memory[-1] / 2**20:.3g}",
        f"{slope(x, memory):.2f}",
        f"{slope(x, [p.least_bytes for p in points]):.2f}",
    ]


def draw(points: dict[str, list[Point]], path: Path) -> None:
    """Time above, memory below, one column a size; dashed: the counted growth, laid through the last point."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, len(points), figsize=(2.6 * len(points), 5), sharey="row", layout="constrained")
    for column, (swept, found) in zip(axes.T, points.items(), strict=True):
        x = [p.value for p in found]
        measured = ([p.seconds for p in found], [p.bytes / 2**20 for p in found])
        counted = ([p.operations for p in found], [p.least_bytes for p in found])
        for ax, y, c in zip(column, measured, counted, strict=True):
            ax.loglog(x, y, "o-", color="C0", label="measured")
            ax.loglog(x, np.array(c) * y[-1] / c[-1], "--", color="0.5", label="counted")
            ax.set_xticks(x, [f"{v:,}" if v < 10_000 else f"{v / 1000:g}k" for v in x], fontsize=7, rotation=45)
            ax.minorticks_off()
            ax.grid(alpha=0.3)
        column[0].set_title(swept.removeprefix("n_"))
        column[1].set_xlabel(swept.removeprefix("n_"))
    axes[0, 0].set_ylabel("seconds")
    axes[1, 0].set_ylabel("MiB above inputs")
    axes[0, 0].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150)
    plt.close(figure)


if __name__ == "__main__":
    main()
