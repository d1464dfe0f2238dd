"""analysis=hierarchy: which layer of a model each electrode prefers, and whether regions are ordered by it (Millet et al. 2022)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.errors import one_of

if TYPE_CHECKING:
    import pandas as pd

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
