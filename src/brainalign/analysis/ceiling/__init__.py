"""analysis=ceiling: how much of the responses could be predicted at all; no model takes part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.analysis._base import Analysis, Asked, Needs

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.data.facts import Facts
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class CeilingAnalysis(Analysis):
    """Signal power and noise ceilings."""

    needs = Needs(models=False, baseline=False, fits=False, time=False)
    cannot = "which model comes near it, as none took part"
    compared_by = ""
    main_figure = "ceilings"

    def question(self, asked: Asked) -> str:
        """What any model could reach."""
        return f"How much of the responses of {asked.people} to {asked.heard} could be predicted at all?"

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.ceiling.run.ceiling`."""
        from brainalign.analysis.ceiling.run import ceiling

        return ceiling(study, models)

    @classmethod
    def lacks(cls, facts: Facts) -> str:
        """Repeats."""
        if facts.repeated:
            return ""
        return "no stimulus was played twice to a participant, so no noise ceiling can be estimated."

    def methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """Responses and ceilings."""
        from brainalign import methods

        return [
            ("Responses", methods.responses(config, study)),
            ("Noise ceilings", methods.ceilings(config, study)),
        ]
