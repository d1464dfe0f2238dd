"""Mutation testing outside CI: would the tests notice? A seeded sample of cosmic-ray's mutants of a few floors, each against its tests.

    python -m benchmarks.mutation --sample 40 --seed 0 --output benchmarks/MUTATION.md

needs ``pip install cosmic-ray==8.7.0``. The mutants are made in a copy of the sources, so that the working tree is never touched.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
FLOORS = {
    "linalg": "tests/linalg",
    "encoding": "tests/encoding/test_nested.py tests/encoding/test_trf.py tests/encoding/test_agreement.py tests/encoding/test_design.py "
    "tests/encoding/test_banded.py tests/encoding/test_banded_nested.py "
    "tests/encoding/test_reconstruction.py tests/analysis/test_who_has_a_say.py",
    "stats": "tests/stats tests/analysis/test_who_has_a_say.py",
    "spaces": "tests/spaces",
}
"""Floor -> the tests that its mutants meet; an estimator's slow tests are left out, so that the score is a lower bound."""
LIMIT = 240.0
"""Seconds after which a mutant counts as noticed: it hangs."""

CONFIG = """[cosmic-ray]
module-path = "src/brainalign/{floor}"
timeout = {limit}
excluded-modules = []
test-command = "{python} -m pytest -x -q -n 0 -p no:cacheprovider {tests}"
[cosmic-ray.distributor]
name = "local"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=40, help="mutants in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=25.0, help="no floor is begun after these")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/MUTATION.md")
    asked = parser.parse_args()
    begin, rows = time.monotonic(), []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for part in ("src", "tests", "conf", "benchmarks"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        for part in ("pyproject.toml", "run.py"):
            shutil.copy(ROOT / part, copy / part)
        sessions = {floor: session(copy, floor) for floor in FLOORS}
        every = [(floor, job) for floor, path in sessions.items() for job in jobs(path)]
        counts = {floor: sum(where == floor for where, _ in every) for floor in FLOORS}
        chosen = random.Random(asked.seed).sample(every, min(asked.sample, len(every)))
        for floor, path in sessions.items():
            mine = [job for where, job in chosen if where == floor]
            if not mine or time.monotonic() - begin > 60 * asked.minutes:
                continue
            keep(path, mine)
            ray(copy, "exec", f"{floor}.toml", str(path))
            rows += [(floor, *found) for found in results(path)]
            print(f"{floor}: {len(rows)} of {len(chosen)} mutants", flush=True)
            asked.output.write_text(page(rows, counts, asked), encoding="utf-8")


def session(copy: Path, floor: str) -> Path:
    """All mutants of a floor, as cosmic-ray lists them."""
    path = copy / f"{floor}.sqlite"
    text = CONFIG.format(floor=floor, limit=LIMIT, python=sys.executable, tests=FLOORS[floor])
    (copy / f"{floor}.toml").write_text(text)
    ray(copy, "init", f"{floor}.toml", str(path))
    return path


def ray(copy: Path, *words: str) -> None:
    path = os.pathsep.join([str(copy / "src"), os.environ.get("PYTHONPATH", "")])
    env = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, "-m", "cosmic_ray.cli", *words], cwd=copy, env=env, check=True)


def jobs(path: Path) -> list[str]:
    with sqlite3.connect(path) as db:
        return sorted(row[0] for row in db.execute("SELECT job_id FROM mutation_specs"))


def keep(path: Path, mine: list[str]) -> None:
    """Leave only these mutants in a session."""
    marks = ",".join("?" * len(mine))
    with sqlite3.connect(path) as db:
        for table in ("mutation_specs", "work_items"):
            db.execute(f"DELETE FROM {table} WHERE job_id NOT IN ({marks})", mine)


def results(path: Path) -> list[tuple[str, str, int, str, str]]:
    """Module, operator, line, outcome and difference of each mutant."""
    with sqlite3.connect(path) as db:
        return db.execute(
            "SELECT module_path, operator_name, start_pos_row, test_outcome, diff FROM mutation_specs JOIN work_results USING (job_id) "
            "ORDER BY module_path, start_pos_row"
        ).fetchall()


def page(rows: list[tuple[str, str, str, int, str, str]], counts: dict[str, int], asked: argparse.Namespace) -> str:
    """Markdown."""
    alive = [row for row in rows if "SURVIVED" in str(row[4])]
    lines = [
        "# Mutation testing",
        "",
        f"Written by `python -m benchmarks.mutation --sample {asked.sample} --seed {asked.seed}` (cosmic-ray 8.7.0): a seeded sample of "
        f"{len(rows)} of {sum(counts.values()):,} mutants ({', '.join(f'{f} {n:,}' for f, n in counts.items())}), each against "
        "the tests of its floor.",
        "",
        f"**Noticed: {len(rows) - len(alive)} of {len(rows)}.**",
        "",
        "| floor | mutants tried | noticed |",
        "|---|---:|---:|",
        *(
            f"| {f} | {sum(r[0] == f for r in rows)} | {sum(r[0] == f and r not in alive for r in rows)} |"
            for f in counts
        ),
    ]
    for floor, module, operator, line, _, diff in alive:
        changed = [part for part in str(diff).splitlines() if part[:1] in "+-" and part[:3] not in ("+++", "---")]
        lines += ["", f"## {floor}: `{Path(module).name}` line {line} ({operator})", "", "```diff", *changed, "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
