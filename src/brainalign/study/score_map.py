"""The brain map of a run: each electrode's score where it lies, for every analysis that scores electrodes."""

from __future__ import annotations

from brainalign.figures import brain_map
from brainalign.figures.brain import located
from brainalign.study.result import AnalysisResult
from brainalign.study.study import Study

MAP = "brain_map"
WITH_MAP = (MAP, "figure_2")
"""Figures that show scores on the brain already."""


def add_brain_map(result: AnalysisResult, study: Study) -> None:
    """Draw the models' scores on the brain, where channels have coordinates and no figure of the run shows that yet.

    Args:
        result: Of any analysis; one without a score a model and electrode gets no map.
        study: Says which scores are shown.
    """
    scores = result.tables.get("scores")
    if (
        scores is None
        or not {"rule", "space", "model", study.outcome.score} <= set(scores)
        or set(WITH_MAP) & set(result.figures)
    ):
        return
    full = study.shown(scores[scores["space"] == "full"])
    if located(full).any() and not full.duplicated(["model", "subject", "electrode"]).any():
        result.figures[MAP] = brain_map(full, study.outcome.score, noun=study.noun)
