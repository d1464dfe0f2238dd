"""analysis=decomposition: what is in the space that two models share: words, sound, or context (Chen et al. 2024, Fig. 4b)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.analysis._base import Asked
from brainalign.analysis.cca import CcaAnalysis
from brainalign.bounds import Bounds
from brainalign.errors import within

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.data.facts import Facts
    from brainalign.study.plan import Probed, Stage
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class DecompositionAnalysis(CcaAnalysis):
    """What the shared space holds of words, sound and context."""

    cannot = "that a part is free of the others in more than a linear sense"

    context_layer: int | None
    previous: int

    bounds: ClassVar[Bounds] = {"context_layer": (1, 1000), "previous": (0, 1000)}

    def __post_init__(self) -> None:
        super().__post_init__()
        within("analysis.context_layer", self.context_layer, 1)
        within("analysis.previous", self.previous, 0)

    def question(self, asked: Asked) -> str:
        """What the shared space is made of."""
        return (
            f"What is in the space that {asked.pair} share, and how well does each part of it predict the responses of "
            f"{asked.people} to {asked.heard}?"
        )

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.decomposition.run.decomposition`."""
        from brainalign.analysis.decomposition.run import decomposition

        return decomposition(study, models, **self.options)

    @classmethod
    def lacks(cls, facts: Facts) -> str:
        """Sound and words, beside stimuli enough."""
        return facts.without("sound") or facts.without("words") or super().lacks(facts)

    def own_methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """The spaces, and what they were held against."""
        found = super().own_methods(config, study, models)
        if not found:
            return []
        parts = {
            "static word vectors": models.lexical, "acoustics": models.acoustic, "residual context": models.contextual,
        }  # fmt: skip
        named = ", ".join(f"{what} ({m.name})" for what, m in parts.items() if m is not None)
        before = f"the word itself and the {self.previous} before it" if self.previous else "the word itself"
        told = (
            f"The shared variates were held in a second CCA, frame by frame and on training stimuli alone, against {named}; residual "
            f"context is a layer of the language model less what a cross-fitted ridge regression predicts from {before} (Toneva et al. "
            "2022). The variates, projected on their canonical directions with each, went through the same TRF."
        )
        return [*found, ("What the shared space holds", told)]

    def own_stages(self, study: Study, models: Models, fitted: Sequence[Probed]) -> list[Stage]:
        """The projections of the shared space."""
        from brainalign.study.plan import fits

        parts = [study.plan(self.k)] * (6 * len(study.split.folds))
        return [fits(study, "fit what the shared space holds, at most", parts, share=2 / len(study.split.folds))]
