"""analysis=describe: what is in a data set, what is missing, and what can be done with it; nothing is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from brainalign.analysis._base import Analysis, Needs

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.study.result import AnalysisResult


@dataclass
class DescribeAnalysis(Analysis):
    """What is in a data set."""

    needs = Needs(study=False, models=False, folds=False, fits=False, time=False)
    compared_by = ""
    main_figure = "data"

    def run_alone(self, config: Config, folder: Path, overrides: Sequence[str]) -> AnalysisResult:
        """See :func:`brainalign.analysis.describe.run.run_description`."""
        from brainalign.analysis.describe.run import run_description

        return run_description(config, folder, overrides)
