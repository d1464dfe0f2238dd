"""What a sweep costs: a child's own overhead, 200 children, a comparison of 100 of them, two workers against one thread.

    python -m benchmarks.sweeps [--children 200] [--write]

All through the command line, in a temporary folder. The overhead is the wall time of a child of the big sweep less the time that
the same child spends in its analysis (encoding, tests, figures), both measured inside one process after the imports.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from benchmarks.history import record
from benchmarks.machine import cores, describe, hardware
from benchmarks.results import RESULTS, markdown_table, write_section

DOOR = Path(__file__).resolve().parents[1] / "run.py"
TINY = (
    "data=simulated_small", "data.subjects=4", "data.electrodes=6", "data.sentences=24", "data.repeated=2", "data.repeats=3",
    "encoding.outer_folds=3", "encoding.alphas=[10,1000,100000]", "window.tmax=0.1", "model=mel",
)  # fmt: skip
HEAVY = ("data=simulated_small", "data.sentences=300", "~model@baseline")
"""Children whose own work counts: some seconds of fits each."""
HEADER = ["what", "measured", "asked"]

ONE_CHILD = """
import sys, time
from pathlib import Path
import brainalign.experiment as experiment
import brainalign.outputs as outputs
from brainalign.analysis.encoding import EncodingAnalysis
from brainalign.cli import main
from hydra.core.hydra_config import HydraConfig
spent = {}
def timed(module, name):
    do = getattr(module, name)
    def wrapped(*a, **k):
        begun = time.perf_counter()
        try:
            return do(*a, **k)
        finally:
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - begun
    setattr(module, name, wrapped)
for name in ("open_dataset", "open_models"):
    timed(experiment, name)
timed(EncodingAnalysis, "run")
timed(outputs, "write_figures")
whole = experiment.run
def run(*a, **k):
    spent.clear()
    begun = time.perf_counter()
    whole(*a, **k)
    print("CHILD", time.perf_counter() - begun, sum(spent.values()), flush=True)
experiment.run = run
main()
"""


def call(folder: Path, *arguments: str, threads: int | None = None, code: str | None = None) -> tuple[float, str]:
    """Run the command line; wall seconds and what it said."""
    door = ["-c", code] if code else [str(DOOR)]
    environment = os.environ | ({"OMP_NUM_THREADS": str(threads)} if threads else {})
    if not threads:
        environment.pop("OMP_NUM_THREADS", None)
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *door, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return time.perf_counter() - begun, done.stdout + done.stderr


def children(folder: Path) -> pd.DataFrame:
    """The newest sweep's table of children."""
    return pd.read_parquet(
        max(folder.glob("outputs/2*/*-sweep/tables/children.parquet"), key=lambda p: p.stat().st_mtime)
    )


def overhead(folder: Path) -> list[str]:
    """Seconds of a child that are not its data, models, analysis and figures; the median of ten."""
    _, said = call(folder, "-m", *TINY, f"model.n_mels={','.join(map(str, range(5, 15)))}", code=ONE_CHILD)
    lines = [line.split() for line in said.splitlines() if line.startswith("CHILD")]
    own = pd.Series([float(whole) - float(work) for _, whole, work in lines[1:]])  # the first pays for imports
    return [
        "overhead of a child: compose, MLflow, tables, report",
        f"{own.median():.2f} s (largest {own.max():.2f})",
        "< 3 s",
    ]


def many(folder: Path, number: int) -> list[str]:
    """A sweep of many children: how many FINISHED, and how long."""
    taken, _ = call(folder, "-m", *TINY, f"model.n_mels={','.join(map(str, range(1, number + 1)))}")
    done = (children(folder)["status"] == "FINISHED").sum()
    return [f"{number} children in one sweep", f"{done} FINISHED, {taken:.0f} s, {taken / number:.2f} s a child", "all"]


def comparison(folder: Path, number: int = 100) -> list[list[str]]:
    """analysis=compare over runs of the big sweep, against one of them and every pair."""
    runs = list(children(folder)["run"].head(number))
    ids, number = ",".join(runs), len(runs)
    against, _ = call(folder, "analysis=compare", f"analysis.runs=[{ids}]", "analysis.against='mel n_mels=1'")
    few = min(20, number)
    some = ",".join(ids.split(",")[:few])
    pairs, _ = call(folder, "analysis=compare", f"analysis.runs=[{some}]")
    return [
        [f"compare {number} runs, 4 participants, against one", f"{against:.1f} s", "< 20 s"],
        [f"compare {few} runs, 4 participants, all {few * (few - 1) // 2} pairs", f"{pairs:.1f} s", "< 20 s"],
    ]


def workers(folder: Path) -> tuple[list[str], float]:
    """Sixteen children one after the other on one thread, and two at a time: the row, and how much less time the two take."""
    sweep = (
        "-m",
        *HEAVY,
        "model=tiny_gpt2",
        "model.layers=[0],[1],[2],[3],[4],[0,1],[2,3],[3,4]",
        "window.tmax=0.2,0.38",
    )
    serial, _ = call(folder, *sweep, "paths.output=serial", threads=1)
    joblib, _ = call(
        folder, *sweep, "paths.output=joblib", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", threads=1
    )
    told = f"{serial / joblib:.2f} x ({serial:.0f} s and {joblib:.0f} s)"
    return ["16 children, 2 workers of joblib, against one thread", told, ">= 1.7 x"], serial / joblib


def main() -> None:
    """Measure, print and, with --write, put the table into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=200)
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="brainalign-sweeps-") as place:
        folder = Path(place)
        two, ratio = workers(folder)
        rows = [two, overhead(folder), many(folder, given.children), *comparison(folder)]
    for row in rows:
        sys.stdout.write("  ".join(row) + "\n")
    if given.write:
        body = [
            "## Sweeps",
            f"`python -m benchmarks.sweeps --children {given.children} --write`",
            "Whole commands, imports and the parent's summary included, but for the overhead, which is within a process. "
            "Two workers need two free cores: below 1, other work ran beside.",
            describe(["brainalign", "hydra-core", "mlflow", "joblib", "numpy", "torch"], cores()),
            markdown_table(HEADER, rows),
        ]
        write_section("sweeps", "\n\n".join(body))
        record(RESULTS.parent, "sweeps", "16 children", hardware(1), {"one thread, by two workers": [ratio]})


if __name__ == "__main__":
    main()
