"""Mutation testing outside CI: would the tests notice? A sample of cosmic-ray's mutants, each against the tests that mirror its module.

    python -m benchmarks.mutation --each 40 --seed 0 --output benchmarks/MUTATION.md

needs ``pip install cosmic-ray==8.7.0`` and a system that forks. The mutants are made in a copy of the tree. Torch and the rest are imported
once; every mutant is tried in a fork of that process, which is what makes a few hundred of them affordable.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
FLOORS = ("linalg", "encoding", "stats", "spaces")
LIMIT = 120.0
"""Seconds after which a mutant counts as noticed: it hangs."""

RIDGE = "linalg/test_ridge.py linalg/test_moments.py linalg/test_bands.py"
ESTIMATORS = "encoding/test_trf.py encoding/test_estimators.py encoding/test_banded.py encoding/test_elastic_net.py"
NESTED = "encoding/test_nested.py encoding/test_fit_store.py analysis/test_who_has_a_say.py"
MIRRORS = {
    **dict.fromkeys(("linalg/held_out", "linalg/variation"), f"{RIDGE} {NESTED}"),
    "linalg/arithmetic": f"linalg/test_arithmetic.py {RIDGE} {NESTED}",
    **dict.fromkeys(("linalg/dual", "linalg/gram", "linalg/primal", "linalg/ridge", "linalg/solution", "linalg/stack"), RIDGE),
    "linalg/lags": f"{RIDGE} encoding/test_trf.py",
    "linalg/method": f"{RIDGE} encoding/test_plan.py",
    "linalg/machine": "linalg/test_machine.py encoding/test_plan.py",
    **dict.fromkeys(("encoding/_ridge", "encoding/base", "encoding/checks", "encoding/folds"), ESTIMATORS),
    **dict.fromkeys(("encoding/layers", "encoding/scores"), f"{NESTED} encoding/test_design.py"),
    "encoding/nested": NESTED,
    **dict.fromkeys(("encoding/fingerprint", "encoding/packing"), "encoding/test_fit_store.py"),
    "encoding/banded_nested": "encoding/test_banded_nested.py linalg/test_bands.py",
    "encoding/summed": "encoding/test_voxels.py",
    "stats/onset_response": "figures/test_quality.py",
    **dict.fromkeys(("stats/pairing", "stats/ttest"), "stats/test_compare.py stats/test_power.py"),
    "stats/signal_power": "stats/test_ceiling.py",
    "stats/signed_rank": "stats/test_preference.py",
    "spaces/projected": "spaces/test_shared.py spaces/test_residual.py",
}  # fmt: skip
"""Module -> the tests that are about it, where they have another name than it has."""


class Mutant(NamedTuple):
    """One change of one module."""

    module: str
    operator: str
    line: int
    diff: tuple[str, ...]
    code: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=40, help="mutants of each floor")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60.0, help="none is begun after these")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/MUTATION.md")
    asked = parser.parse_args()
    asked.output, end = asked.output.resolve(), time.monotonic() + 60 * asked.minutes
    reasons, rows = told(asked.output), []
    with copied() as copy:
        every = {floor: places(copy / "src/brainalign", floor) for floor in FLOORS}
        counts = {floor: len(found) for floor, found in every.items()}
        drawn = [islice(mutants(found, f"{floor} {asked.seed}"), asked.each) for floor, found in every.items()]
        for mutant in (
            one for turn in zip_longest(*drawn) for one in turn if one
        ):  # the floors in turn: none is left for last
            if time.monotonic() > end:
                break
            begin = time.monotonic()
            alive = survives(copy, mutant)
            rows.append((mutant, alive))
            outcome = "SURVIVED" if alive else "noticed"
            print(
                f"{time.monotonic() - begin:4.0f} s {outcome:8} {mutant.module}:{mutant.line} {mutant.operator}",
                flush=True,
            )
            asked.output.write_text(page(rows, counts, asked, reasons), encoding="utf-8")


@contextlib.contextmanager
def copied() -> Iterator[Path]:
    """A copy of the tree, and this process at home in it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for part in ("src", "tests", "conf", "benchmarks"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        for part in ("pyproject.toml", "run.py"):
            shutil.copy(ROOT / part, copy / part)
        os.chdir(copy)
        os.environ |= {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1", "HF_HUB_OFFLINE": "1"}
        sys.path[:] = [str(copy / "src"), *(p for p in sys.path if Path(p or ".").resolve() != ROOT / "src")]
        # a mutant has the size and second of its module: a stale .pyc would be taken for it
        sys.dont_write_bytecode = True
        for name in (
            "torch",
            "pandas",
            "scipy.stats",
            "sklearn.linear_model",
            "statsmodels.api",
            "hypothesis",
            "pytest",
        ):
            __import__(name)
        assert not any(name.split(".")[0] == "brainalign" for name in sys.modules), "each fork imports its own"
        yield copy


def places(package: Path, floor: str) -> list[tuple[Path, str, int, int]]:
    """Module, operator, occurrence and line of each of cosmic-ray's mutants of a floor."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    found = []
    for path in sorted((package / floor).glob("*.py")):
        nodes = list(ast_nodes(get_ast(path.read_text(encoding="utf-8"))))
        for name in sorted(operator_names()):
            kind: Any = get_operator(name)
            if not kind.arguments():
                starts = (start for node in nodes for start, _ in kind().mutation_positions(node))
                found += [(path, name, occurrence, line) for occurrence, (line, _) in enumerate(starts)]
    return found


def mutants(every: list[tuple[Path, str, int, int]], seed: str) -> Iterator[Mutant]:
    """Mutants in a seeded order; those that change annotations alone are passed over: nothing runs them."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    for path, name, occurrence, line in random.Random(seed).sample(every, len(every)):
        source = path.read_text(encoding="utf-8")
        try:
            code = mutate_code(source, get_operator(name)(), occurrence)
        except AttributeError:  # cosmic-ray cannot replace a dotted exception
            continue
        if code is not None and what_runs(code) != what_runs(source):
            yield Mutant(
                f"{path.parent.name}/{path.stem}", name.removeprefix("core/"), line, changed(source, code), code
            )


def what_runs(source: str) -> str:
    """The code without annotations."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(value=None)
    return ast.dump(tree)


def changed(before: str, after: str) -> tuple[str, ...]:
    """The lines that differ."""
    import difflib

    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return tuple(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def tests_of(module: str) -> list[str]:
    """The files of tests that mirror a module."""
    floor, name = module.split("/")
    return [f"tests/{file}" for file in MIRRORS.get(module, f"{floor}/test_{name}.py").split()]


def survives(copy: Path, mutant: Mutant) -> bool:
    """Whether all tests of its module pass on a mutant."""
    path = copy / "src/brainalign" / f"{mutant.module}.py"
    before = path.read_text(encoding="utf-8")
    path.write_text(mutant.code, encoding="utf-8")
    try:
        return passes(tests_of(mutant.module))
    finally:
        path.write_text(before, encoding="utf-8")


def passes(tests: list[str]) -> bool:
    """Whether tests pass, in a fork, within the limit."""
    child = os.fork()
    if child == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        import pytest

        code = 1
        with contextlib.suppress(BaseException):
            code = int(pytest.main(["-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]))
        os._exit(code)
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def told(output: Path) -> dict[str, str]:
    """Difference -> the reason that a person gave for it on the page that is written anew."""
    text = output.read_text(encoding="utf-8") if output.exists() else ""
    found = re.findall(r"```diff\n(.*?)\n```\n\nReason: (.*?)\n(?:\n|$)", text + "\n", flags=re.DOTALL)
    return {diff: reason for diff, reason in found}


def page(rows: list[tuple[Mutant, bool]], counts: dict[str, int], asked: argparse.Namespace, reasons: dict[str, str]) -> str:  # fmt: skip
    """Markdown; reasons for survivors are a person's, and are kept."""
    alive = [mutant for mutant, survived in rows if survived]
    lines = [
        "# Mutation testing",
        "",
        f"Written by `python -m benchmarks.mutation --each {asked.each} --seed {asked.seed} --minutes {asked.minutes:g}` (cosmic-ray "
        "8.7.0): a seeded sample of each floor's mutants, each against the tests that mirror its module (`MIRRORS` in "
        "`benchmarks/mutation.py`), not the whole suite: a score is a lower bound. Mutants of annotations alone are left out. "
        f"What took over {LIMIT:.0f} s counts as noticed.",
        "",
        f"**Noticed: {len(rows) - len(alive)} of {len(rows)}.**",
        "",
        "| floor | mutants there are (with those of annotations) | tried | noticed |",
        "|---|---:|---:|---:|",
    ]
    for floor, n in counts.items():
        mine = [survived for mutant, survived in rows if mutant.module.startswith(f"{floor}/")]
        lines.append(f"| {floor} | {n:,} | {len(mine)} | {len(mine) - sum(mine)} |")
    for mutant in alive:
        diff = "\n".join(mutant.diff)
        lines += ["", f"## `{mutant.module}.py` line {mutant.line} ({mutant.operator})", "", "```diff", diff, "```"]
        lines += ["", f"Reason: {reasons.get(diff, 'not looked at yet.')}"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
