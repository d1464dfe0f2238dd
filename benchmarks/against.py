"""This build beside an earlier one, in turn: what a user waits for, and how much memory it takes.

    python -m benchmarks.against COMMIT [--repeats 3] [--works quickstart,default] [--write]

Each piece of work runs in a process of its own, in an empty folder with an empty cache, of the earlier commit (a worktree that is removed
afterwards) and of this one, ``--repeats`` times in turn, with all cores. Both builds run in this environment, with the same libraries.
``default, cached`` is the same command again in the folder where ``default`` has been.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

from benchmarks.history import ROOT, record
from benchmarks.machine import cores, describe, hardware
from benchmarks.results import RESULTS, markdown_table, write_section
from benchmarks.work import WORKS

HEADER = ["work", "before, s", "now, s", "x time", "range", "before, MiB", "now, MiB", "memory"]
CACHED = "default, cached"

Answer = dict[str, float]


def once(build: Path, name: str, folder: Path) -> Answer:
    """Run one piece of work of one build.

    Args:
        build: Root of the build.
        name: The work.
        folder: Where it runs and caches.

    Raises:
        RuntimeError: It failed.
    """
    told = {"PYTHONPATH": str(build / "src"), "XDG_CACHE_HOME": str(folder / "cache"), "HOME": str(folder)}
    told |= {"HF_HUB_OFFLINE": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "MPLBACKEND": "Agg"}
    command = [sys.executable, str(Path(__file__).with_name("work.py")), str(build), name]
    done = subprocess.run(command, cwd=folder, env=os.environ | told, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} of {build} failed:\n{done.stderr[-2000:]}")
    found: Answer = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(builds: dict[str, Path], works: list[str], repeats: int) -> dict[str, dict[str, list[Answer]]]:
    """Work -> build -> its answers; the builds take turns.

    Args:
        builds: Name -> root.
        works: Their names, a cached run after its first.
        repeats: Of each; every other one in the opposite order.
    """
    for root in builds.values():  # Python compiles what a build imports, once
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(root / "src")], check=True)
    found: dict[str, dict[str, list[Answer]]] = defaultdict(lambda: defaultdict(list))
    for repeat in range(repeats):
        for name in works:
            for build, root in list(builds.items())[:: -1 if repeat % 2 else 1]:
                with tempfile.TemporaryDirectory() as folder:
                    here = Path(folder)
                    answer = once(root, name, here)
                    found[name][build].append(answer)
                    print(f"{name}, {build}: {answer['seconds']:.1f} s, {answer['peak'] / 2**20:.0f} MiB", flush=True)
                    if name == "default":
                        found[CACHED][build].append(once(root, CACHED, here))
                    if name == "quickstart":
                        drawn = {"seconds": answer["drawing"], "peak": answer["peak"]}
                        found["its figures and report"][build].append(drawn)
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", help="the earlier build")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--works", default=",".join(w for w in WORKS if w != CACHED), help="some of the default's, comma-separated"
    )
    parser.add_argument("--write", action="store_true", help="replace the section of RESULTS.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        subprocess.run(["git", "worktree", "add", "--detach", "--quiet", before, chosen.commit], cwd=ROOT, check=True)
        try:
            found = measure({"before": before, "now": ROOT}, chosen.works.split(","), chosen.repeats)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", before], cwd=ROOT, check=True)
    rows, ratios = [], {}
    for name, answers in found.items():
        old, new = ([a["seconds"] for a in answers[build]] for build in ("before", "now"))
        was, is_ = (median(a["peak"] for a in answers[build]) / 2**20 for build in ("before", "now"))
        ratios[name] = [a / b for a, b in zip(old, new, strict=True)]
        spread = f"{min(ratios[name]):.2f} to {max(ratios[name]):.2f}"
        memory = [f"{was:.0f}", f"{is_:.0f}", f"{is_ / was:.2f}"] if name in WORKS else ["-", "-", "-"]
        rows.append([name, f"{median(old):.1f}", f"{median(new):.1f}", f"{median(ratios[name]):.2f}", spread, *memory])
    table = markdown_table(HEADER, rows)
    print("", table, sep="\n")
    if chosen.write:
        packages = ["torch", "numpy", "scipy", "matplotlib", "mlflow-skinny", "mlflow"]
        command = (
            f"python -m benchmarks.against {chosen.commit} --repeats {chosen.repeats} --works '{chosen.works}' --write"
        )
        said = (
            f"## Beside an earlier build\n\n`{command}`\n\nThe build of {chosen.commit} and this one in turn, {chosen.repeats} times, all "
            "cores; medians; x time: median of the repeats' ratios; memory: peak of the process. Two bands: 2 x 48 dims, 20 lags, 100 "
            "electrodes, 18,000 frames, 10 x 10 alphas, 5 folds; forty alphas: 96 dims, else the same; long window: an hour at 64 Hz in "
            f"five blocks, 32 dims, 64 lags, 64 channels, 10 alphas.\n\n{describe(packages, cores())}\n\n{table}"
        )
        write_section("against", said)
        record(RESULTS.parent, "against", chosen.commit, hardware(cores()), ratios)


if __name__ == "__main__":
    main()
