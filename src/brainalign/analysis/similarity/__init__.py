"""analysis=similarity: whether two models predict the same of each electrode (Chen et al. 2024, Fig. 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.analysis._base import Analysis, Asked

if TYPE_CHECKING:
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class SimilarityAnalysis(Analysis):
    """Shared variance of two models' held-out predictions."""

    cannot = "that two models predict for the same reason: whatever goes along with both predicts the same"
    main_figure = "similarity"

    def question(self, asked: Asked) -> str:
        """What two models' predictions share."""
        return f"How much variance is shared by what {asked.pair} predict of the responses of {asked.people} to {asked.heard}?"

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.similarity.run.similarity`."""
        from brainalign.analysis.similarity.run import similarity

        return similarity(study, models)
