"""analysis=similarity: whether two models predict the same of each electrode (Chen et al. 2024, Fig. 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from brainalign.analysis._base import Analysis, Asked

if TYPE_CHECKING:
    from brainalign.config import Config
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

    def own_methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """What was correlated with what."""
        return [similarity_methods(study, models)]


def similarity_methods(study: Study, models: Models) -> tuple[str, str]:
    """How two models' predictions were held against each other, as (heading, paragraph).

    Args:
        study: Data, window and folds.
        models: Model, partner, and the baseline where there is one.
    """
    a, b = models.pair
    base = models.baseline
    held = "" if base is None else f" The pair was held against the pairs of either with {base.name}."
    return (
        "Similarity of predictions",
        f"For each {study.noun}, the predictions of {a.name} and {b.name} on held-out stimuli were correlated within each outer fold, "
        "every "
        "stimulus once, and squared correlations were averaged over folds; once as they are, and once as partial correlations, with speech "
        "being on and the onsets of stimulus and words, at all lags of the window, taken out of both. What unrelated predictions share "
        f"because they are smooth was estimated by shifting one against the other within the fold.{held}",
    )
