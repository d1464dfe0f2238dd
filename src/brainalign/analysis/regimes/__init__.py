"""analysis=regimes: one architecture under several weights, compared by region over participants (Millet et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.errors import BrainalignError, one_of

if TYPE_CHECKING:
    from brainalign.assembly import Opener
    from brainalign.config import Config
    from brainalign.features.representation import Representation
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class RegimesAnalysis(Analysis):
    """One architecture under several weights: name -> trained, untrained, rerandomized, a folder or a hub name."""

    regimes: dict[str, str]
    correction: str

    needs = Needs(baseline=False, time=False)
    paired = False
    cannot = "what in the training made the difference"

    def __post_init__(self) -> None:
        one_of("analysis.correction", self.correction, ("holm", "bonferroni", "fdr"))
        if len(self.regimes) < 2:
            raise BrainalignError(
                f"analysis.regimes={dict(self.regimes)} names {len(self.regimes)} regime(s); two or more are needed, such as "
                "{untrained: untrained, native: path/to/checkpoint}."
            )

        for name, weights in self.regimes.items():
            if not str(weights).strip("[]{} "):
                raise BrainalignError(
                    f"analysis.regimes.{name}={weights} names no weights; say trained, untrained, rerandomized or a checkpoint."
                )

    def question(self, asked: Asked) -> str:
        """How much the weights matter."""
        return f"How much do the weights ({', '.join(asked.models)}) matter to the responses of {asked.people} to {asked.heard}?"

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.regimes.run.regimes`."""
        from brainalign.analysis.regimes.run import regimes

        return regimes(study, models, **self.options)

    def own_methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """What was held against what."""
        from brainalign.methods import CORRECTIONS

        single = (
            f" Single {study.noun}s, which correspond between participants, were tested likewise and corrected by {CORRECTIONS['fdr']} "
            "over "
            f"the {study.noun}s of a pair."
            if study.outcome.inter_subject
            else ""
        )
        told = (
            f"One architecture was fitted under the weights {', '.join(self.regimes)}. Every two were held against each other in each "
            "region "
            "by Wilcoxon's signed-rank test of the participants' means (Wilcoxon 1945; Millet et al. 2022), corrected by "
            f"{CORRECTIONS[self.correction]} over pairs x regions.{single}"
        )
        return [("Weights", told)]

    def more_models(self, opener: Opener, model: Representation) -> Mapping[str, Any]:
        """The model under each regime's weights."""
        return {"regimes": [opener.regime(name, weights) for name, weights in self.regimes.items()]}
