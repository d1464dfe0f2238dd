"""What got slower since it was last measured: ``python -m benchmarks.history`` reads the rows that benchmarks leave with --write.

A row is one run of a benchmark: date, commit, machine, the benchmark (its section of RESULTS.md), its size, and each ratio with the lowest
and the highest of its repeats. Ratios are of a competitor's time to brainalign's in the same run: larger is better, and machines that are
busy with other work slow both. A row is held against the last one before it of the same benchmark, size and machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HISTORY = "history.jsonl"
"""Beside RESULTS.md."""

NOISE = 0.25
"""Share of a ratio that is taken for noise where it was measured once."""


@dataclass(frozen=True)
class Ratio:
    """A ratio of times, and what its repeats ranged over.

    Attributes:
        ratio: The median.
        low: The lowest.
        high: The highest.
    """

    ratio: float
    low: float
    high: float

    @classmethod
    def of(cls, repeats: Sequence[float]) -> Ratio:
        """From the ratio of each repeat; a single one is ``NOISE`` wide either way.

        Args:
            repeats: One or more.
        """
        middle = median(repeats)
        if len(repeats) == 1:
            return cls(middle, middle * (1 - NOISE), middle * (1 + NOISE))
        return cls(middle, min(repeats), max(repeats))


def record(folder: Path, benchmark: str, size: str, machine: str, ratios: Mapping[str, Sequence[float]]) -> None:
    """Append one line.

    Args:
        folder: Of the results.
        benchmark: Key of its section.
        size: In words.
        machine: From :func:`benchmarks.machine.hardware`.
        ratios: What brainalign was held against -> that one's time over brainalign's, of each repeat.
    """
    row = {
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}", "commit": commit(), "machine": machine, "benchmark": benchmark, "size": size,
        "ratios": {name: {k: float(f"{v:.4g}") for k, v in asdict(Ratio.of(list(values))).items()} for name, values in ratios.items()},
    }  # fmt: skip
    with (folder / HISTORY).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def commit() -> str:
    """The checkout's commit, ``+`` behind it where its code has changed since; ``unknown`` outside one."""
    try:
        found, changed = (
            subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
            for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--", "src", "benchmarks/*.py"))
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found + "+" * bool(changed)


@dataclass(frozen=True)
class Change:
    """A ratio beside the one before it.

    Attributes:
        what: Benchmark, size and what brainalign was held against.
        before: Commit and ratio.
        now: Commit and ratio.
    """

    what: str
    before: tuple[str, Ratio]
    now: tuple[str, Ratio]

    @property
    def verdict(self) -> str:
        """``slower`` or ``faster`` where the repeats of the two do not overlap, else ``same``."""
        old, new = self.before[1], self.now[1]
        return "slower" if new.high < old.low else "faster" if new.low > old.high else "same"

    def __str__(self) -> str:
        told = " -> ".join(f"{r.ratio:.3g} [{r.low:.3g}, {r.high:.3g}] at {at}" for at, r in (self.before, self.now))
        return f"{self.verdict}: {self.what}: {told}"


def changes(rows: Sequence[Mapping[str, Any]]) -> list[Change]:
    """The last of each ratio beside the last before it.

    Args:
        rows: Of the history, the oldest first.
    """
    last: dict[tuple[str, ...], tuple[str, Ratio]] = {}
    found: dict[tuple[str, ...], Change] = {}
    for row in rows:
        for name, numbers in row["ratios"].items():
            key = row["benchmark"], row["size"], name, row["machine"]
            now = row["commit"], Ratio(**numbers)
            if key in last:
                found[key] = Change(", ".join(key[:3]), last[key], now)
            last[key] = now
    return list(found.values())


def main() -> int:
    """Print every change beyond the noise, and how many there are that are none; status 1 where something got slower."""
    file = Path(__file__).parent / HISTORY
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []
    found = changes(rows)
    told = [str(change) for change in found if change.verdict != "same"]
    same = len(found) - len(told)
    print("\n".join([*told, f"{same} ratio(s) within the noise of the row before, of {len(rows)} run(s)."]))
    return int(any(change.verdict == "slower" for change in found))


if __name__ == "__main__":
    sys.exit(main())
