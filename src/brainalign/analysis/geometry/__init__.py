"""analysis=geometry: whether layers of models, and regions of the brain, arrange the same words or frames in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.analysis.geometry.names import MEASURES, STIMULI
from brainalign.bounds import Bounds
from brainalign.errors import BrainalignError, one_of, within

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.data.facts import Facts
    from brainalign.study.plan import Probed, Stage
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study

MEASURED = {
    "cka": "linear CKA with Song et al.'s unbiased HSIC (Kornblith et al. 2019; Nguyen et al. 2021)",
    "rsa": "RSA (Kriegeskorte et al. 2008)",
    "procrustes": "the cosine of the angular Procrustes distance (Williams et al. 2021), the rotation fitted on four fifths of the "
    "stimuli and scored on the other",
    "cca": "the mean held-out canonical correlation over five folds of stimuli, with SVCCA (Raghu et al. 2017) and PWCCA (Morcos et al. "
    "2018) in-sample beside it",
    "knn": "mutual nearest neighbours (Huh et al. 2024)",
}

SHUFFLED = 400.0
"""Operations of a matrix product in whose time one element of a matrix is put into another order and multiplied, about."""


@dataclass
class GeometryAnalysis(Analysis):
    """Similarity of layers and regions without a TRF."""

    measures: list[str]
    rows: str
    spacing: float
    metric: str
    compare: str
    neighbours: int
    variance: float
    most: int
    draws: int
    electrodes: int
    control: bool

    bounds: ClassVar[Bounds] = {
        "spacing": (0, 60), "neighbours": (1, 1000), "variance": (0.01, 1), "most": (50, 20_000), "draws": (19, 100_000),
        "electrodes": (2, 10_000),
    }  # fmt: skip
    needs = Needs(folds=False, fits=False, partner=False, time=False)
    cannot = "which dimensions carry what is similar, as a measure of geometry is one number for all of them"
    compared_by = "geometry"

    def __post_init__(self) -> None:
        for measure in self.measures:
            one_of("analysis.measures", measure, MEASURES)
        if not self.measures or len(set(self.measures)) < len(self.measures):
            raise BrainalignError(
                f"analysis.measures={list(self.measures)} must name one or more different ones of {', '.join(MEASURES)}."
            )
        one_of("analysis.rows", self.rows, ("auto", "words", "frames"))
        one_of("analysis.metric", self.metric, ("euclidean", "correlation", "cosine"))
        one_of("analysis.compare", self.compare, ("spearman", "pearson", "rho_a"))
        within("analysis.spacing", self.spacing, 0, 60)
        within("analysis.neighbours", self.neighbours, 1, 1000)
        within("analysis.variance", self.variance, 0.01, 1)
        within("analysis.most", self.most, 50, 20_000)
        within("analysis.draws", self.draws, 19, 100_000)
        within("analysis.electrodes", self.electrodes, 2, 10_000)

    def question(self, asked: Asked) -> str:
        """Whether geometries agree."""
        return f"Do {' and '.join(asked.models)}, and the responses of {asked.people}, arrange {asked.heard} in the same way?"

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.geometry.run.geometry`."""
        from brainalign.analysis.geometry.run import geometry

        return geometry(study, models, **self.options)

    @classmethod
    def lacks(cls, facts: Facts) -> str:
        """Stimuli enough."""
        if facts.stimuli >= STIMULI:
            return ""
        return f"{facts.stimuli} stimuli are fewer than the {STIMULI} that its nulls and intervals need."

    def methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """Representations, measures and inference."""
        from brainalign import methods

        return [
            ("Representations", methods.representations(models)),
            ("Geometry of representations", self._told(study, models)),
        ]

    def _told(self, study: Study, models: Models) -> str:
        grid = next(iter(study.responses.grids.values()))
        names = ", ".join(m.name for m in models.compared)
        distances = (
            f"; RSA compared 1 - {self.metric} distances"
            if self.metric != "euclidean"
            else "; RSA compared Euclidean distances"
        )
        controlled = (
            " The baseline's features and the onsets of words and stimuli were regressed out of every layer by least squares fitted on "
            "other stimuli."
            if self.control
            else ""
        )
        return (
            f"Layers of {names} were compared with each other, and with each participant's responses in each region of at least "
            f"{self.electrodes} {study.noun}s, by {'; '.join(MEASURED[m] for m in self.measures)}"
            f"{distances if 'rsa' in self.measures else ''}. Rows were words, or frames at least {self.spacing:g} s apart; at most "
            f"{self.most:,} where all pairs of rows are needed. Responses were averaged over repeats and from "
            f"{study.lags[0] / grid.rate:g} to {study.lags[-1] / grid.rate:g} s after each row's time, and z-scored. "
            "With regions, and under the null, pairs of rows of one stimulus have no part. p come from "
            f"{self.draws} shuffles of whole stimuli against each other, with the maximum over layers (of fitted measures: at most 39 "
            "shuffles in layers that the other half of the stimuli chose), corrected over models x regions, and over pairs of models, by "
            "the maximum of studentised statistics (Westfall and Young 1993); intervals are for other participants "
            "and other stimuli at once (Schuett et al. 2023), the stimuli resampled by weights or, where rotations are fitted "
            "and between models, by random halves without replacement. Nested values "
            f"have their layer chosen on one half of the stimuli and measured on the other, both ways.{controlled}"
        )

    def stages_of(self, study: Study, models: Models, probed: Probed) -> list[Stage]:
        """Relations of one model's layers and their shuffles, as many for the regions, and fits against the other models' layers."""
        from brainalign.analysis.geometry.rows import row_set
        from brainalign.linalg.machine import matrix_rate
        from brainalign.study.plan import Stage

        widths = list(probed.widths.values())
        rows = len(row_set(study, list(models.compared), self.rows, self.spacing).at_most(self.most))
        related = [m for m in self.measures if m in ("cka", "rsa", "knn")]
        matrices = len(widths) + len(study.regions) * len(study.dataset.recordings)
        operations = sum(2.0 * rows**2 * d for d in widths) * len(related)
        operations += self.draws * len(related) * matrices * rows**2 * SHUFFLED
        # A pair of models, half of which is told here: its cells on all rows and on two halves, one cell on 20 halves and in 39 shuffles.
        # A region is narrow: what is fitted to it is small beside one model's whitening, however often its stimuli are shuffled.
        others = [len(m.layers) for m in models.compared if m.name != probed.model.name]
        fits, d = sum(others) * len(widths) + 30 * len(others), max(widths, default=0)
        k = min(rows, d)
        if "procrustes" in self.measures:
            operations += fits * 5 * 15.0 * d**3
        if "cca" in self.measures:
            operations += fits * 6 * 15.0 * k**3 + (3 * len(widths) + 30 * len(others)) * 6 * 12.0 * rows * d * k
        size = f"{len(widths)} layer(s), {rows} rows, {self.draws} shuffles"
        return [
            Stage(
                f"geometry of {probed.model.name}",
                size,
                operations / matrix_rate("cpu", "float64"),
                4 * matrices * rows**2 * 2,
            )
        ]
