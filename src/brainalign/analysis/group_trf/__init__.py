"""analysis=group_trf: weights over participants, their peaks, and where and when they differ from 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.bounds import Bounds
from brainalign.errors import BrainalignError, one_of, within

if TYPE_CHECKING:
    from brainalign.assembly import Opener
    from brainalign.config import Config
    from brainalign.data.facts import Facts
    from brainalign.features.representation import Representation
    from brainalign.study.plan import Probed, Stage
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study

TESTS = ("cluster", "tfce", "max_t", "none")


@dataclass
class GroupTrfAnalysis(Analysis):
    """Mean TRFs over participants with intervals, peaks, topographies, and tests over places and lags."""

    layer: int | None
    components: int
    channels: list[str] | None
    peaks: dict[str, Any] | None
    test: str
    level: float
    permutations: int
    ignored: bool

    bounds: ClassVar[Bounds] = {
        "layer": (0, 1000), "components": (1, 100), "level": (1e-6, 0.5), "permutations": (20, 1_000_000),
    }  # fmt: skip
    needs = Needs(bands=True)
    main_figure = "group_trf"
    cannot = (
        "when a response begins, or that each channel and lag of a cluster has one: the test is of the whole cluster"
    )

    def __post_init__(self) -> None:
        within("analysis.layer", self.layer, 0)
        within("analysis.components", self.components, 1)
        within("analysis.level", self.level, 1e-6, 0.5)
        within("analysis.permutations", self.permutations, 20)
        one_of("analysis.test", self.test, TESTS)
        for name, ends in (self.peaks or {}).items():
            if not (
                isinstance(ends, Sequence) and len(ends) == 2 and all(isinstance(e, int | float) for e in ends)
            ) or (float(ends[0]) >= float(ends[1])):
                raise BrainalignError(
                    f"analysis.peaks.{name}={ends} must be the first and the last second in which the peak is sought, such as [0.05, 0.15]."
                )

    def question(self, asked: Asked) -> str:
        """Which response, where and when."""
        models = " and ".join(asked.models[:2])
        return f"Which response to {models} do {asked.people} share who heard {asked.heard}, where and at which lags?"

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.group_trf.run.group`."""
        from brainalign.analysis.group_trf.run import group

        return group(study, models, **self.options)

    def more_models(self, opener: Opener, model: Representation) -> Mapping[str, Any]:
        """With ``ignored`` the model on the sounds that were not to be listened to, as the partner."""
        return {"partner": opener.ignored("analysis.ignored=true")} if self.ignored else {}

    @classmethod
    def lacks(cls, facts: Facts) -> str:
        """Participants."""
        if facts.participants < 2:
            return "there is one participant, so no mean over participants."
        return super().lacks(facts)

    def methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """Fits and scores; neither ceilings nor the tests of electrodes' scores."""
        whole = super().methods(config, study, models)
        return [part for part in whole if part[0] not in ("Noise ceilings", "Statistics")]

    def own_methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """Weights, peaks, and tests."""
        from brainalign.analysis.group_trf.words import paragraphs

        return paragraphs(
            study, components=self.components, channels=self.channels, test=self.test, level=self.level,
            permutations=self.permutations,
        )  # fmt: skip

    def stages_of(self, study: Study, models: Models, probed: Probed) -> list[Stage]:
        """One fit more, of the layer whose weights are looked at."""
        from brainalign.study.plan import fits

        if probed.model not in (models.model, models.partner):
            return []
        kept = None if study.components is None else [probed.most]
        return [fits(study, f"fit {probed.model.name}, weights of a layer", [study.plan(probed.widest, kept=kept)])]

    def own_stages(self, study: Study, models: Models, fitted: Sequence[Probed]) -> list[Stage]:
        """The tests over places and lags."""
        from brainalign.analysis.group_trf.run import planned

        return [] if self.test == "none" else [planned(study, models, self.test, self.permutations)]
