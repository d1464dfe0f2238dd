"""One competitor on one problem, in this process: ``python -m benchmarks.one --problem M --peer himalaya``."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.child import answer
from benchmarks.machine import GIB, memory
from benchmarks.memory import Peak
from benchmarks.peers import PEERS, load
from benchmarks.problem import SIZES, Problem, simulate


def main() -> None:
    """Inputs, a tiny fit that loads the libraries, then the fit that is timed and watched."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problem", required=True, help=f"one of {', '.join(SIZES)}, or sizes as JSON")
    parser.add_argument("--peer", required=True, choices=PEERS)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--out", type=Path, help="folder for facts.json and arrays.npz; else the facts are printed")
    given = parser.parse_args()
    problem = Problem.parse(given.problem)
    try:
        peer = load(given.peer)
    except Exception as fault:  # whatever a library's import raises is a reason to report
        raised = Path(traceback.extract_tb(fault.__traceback__)[-1].filename).name
        sys.exit(f"cannot be imported: {type(fault).__name__} in {raised}: {fault}")
    needed = peer.least_bytes(problem)
    if needed > memory():
        sys.exit(f"not run: it holds at least {needed / GIB:.0f} GiB, this machine has {memory() / GIB:.0f}")
    tiny = replace(SIZES["S"], frames=20 * 20, lags=2, n_alphas=2)
    peer.fit(tiny, simulate(tiny), given.device)
    inputs = simulate(problem)
    card = _Card(given.device)
    with Peak() as peak:
        start = time.perf_counter()
        found = peer.fit(problem, inputs, given.device)
        seconds = time.perf_counter() - start
    facts = {
        "seconds": seconds * found.times,
        "bytes": peak.above if found.bytes is None else found.bytes,
        "whole_bytes": peak.whole,
        "card_bytes": card.peak(),
        "note": found.note,
    }
    if given.out is None:
        sys.stdout.write(json.dumps(facts) + "\n")
    else:
        arrays = {"alpha": found.alpha, "scores": found.scores}
        answer(given.out, facts, {k: np.asarray(v) for k, v in arrays.items() if v is not None})


class _Card:
    """Peak memory on the graphics card, where one is used."""

    def __init__(self, device: str) -> None:
        self._used = device == "cuda"
        if self._used:
            import torch

            torch.cuda.reset_peak_memory_stats()

    def peak(self) -> int | None:
        """Bytes, or None without a card."""
        if not self._used:
            return None
        import torch

        return torch.cuda.max_memory_allocated()


if __name__ == "__main__":
    main()
