"""A run that SIGKILL ends at random points, again and again, must lose nothing and end like one that nothing ended.

    python -m benchmarks.kills [--kills 50] [--seed 0] [--write]

The run is timed once undisturbed. Then it is started and killed after a random share of that time, until it has been killed
`kills` times or has ended by itself; ended runs begin anew with an empty cache, so that all stages are met. After every kill
all that lies on disk is looked at.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from benchmarks.machine import cores, describe
from benchmarks.results import write_section
from brainalign.tools.cache import entries

COMMAND = (
    "data=simulated_small", "data.subjects=2", "data.electrodes=6", "data.sentences=24", "data.repeated=2", "data.repeats=3",
    "encoding.outer_folds=3", "encoding.alphas=[10,1000,100000]", "window.tmax=0.1", "model=tiny_gpt2",
)  # fmt: skip

SHORTER = 0.8
"""By which the time that a run lasts is corrected where one ended before its kill: the first may have run on a busier machine."""


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        kills: How often it was killed.
        ends: How often it ended by itself.
        faults: Sentences on what was found broken; empty is what should be.
    """

    kills: int = 0
    ends: int = 0
    faults: list[str] = field(default_factory=list)


def kill_again_and_again(door: Path, folder: Path, kills: int, seed: int, command: Sequence[str] = COMMAND) -> Outcome:
    """Kill a run at random points, and look at what is left.

    Args:
        door: ``run.py``.
        folder: Where to run; empty.
        kills: How often.
        seed: Of the points.
        command: The run's overrides.
    """
    chance, outcome = random.Random(seed), Outcome()
    started = time.monotonic()
    undisturbed = _start(door, folder / "undisturbed", command)
    if undisturbed.wait():
        outcome.faults.append("the undisturbed run failed")
        return outcome
    lasted = time.monotonic() - started
    expected = _results(folder / "undisturbed")[-1]
    place, round_ = folder / "killed-0", 0
    while outcome.kills < kills and not outcome.faults:
        run = _start(door, place, command)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(timeout=chance.uniform(0.1, 1.0) * lasted)
        if run.poll() is None:
            run.send_signal(signal.SIGKILL)
            run.wait()
            outcome.kills += 1
        else:
            outcome.ends += 1
            lasted *= SHORTER
            outcome.faults += [] if run.returncode == 0 else [f"a run ended with status {run.returncode}"]
            outcome.faults += _unlike(expected, place)
            shutil.rmtree(place)
            round_ += 1
            place = folder / f"killed-{round_}"
        outcome.faults += _broken(place)
    if place.exists():
        outcome.faults += [] if _start(door, place, command).wait() == 0 else ["the last run failed"]
        outcome.faults += _unlike(expected, place)
        outcome.ends += 1
    return outcome


def _start(door: Path, place: Path, command: Sequence[str]) -> subprocess.Popen[bytes]:
    place.mkdir(parents=True, exist_ok=True)
    with (place / "said.txt").open("ab") as said:
        return subprocess.Popen([sys.executable, str(door), *command], cwd=place, stdout=said, stderr=said)


def _results(place: Path) -> list[Path]:
    """Folders of finished runs, the oldest first."""
    return sorted((p.parent for p in (place / "outputs").glob("2*/*/report.html")), key=lambda p: p.stat().st_mtime)


def _broken(place: Path) -> list[str]:
    """What of the things that a killed run left behind cannot be read."""
    found = []
    cache = place / "outputs" / "cache"
    if cache.is_dir():
        found += [f"{e.path}: {e.what}" for e in entries(cache, check=True) if not e.sound]
    for table in place.glob("outputs/2*/*/tables/[!.]*.parquet"):
        try:
            pd.read_parquet(table)
        except Exception as error:  # any way in which half a table cannot be read
            found.append(f"{table}: {error}")
    for file in place.glob("outputs/2*/*/[!.]*.json"):
        try:
            json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            found.append(f"{file}: {error}")
    return found


def _unlike(expected: Path, place: Path) -> list[str]:
    """In what a run that was killed before differs from one that was not."""
    found = _results(place)
    if not found:
        return [f"{place}: the last run left no report"]
    metrics = [json.loads((folder / "metrics.json").read_text(encoding="utf-8")) for folder in (expected, found[-1])]
    differ = [name for name in metrics[0] | metrics[1] if metrics[0].get(name) != metrics[1].get(name)]
    return [f"{place}: {name} differs" for name in differ]


def main() -> None:
    """Kill, print and, with --write, put what came of it into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="replace this section of the results")
    given = parser.parse_args()
    door = Path(__file__).resolve().parents[1] / "run.py"
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="brainalign-kills-") as folder:
        outcome = kill_again_and_again(door, Path(folder), given.kills, given.seed)
    told = (
        f"{outcome.kills} kills at random points of the run, {outcome.ends} ends: "
        f"{len(outcome.faults)} broken file(s) or differing metric(s)."
    )
    sys.stdout.write("\n".join([told, *outcome.faults]) + "\n")
    if given.write:
        body = [
            "## Kills",
            f"`python -m benchmarks.kills --kills {given.kills} --seed {given.seed} --write`",
            f"`python run.py {' '.join(COMMAND)}`",
            describe(["brainalign", "mlflow", "safetensors", "pyarrow"], cores()),
            f"{told} Every run that ended has the metrics, bit for bit, of one that was never killed. {time.monotonic() - started:.0f} s.",
            *(f"- {fault}" for fault in outcome.faults),
        ]
        write_section("kills", "\n\n".join(body))
    raise SystemExit(bool(outcome.faults))


if __name__ == "__main__":
    main()
