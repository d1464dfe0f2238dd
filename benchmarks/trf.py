"""RidgeTRF (and DecodingTRF) beside its peers: ``python -m benchmarks.trf --size M``.

One process a competitor, repeats interleaved (A B C A B C), the least time and memory reported with the spread of the times.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.child import Answer, run_child
from benchmarks.counts import operations
from benchmarks.history import record
from benchmarks.machine import cores, describe, hardware
from benchmarks.peers import DISTRIBUTIONS, PEERS
from benchmarks.problem import SIZES, Problem
from benchmarks.rate import matrix_rate
from benchmarks.results import RESULTS, markdown_table, write_section
from benchmarks.runs import HEADER, LEGEND, Competitor, cells, ratios_of

OURS = "brainalign"
LAYERS = 62
"""Of all models of the paper."""


def main() -> None:
    """Run, print the table and, with --write, put it into RESULTS.md."""
    given = _arguments()
    problem = SIZES[given.size]
    console = Console() if sys.stdout.isatty() else Console(width=140)
    rates = matrix_rate(given.device, given.threads)
    competitors = run_all(problem, given, console)
    again = matrix_rate(given.device, given.threads)  # the machine may have been disturbed the first time
    ours = competitors[0]
    if not ours.answers:
        raise SystemExit(f"{OURS} did not finish: {ours.fault}")
    rows = [cells(c, ours) for c in competitors]
    table = Table(*HEADER, title=f"Size {given.size}, simulated: {problem}")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    lines = [LEGEND, *floor_of(problem, ours, {k: max(rates[k], again[k]) for k in rates}, given.size)]
    lines += [f"{c.name}: {c.fault or c.note}" for c in competitors if c.fault or c.note]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    if given.write:
        command = f"python -m benchmarks.trf --size {given.size} --device {given.device} --repeats {given.repeats}"
        body = [
            f"## TRF, size {given.size}, {given.device}",
            f"`{command} --threads {given.threads} --peers '{','.join(given.peers)}' --write`",
            f"{problem}. Least of {given.repeats} interleaved repeats.",
            describe(DISTRIBUTIONS, given.threads, given.device),
            markdown_table(HEADER, rows),
            "\n".join(f"- {line}" for line in lines),
        ]
        key = f"trf-{given.size}-{given.device}"
        write_section(key, "\n\n".join(body), given.results)
        ratios = ratios_of(competitors)
        record(given.results.parent, key, str(problem), hardware(given.threads, given.device), ratios)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    everyone = [name for name in PEERS if not name.startswith(OURS)]
    parser.add_argument("--size", default="M", choices=SIZES)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"), help="of brainalign; peers run on the CPU")
    parser.add_argument("--peers", help=f"of {','.join(everyone)}; all that can for S, M and D, none for the others")
    parser.add_argument("--repeats", type=int, help="3 for S, M and D, 1 for the others")
    parser.add_argument("--limit", type=float, help="seconds after which a peer is stopped")
    parser.add_argument("--threads", type=int, default=cores(), help="of every competitor; all cores")
    parser.add_argument("--write", action="store_true", help="replace this size's section of the results")
    parser.add_argument("--results", type=Path, default=RESULTS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    small = given.size in ("S", "M", "D")
    if SIZES[given.size].backward:
        everyone = ["mtrf", "mtrf-parts"]  # the one of them that has a backward model
    given.repeats = given.repeats or (3 if small else 1)
    whole = [name for name in everyone if name != "mtrf-parts"]
    given.peers = (whole if small else []) if given.peers is None else [v for v in given.peers.split(",") if v]
    for name in given.peers:
        if name not in everyone:
            parser.error(f"--peers {name!r} is none of {', '.join(everyone)}")
    return given


def run_all(problem: Problem, given: argparse.Namespace, console: Console) -> list[Competitor]:
    """brainalign and the peers, in turn, as often as asked; one that failed is not tried again."""
    competitors = [Competitor(name) for name in (OURS, *given.peers)]
    for repeat in range(given.repeats):
        for c in competitors:
            if not c.fault:
                console.print(f"[dim]repeat {repeat + 1} of {given.repeats}: {c.name}")
                c.add(_fit(problem, c.name, given))
    return competitors


def _fit(problem: Problem, name: str, given: argparse.Namespace) -> Answer:
    device = given.device if name.startswith(OURS) else "cpu"
    limit = None if name.startswith(OURS) else given.limit
    return run_child(
        "benchmarks.one", ["--problem", problem.to_json(), "--peer", name, "--device", device], given.threads, limit
    )


def floor_of(problem: Problem, ours: Competitor, rates: dict[str, float], size: str) -> list[str]:
    """Sentences on counted operations, the measured matrix rate, and the fraction of it that was reached."""
    distinct = len(set(ours.answers[0].arrays["alpha"].tolist()))
    parts = operations(problem, distinct)
    counted = sum(parts.values())
    shares = ", ".join(f"{name} {100 * v / counted:.0f} %" for name, v in parts.items())
    lines = [f"Floor: {counted:.3g} floating-point operations ({shares}); {distinct} distinct alphas chosen."]
    for dtype, rate in rates.items():
        floor = counted / rate
        lines.append(
            f"At the measured {dtype} matrix rate, {rate / 1e9:.0f} GFLOP/s, that is {floor:.3g} s: "
            f"{OURS} reached {100 * floor / ours.seconds:.2g} % of it."
        )
    if size in ("P", "XL"):
        lines.append(f"{LAYERS} layers like this one would take {LAYERS * ours.seconds / 3600:.2f} h (projected).")
    if ours.card_bytes is not None:
        lines.append(f"{OURS} held {ours.card_bytes / 2**30:.2f} GiB on the graphics card at its peak.")
    return lines


if __name__ == "__main__":
    main()
