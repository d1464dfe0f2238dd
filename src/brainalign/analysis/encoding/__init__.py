"""analysis=encoding: how well a model predicts each electrode, by layer and region, against a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.analysis._base import Analysis, Asked, Needs

if TYPE_CHECKING:
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class EncodingAnalysis(Analysis):
    """Scores, layer profile, tests against a baseline."""

    cannot = (
        "that the brain computes as the model does: a linear map predicts from whatever goes along with what was heard"
    )
    needs = Needs(bands=True, time=False)

    def question(self, asked: Asked) -> str:
        """How well the model predicts, and whether better than the next one."""
        against = f", and does it do better than {asked.models[1]}" if len(asked.models) > 1 else ""
        return f"How well does {asked.models[0]} predict the responses of {asked.people} to {asked.heard}{against}?"

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.encoding.run.encoding`."""
        from brainalign.analysis.encoding.run import encoding

        return encoding(study, models)
