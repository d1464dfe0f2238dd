"""analysis=cca: what two models share, what each has alone, and how well either part predicts the brain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.analysis._base import Analysis, Asked
from brainalign.bounds import LAYERS, Bounds
from brainalign.errors import BrainalignError, one_of, within

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.study.plan import Probed, Stage
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study

ROWS = {"auto": "words where a model has one vector a word, else frames", "words": "words", "frames": "frames"}


@dataclass
class CcaAnalysis(Analysis):
    """Shared and rest of two models."""

    cannot = "what the directions that both share are about"

    fit: str
    k: int
    variance: float
    ridge: float
    rows: str
    layers: list[int] | None

    bounds: ClassVar[Bounds] = {"k": (1, 100_000), "variance": (0.01, 1), "ridge": (0, 1e6), "layers": LAYERS}

    def __post_init__(self) -> None:
        one_of("analysis.fit", self.fit, ("auto", "cross_fitted", "in_sample"))
        within("analysis.k", self.k, 1)
        within("analysis.variance", self.variance, 0.01, 1)
        within("analysis.ridge", self.ridge, 0)
        one_of("analysis.rows", self.rows, ("auto", "words", "frames"))
        if self.layers is not None and len(self.layers) != 2:
            raise BrainalignError(
                f"analysis.layers={self.layers} must hold two layer numbers, the model's and the partner's."
            )

    def question(self, asked: Asked) -> str:
        """What two models share, and what of it predicts."""
        return (
            f"What do {asked.pair} share, and how well does the shared and the residual part of each predict the responses of "
            f"{asked.people} to {asked.heard}?"
        )

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.cca.run.cca`."""
        from brainalign.analysis.cca.run import cca

        return cca(study, models, **self.options)

    def own_methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """The two spaces, where there is a partner."""
        if models.partner is None:
            return []
        fit = {
            "cross_fitted": "fitted on the training stimuli of each outer fold and applied to its test stimuli",
            "in_sample": "fitted on all stimuli, test ones included, as published",
        }[self.fit]
        layers = (
            f"layers {self.layers[0]} and {self.layers[1]}"
            if self.layers
            else "in each fold the layer of each with the best inner score"
        )
        share, most = study.truncation(self.variance)
        kept = f"{share:.0%} of the variance" + ("" if most is None else f", {most} components at most")
        told = (
            f"Canonical correlation analysis (Hotelling 1936) of {models.model.name} and {models.partner.name} ({layers}; rows: "
            f"{ROWS[self.rows]}) was "
            f"{fit}, after standardisation and a truncation to {kept} (ridge {self.ridge:g}). The first "
            f"{self.k} canonical variates are the shared space, the other directions of the truncated space the rest; each went through "
            "the same TRF."
        )
        return [("Shared and residual spaces", told)]

    def stages_of(self, study: Study, models: Models, probed: Probed) -> list[Stage]:
        """The four spaces of model and partner."""
        from brainalign.study.plan import fits

        if probed.model not in (models.model, models.partner):
            return []
        shared, folds = min(self.k, probed.most), len(study.split.folds)
        parts = [study.plan(d) for d in (probed.most, shared, max(probed.most - shared, 1), probed.most)] * folds
        what = f"fit {probed.model.name} truncated, shared, rest and matched, at most"
        # a space belongs to one outer fold, which takes part in k - 1 of the k (k - 1) / 2 pairs
        return [fits(study, what, parts, share=2 / folds)]
