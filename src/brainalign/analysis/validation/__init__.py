"""analysis=validation: what the simulator planted against what the pipeline finds, one file a kind of truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.bounds import Bounds
from brainalign.errors import within

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class ValidationAnalysis(Analysis):
    """What the simulator planted against what is found."""

    seeds: int
    sentences: int
    path: str | None

    bounds: ClassVar[Bounds] = {"seeds": (2, 1000), "sentences": (20, 100_000)}
    needs = Needs(data=False, models=False, baseline=False, fits=False)
    cannot = "how the estimates behave on recordings that are unlike the simulated ones"
    compared_by = ""

    def __post_init__(self) -> None:
        within("analysis.seeds", self.seeds, 2)
        within("analysis.sentences", self.sentences, 20)

    def question(self, asked: Asked) -> str:
        """Whether what was planted is found."""
        return "Does the pipeline find what the simulator planted?"

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.validation.run.validation`."""
        from brainalign.analysis.validation.run import validation

        return validation(study, models, **self.options)

    def methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """The pipeline, without representations."""
        whole = super().methods(config, study, models)
        return [part for part in whole if part[0] != "Representations"]
