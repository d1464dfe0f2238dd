"""A story's voxels: ``python -m benchmarks.voxels``.

A tenth of them side by side with himalaya's RidgeCV, each competitor in a process of its own, in turn; then all 100,000 with brainalign
alone, as one cross-validation (RidgeTRF) and as the pipeline's nested fit, with all that the process holds at its peak, data included.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.child import run_child
from benchmarks.history import record
from benchmarks.machine import GIB, cores, describe, hardware
from benchmarks.peers import DISTRIBUTIONS
from benchmarks.problem import SIZES, Problem
from benchmarks.rate import matrix_rate
from benchmarks.results import RESULTS, markdown_table, write_section
from benchmarks.runs import HEADER, LEGEND, Competitor, agreement, cells, ratios_of
from benchmarks.trf import OURS, floor_of, run_all

FASTER = ("himalaya-torch", "himalaya-float32")
"""himalaya's CPU backends in the precision of the inputs; the faster one is the one to beat."""
ALONE = (OURS, "brainalign-nested")
QUICK = replace(SIZES["V"], frames=5 * 60, dims=24, electrodes=300, n_alphas=6)
LIMIT = 8 * GIB


def main() -> None:
    """Run, print, and with --write put the section into RESULTS.md."""
    given = _arguments()
    console = Console() if sys.stdout.isatty() else Console(width=140)
    tenth = QUICK if given.quick else SIZES["V"]
    whole = replace(tenth, electrodes=10 * tenth.electrodes)
    rates = matrix_rate("cpu", given.threads)
    competitors = run_all(tenth, given, console)
    again = matrix_rate("cpu", given.threads)  # the machine may have been disturbed the first time
    ours = competitors[0]
    if not ours.answers:
        raise SystemExit(f"{OURS} did not finish: {ours.fault}")
    rows = [cells(c, ours) for c in competitors]
    table = Table(*HEADER, title=f"Simulated: {tenth}")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    best = {name: max(rate, again[name]) for name, rate in rates.items()}
    lines = [LEGEND, *floor_of(tenth, ours, best, "V"), *_beaten(competitors)]
    lines += [f"{c.name}: {c.fault or c.note}" for c in competitors if c.fault or c.note]
    full = [] if given.tenth else [_alone(whole, name, given.threads) for name in ALONE]
    console.print("\n".join([*lines, *full]), markup=False, highlight=False, soft_wrap=True)
    if given.write:
        command = f"python -m benchmarks.voxels{' --quick' if given.quick else ''} --repeats {given.repeats}"
        body = [
            "## Voxels",
            f"`{command} --threads {given.threads} --peers '{','.join(given.peers)}'{' --tenth' if given.tenth else ''} --write`",
            f"{tenth}. Least of {given.repeats} interleaved repeats.",
            describe(DISTRIBUTIONS, given.threads, "cpu"),
            markdown_table(HEADER, rows),
            "\n".join(f"- {line}" for line in lines),
            *([f"All {whole.electrodes:,} voxels: {whole}.", "\n".join(f"- {line}" for line in full)] if full else []),
        ]
        key = "voxels-quick" if given.quick else "voxels"
        write_section(key, "\n\n".join(body), given.results)
        ratios = ratios_of(competitors)
        record(given.results.parent, key, str(tenth), hardware(given.threads), ratios)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small problem, to see that it works")
    parser.add_argument("--tenth", action="store_true", help="leave all voxels together out")
    parser.add_argument("--peers", default=",".join(FASTER), help="of those of benchmarks.trf")
    parser.add_argument("--repeats", type=int, default=2, help="the least counts")
    parser.add_argument("--threads", type=int, default=cores(), help="of every competitor; all cores")
    parser.add_argument("--write", action="store_true", help="replace the section of the results")
    parser.add_argument("--results", type=Path, default=RESULTS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.peers, given.device, given.limit = [v for v in given.peers.split(",") if v], "cpu", None
    return given


def _beaten(competitors: list[Competitor]) -> list[str]:
    """The goal and what was reached: brainalign beside the faster himalaya."""
    ours, peers = competitors[0], [c for c in competitors if c.name in FASTER and c.answers]
    if not peers:
        return []
    peer = min(peers, key=lambda c: c.seconds)
    same, _ = agreement(peer.answers[0], ours.answers[0])
    return [
        f"Beside the faster himalaya ({peer.name}): {ours.seconds / peer.seconds:.2f} of its time (goal: below 1), "
        f"{ours.bytes / peer.bytes:.2f} of its memory (goal: below 0.33), the same alpha for {100 * (same or 0.0):.2f} % of the voxels "
        "(goal: 99 %)."
    ]


def _alone(problem: Problem, name: str, threads: int) -> str:
    """A sentence on all voxels."""
    answer = run_child("benchmarks.one", ["--problem", problem.to_json(), "--peer", name], threads)
    if answer.fault:
        return f"{name}: {answer.fault}"
    facts = answer.facts
    whole = facts["whole_bytes"]
    peak = "its peak is not known here" if whole is None else (
        f"{facts['bytes'] / GIB:.2f} GiB above the inputs and {whole / GIB:.2f} GiB with inputs and interpreter at the peak "
        f"({'below' if whole < LIMIT else 'ABOVE'} 8 GiB)"
    )  # fmt: skip
    return f"{name}: {facts['seconds']:.0f} s; {peak}{'; ' + facts['note'] if facts['note'] else ''}."


if __name__ == "__main__":
    main()
