"""One piece of work of ``benchmarks.against`` in a process of its own, whose build of brainalign is the one that PYTHONPATH names.

    PYTHONPATH=BUILD/src python benchmarks/work.py BUILD WORK

It prints one line of JSON: seconds, of which drawing and writing figures and the report, and the peak of resident memory in bytes.
"""

from __future__ import annotations

import json
import resource
import runpy
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

DRAWS = ("/matplotlib/", "/brainalign/figures/", "/brainalign/report.py", "/brainalign/pages.py", "/jinja2/")
"""A moment at which the main thread is anywhere within these is one of drawing."""
EVERY = 0.01
"""Seconds between looks at the main thread."""

RUNS = {
    "quickstart": ["experiment=quickstart"],
    "default": [],
    "default, cached": [],
}
"""Arguments of run.py; the last is run where the one before it has been."""


def presentations(count: int, frames: int, dims: int, electrodes: int) -> tuple[list[Any], list[Any]]:
    """Simulated features and responses, which follow the first features two frames later."""
    rng = np.random.default_rng(0)
    x = [rng.standard_normal((frames, dims)) for _ in range(count)]
    mix = rng.standard_normal((dims, electrodes)) / dims**0.5
    return x, [np.roll(v @ mix, 2, axis=0) + 2 * rng.standard_normal((frames, electrodes)) for v in x]


def fits() -> dict[str, tuple[Callable[[], Any], tuple[int, int, int, int]]]:
    """Name -> (estimator, size of its problem)."""
    from brainalign.encoding import BandedRidgeTRF, RidgeTRF

    ten, forty = np.logspace(-1, 6, 10), np.logspace(-1, 6, 40)
    return {
        "two bands": (lambda: BandedRidgeTRF([48, 48], alphas=ten), (120, 150, 96, 100)),
        "forty alphas": (lambda: RidgeTRF(alphas=forty), (120, 150, 96, 100)),
        "long window": (lambda: RidgeTRF(tmax=63 / 64, rate=64, alphas=ten), (1, 64 * 3600, 32, 64)),
    }


WORKS = [*RUNS, "two bands", "forty alphas", "long window"]


def work(root: Path, name: str) -> Callable[[], Any]:
    """What is timed; inputs of a fit are made before."""
    if name in RUNS:
        sys.argv = ["run.py", *RUNS[name]]
        return lambda: runpy.run_path(str(root / "run.py"), run_name="__main__")
    make, size = fits()[name]
    x, y = presentations(*size)
    if len(x) == 1:  # a recording in one piece, in five blocks
        x, y = (np.array_split(v[0], 5) for v in (x, y))
    make().fit([v[:200] for v in x], [v[:200] for v in y])  # loads the libraries
    return lambda: make().fit(x, y)


def main() -> None:
    """Do one piece of work and say what it took."""
    root, name = Path(sys.argv[1]), sys.argv[2]
    main_thread, drawing, over = threading.main_thread().ident, 0, threading.Event()
    looks = 0

    def look() -> None:
        nonlocal drawing, looks
        while not over.wait(EVERY):
            frame, looks = sys._current_frames().get(main_thread or 0), looks + 1
            while frame is not None:
                if any(part in frame.f_code.co_filename for part in DRAWS):
                    drawing += 1
                    break
                frame = frame.f_back

    do = work(root, name)
    threading.Thread(target=look, daemon=True).start()
    begun = time.perf_counter()
    try:
        do()
    except SystemExit as end:
        if end.code:
            raise
    seconds = time.perf_counter() - begun
    over.set()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "drawing": seconds * drawing / max(looks, 1), "peak": peak}))


if __name__ == "__main__":
    main()
