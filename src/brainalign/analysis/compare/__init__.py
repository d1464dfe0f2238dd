"""analysis=compare: runs that were tracked before, side by side, with tests between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from brainalign.analysis._base import Analysis, Needs
from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.study.result import AnalysisResult


@dataclass
class CompareAnalysis(Analysis):
    """Earlier runs side by side."""

    runs: list[str]
    sweep: str | None
    experiments: list[str]
    query: str
    against: str | None

    needs = Needs(study=False, data=False, models=False, responses=False, folds=False, fits=False, time=False)
    cannot = "why runs differ, where more than one setting differs between them"
    compared_by = ""
    of_sweep = "electrode by electrode, with tests"

    def __post_init__(self) -> None:
        if self.runs and self.sweep:
            raise BrainalignError("analysis.runs and analysis.sweep both say which runs; leave one out.")

    def run_alone(self, config: Config, folder: Path, overrides: Sequence[str]) -> AnalysisResult:
        """See :func:`brainalign.analysis.compare.run.run_comparison`."""
        from brainalign.analysis.compare.run import run_comparison

        return run_comparison(config, folder, overrides)
