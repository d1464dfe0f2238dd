"""analysis=latency: when a response follows its features: single lags, growing windows, and the weights over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.bounds import Bounds
from brainalign.errors import within
from brainalign.linalg.penalty import Penalty, check_lags

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.data.facts import Facts
    from brainalign.data.types import Dataset
    from brainalign.study.plan import Probed, Stage
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class LatencyAnalysis(Analysis):
    """Single lags, growing windows, and weights over time."""

    layer: int | None

    bounds: ClassVar[Bounds] = {"layer": (0, 1000)}
    needs = Needs(baseline=False)
    cannot = "when a region first responds: lags are relative to features, whose own context reaches back"

    def __post_init__(self) -> None:
        within("analysis.layer", self.layer, 0)

    def question(self, asked: Asked) -> str:
        """When, and over how long a window."""
        return f"When, and over how long a window, does {asked.models[0]} predict the responses of {asked.people} to {asked.heard}?"

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.latency.run.latency`."""
        from brainalign.analysis.latency.run import latency

        return latency(study, models, **self.options)

    def prepare(self, dataset: Dataset, config: Config) -> Dataset:
        """As read; refuses a penalty that single lags have no room for, before anything is fitted."""
        check_lags(1, cast("Penalty", config.encoding.penalty))
        return super().prepare(dataset, config)

    @classmethod
    def lacks(cls, facts: Facts) -> str:
        """Samples that are shorter than a word."""
        if facts.slow:
            return "one value takes longer than a word: latencies cannot be told."
        return super().lacks(facts)

    def methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """Fits and scores, without ceilings, and what stands for a latency."""
        from brainalign import methods
        from brainalign.analysis.latency.run import ENOUGH

        chosen = "the best of its layers by the mean inner score" if self.layer is None else f"layer {self.layer}"
        told = (
            f"{models.model.name} ({chosen}) was fitted with one lag at a time and with windows that grow from the first lag on. A "
            "region's "
            "best single lag is that of its highest mean score; its weights are largest at the lag where their mean norm, in units of each "
            f"response's standard deviation, is. The window that is enough is the shortest with {ENOUGH:.0%} of the whole window's mean "
            "score, its interval a percentile bootstrap over participants, or over "
            f"{study.noun}s where there are fewer than three. None of these is given for a region whose score in the whole window "
            "cannot be told from 0 (interval over participants, Bonferroni-corrected for the regions)."
        )
        return [
            ("Responses", methods.responses(config, study)),
            ("Representations", methods.representations(models)),
            ("Temporal receptive fields", methods.trf(config, study, models)),
            ("Selection and scores", methods.selection(config, study, models)),
            ("Latencies", told),
        ]

    def stages_of(self, study: Study, models: Models, probed: Probed) -> list[Stage]:
        """Single lags and growing windows."""
        from brainalign.analysis.latency.run import window_lengths
        from brainalign.study.plan import fits

        lengths = [1] * len(study.lags) + window_lengths(len(study.lags))
        kept = None if study.components is None else [probed.most]
        plans = [study.plan(probed.widest, n, kept=kept) for n in lengths]
        return [fits(study, f"fit {probed.model.name}, single lags and windows", plans)]
