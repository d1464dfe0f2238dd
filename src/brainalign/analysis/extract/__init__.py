"""analysis=extract: a model's layers over a data set, extracted, cached and described; nothing is encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.analysis._base import Analysis, Asked, Needs

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class ExtractAnalysis(Analysis):
    """A model's layers, extracted and described."""

    needs = Needs(baseline=False, responses=False, folds=False, fits=False, time=False)
    cannot = "anything about a brain, as no responses took part"
    compared_by = ""

    def question(self, asked: Asked) -> str:
        """What the model gives."""
        return f"What does {asked.models[0]} give for {asked.heard}?"

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.extract.run.extract`."""
        from brainalign.analysis.extract.run import extract

        return extract(study, models)

    def methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """Representations alone."""
        from brainalign import methods

        return [("Representations", methods.representations(models))]
