"""analysis=power: the chance to find an effect of a given size with so many participants, electrodes and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.bounds import SHARE, Bounds
from brainalign.errors import BrainalignError, within

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.study.plan import Probed, Stage
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class PowerAnalysis(Analysis):
    """The chance to detect a difference or a shared variance, by number of participants and sentences."""

    difference: float | None
    shared: float | None
    participant_sd: float
    electrode_sd: float
    participants: list[int]
    sentences: list[int]
    level: float
    tests: int
    draws: int
    sets: int
    check: int

    bounds: ClassVar[Bounds] = {
        "difference": SHARE, "shared": SHARE, "participant_sd": (0, 10), "electrode_sd": (0, 10), "participants": (2, 10_000),
        "sentences": (10, 100_000), "level": (1e-6, 0.5), "tests": (1, 1_000_000), "draws": (100, 1_000_000), "sets": (2, 1000),
        "check": (0, 10_000),
    }  # fmt: skip
    needs = Needs(data=False, models=False, baseline=False, fits=False)
    cannot = "that real listeners differ as the simulated ones do"
    compared_by = ""

    def __post_init__(self) -> None:
        for key in ("difference", "shared"):
            value = getattr(self, key)
            if value is not None and not 0 < value < 1:
                raise BrainalignError(
                    f"analysis.{key}={value:g} is impossible; it must lie between 0 and 1, or be null."
                )
        if self.difference is None and self.shared is None:
            raise BrainalignError(
                "analysis.difference and analysis.shared are both null; at least one must be a number such as 0.02."
            )
        if not self.participants:
            raise BrainalignError("analysis.participants=[] holds nothing; name one or more numbers of participants.")
        for key in ("participant_sd", "electrode_sd"):
            within(f"analysis.{key}", getattr(self, key), 0)
        for key, least in (("participants", 2), ("sentences", 10)):
            values = getattr(self, key)
            if any(n < least for n in values):
                raise BrainalignError(f"analysis.{key}={values} must be a list of whole numbers of at least {least}.")
            setattr(self, key, sorted(set(values)))
        within("analysis.level", self.level, 1e-6, 0.5)
        within("analysis.tests", self.tests, 1)
        within("analysis.draws", self.draws, 100)
        within("analysis.sets", self.sets, 2)
        within("analysis.check", self.check, 0)

    def question(self, asked: Asked) -> str:
        """How likely an effect is found."""
        return f"With the numbers of {asked.people} and {asked.heard}, how likely is an effect of a given size to be found?"

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.power.run.power`."""
        from brainalign.analysis.power.run import power

        return power(study, models, **self.options)

    def methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """The pipeline of the pilots, and the draws."""
        from brainalign import methods

        told = (
            f"For each number of sentences {self.sets} simulated data sets went through the pipeline with two models that do not differ "
            "(all latents with independent noise) or share nothing (acoustic and contextual latents), and as many with models that do. "
            "Analysis of variance gave the noise of an electrode's value within and between participants, and how an effect varies over "
            f"electrodes. {self.draws} data sets were then drawn at the level of scores: the effect times a pilot electrode's gain, a "
            "pilot electrode's residual, a participant's deviation of SD "
            f"{self.participant_sd:g} and an electrode's of SD {self.electrode_sd:g}. Each got every test at "
            f"{self.level:g}/{self.tests}; the mixed model in its closed form for equal numbers of electrodes. Intervals are exact "
            "binomial ones."
        )
        return [
            ("Responses", methods.responses(config, study)),
            ("Temporal receptive fields", methods.trf(config, study, models)),
            ("Selection and scores", methods.selection(config, study, models)),
            ("Power", told),
        ]

    def own_stages(self, study: Study, models: Models, fitted: Sequence[Probed]) -> list[Stage]:
        """Fits of the pilots."""
        from brainalign.study.plan import fits

        effects = sum(effect is not None for effect in (self.difference, self.shared))
        pilots = effects * (2 * self.sets * (1 + len(self.sentences)) + self.check)
        width = sum(next(iter(v.values())).shape[1] for v in (study.dataset.latents or {}).values())
        return [fits(study, f"fit {pilots} pilots", [study.plan(max(width, 1))] * (3 * pilots))]
