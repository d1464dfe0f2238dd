"""analysis=convergence: the whole of Chen et al. 2024 on one study, so that every feature and every fit is made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.analysis._base import Asked, Needs
from brainalign.analysis.decomposition import DecompositionAnalysis
from brainalign.analysis.similarity import similarity_methods
from brainalign.analysis.variance_partition import check_partition, partition_methods, partition_stage
from brainalign.bounds import Bounds

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.study.plan import Probed, Stage
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class ConvergenceAnalysis(DecompositionAnalysis):
    """All of Chen et al. 2024."""

    sets: int
    components: int | None
    ratios: list[float]
    geometry: bool

    bounds: ClassVar[Bounds] = {"sets": (2, 1000), "components": (1, 100_000), "ratios": (1e-9, 1e9)}
    needs = Needs(partner=False)
    cannot = "that models and brain compute alike: what they share may be what both take from the stimulus"
    main_figure = "figure_4"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_partition(self.sets, self.components, self.ratios)

    def question(self, asked: Asked) -> str:
        """Whether two models converge in what they say of the brain."""
        if not asked.paired:
            return f"How well does {asked.models[0]} predict the responses of {asked.people} to {asked.heard}?"
        return (
            f"Do {asked.pair} share what they say of the brain, and how well does the shared and the residual part of each predict the "
            f"responses of {asked.people} to {asked.heard}?"
        )

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.convergence.run.convergence`."""
        from brainalign.analysis.convergence.run import convergence

        return convergence(study, models, **self.options)

    def own_methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """Those of every part."""
        if models.partner is None:
            return []
        partition = partition_methods(config, models, self.sets, self.components, self.ratios)
        return [similarity_methods(study, models), *super().own_methods(config, study, models), partition]

    def own_stages(self, study: Study, models: Models, fitted: Sequence[Probed]) -> list[Stage]:
        """Projections of the shared space, and the partition."""
        partition = partition_stage(study, models, fitted, self.sets, self.components, self.ratios)
        return [*super().own_stages(study, models, fitted), partition]
