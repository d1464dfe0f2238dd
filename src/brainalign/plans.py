"""What plan=true leaves: no run and no folder; and of a sweep the sum of its plans, in print."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from brainalign.errors import BrainalignError
from brainalign.progress import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from brainalign.study.plan import Stage

log = logging.getLogger(__name__)

PLACE = "BRAINALIGN_PLANS"
"""Environment variable of the file where the children of a sweep, in whatever process, leave their totals."""


def begin_plans() -> None:
    """Make the file of totals; the children that this process starts find it."""
    handle, os.environ[PLACE] = tempfile.mkstemp(prefix="brainalign-plans-", suffix=".jsonl")
    os.close(handle)


def note_plan(stages: Sequence[Stage]) -> None:
    """Leave the total of one child's plan, where it is a sweep's."""
    _note({"seconds": sum(s.seconds for s in stages), "memory": max((s.memory for s in stages), default=0)})


def note_failure(error: BrainalignError, overrides: str) -> None:
    """Leave why one child has no plan."""
    _note({"error": f"{overrides}: {error}"})


def _note(line: dict[str, object]) -> None:
    if place := os.environ.get(PLACE):
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def end_plans() -> tuple[int, int]:
    """Say what the plans come to, and which could not be made.

    Returns:
        How many children have no plan, and how many there are.
    """
    from brainalign.encoding.plan import GIB  # imports scikit-learn, which `--help` does without

    file = Path(os.environ.pop(PLACE))
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    file.unlink()
    plans, failed = [x for x in lines if "error" not in x], [x["error"] for x in lines if "error" in x]
    for error in failed:
        log.info("no plan of %s", error)
    if plans:
        whole, longest = (duration(total(p["seconds"] for p in plans)) for total in (sum, max))
        most = max(p["memory"] for p in plans) / GIB
        log.info(
            "%d of %d children planned: in all about %s one after the other, the longest about %s; %.1f GiB needed at most",
            len(plans), len(lines), whole, longest, most,
        )  # fmt: skip
    return len(failed), len(lines)


def leave_nothing(folder: Path, made: Sequence[str], output: Path) -> None:
    """Remove what Hydra made for plans and refused runs, and the folders of results that are then empty.

    Args:
        folder: The run's, or the sweep's; one that holds anything else is an earlier run's and stays.
        made: Names in it.
        output: No folder above it is touched.
    """
    if not {path.name for path in folder.iterdir()} <= set(made):
        return
    for name in made:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).unlink(missing_ok=True)
    while folder.is_relative_to(output) and folder != Path.cwd() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
