"""analysis=hierarchy: which layer of a model each electrode prefers, and whether regions are ordered by it (Millet et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.errors import one_of

if TYPE_CHECKING:
    import pandas as pd

    from brainalign.config import Config
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class HierarchyAnalysis(Analysis):
    """Preferred layers, and the order of regions."""

    layers: str
    order: list[str] | None

    needs = Needs(baseline=False, time=False)
    cannot = "that regions compute one after the other: an order of layers is no order in time"

    paired = False

    def __post_init__(self) -> None:
        one_of("analysis.layers", self.layers, ("separate", "cumulative"))

    def question(self, asked: Asked) -> str:
        """Which layers predict which regions."""
        return f"Which layers of {asked.models[0]} predict which regions of {asked.people} who heard {asked.heard}?"

    def maps(self, tables: Mapping[str, pd.DataFrame]) -> list[tuple[pd.DataFrame, Sequence[str]]]:
        """Best and preferred layers."""
        from brainalign.analysis.hierarchy.run import CENTRE

        named = tables["preference"].rename(columns={CENTRE: "preferred_layer"})
        return [(named, ("best_layer", "preferred_layer"))]

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.hierarchy.run.hierarchy`."""
        from brainalign.analysis.hierarchy.run import hierarchy

        return hierarchy(study, models, **self.options)

    def own_methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """What a preferred layer is, and how the order of regions was tested."""
        score = (
            "its score alone"
            if self.layers == "separate"
            else "what it adds, which is the score of all layers up to it, fitted together, less that of all before it"
        )
        order = (
            "Each participant's preferred layers by region were correlated (Spearman) with the mean of the other participants, and the "
            "mean "
            "of these correlations was tested by shuffling regions within participants, one-sided."
            if self.order is None
            else f"Each participant's preferred layers by region were correlated (Spearman) with the order {', '.join(self.order)}, and "
            "the correlations were tested by exact sign flips over participants."
        )
        told = (
            f"A layer k of {models.model.name} counts for a {study.noun} with s(k), {score}. The preferred layer is the centre of mass, "
            "the "
            "sum of k s(k) over the sum of s(k), over layers with a score above 0 (Millet et al. 2022), and undefined where there is none. "
            f"It was averaged over {study.noun}s within participant and region first. {order} Every two regions were held against each "
            "other by sign flips over participants, corrected by the maximum statistic (Westfall and Young 1993)."
        )
        return [("Preferred layers", told)]
