"""analysis=reconstruction: responses to spoken words from word vectors by elastic net, beside the intercept alone (Khanday et al. 2025)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.bounds import Bounds
from brainalign.counts import count
from brainalign.errors import BrainalignError, one_of, within

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.data.facts import Facts
    from brainalign.study.plan import Stage
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study

WORDS = 5
"""Words that are left out in turn, at least."""

NET = 0.02
"""Seconds of an elastic net of a few hundred trials, about: small beside what surrounds it."""


@dataclass
class ReconstructionAnalysis(Analysis):
    """Trials of spoken words from word vectors."""

    leave: str
    score_axis: str
    alphas: list[float]
    l1_ratios: list[float]
    pca: float | None

    bounds: ClassVar[Bounds] = {"alphas": (1e-12, 1e20), "l1_ratios": (1e-12, 1), "pca": (0.01, 1)}
    needs = Needs(folds=False, fits=False)
    cannot = "that recordings code these features: others that go along with them may be reconstructed as well"

    def __post_init__(self) -> None:
        one_of("analysis.leave", self.leave, ("word", "trial"))
        one_of("analysis.score_axis", self.score_axis, ("trials", "channels"))
        within("analysis.pca", self.pca, 0.01, 1)
        for key, values in (("alphas", self.alphas), ("l1_ratios", self.l1_ratios)):
            if not values:
                raise BrainalignError(
                    f"analysis.{key} is empty; name one value, or several to choose from on inner folds."
                )
            for value in values:
                within(f"analysis.{key}", value, 1e-12, float("inf") if key == "alphas" else 1.0)

    def question(self, asked: Asked) -> str:
        """Whether word vectors foretell responses."""
        return (
            f"Do word vectors ({', '.join(asked.models)}) foretell the responses of {asked.people} who said {asked.heard} better than the "
            "intercept alone?"
        )

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.reconstruction.run.reconstruction`."""
        from brainalign.analysis.reconstruction.run import reconstruction

        return reconstruction(study, models, **self.options)

    @classmethod
    def lacks(cls, facts: Facts) -> str:
        """Words enough."""
        if facts.stimuli >= WORDS:
            return ""
        return f"{facts.stimuli} stimuli are fewer than the {WORDS} words that are left out in turn."

    def methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """Representations, the elastic net and its scores."""
        from brainalign import methods

        return [
            ("Representations", methods.representations(models)),
            ("Reconstruction of trials", self._told(config, study, models)),
        ]

    def _told(self, config: Config, study: Study, models: Models) -> str:
        window = config.window
        people = len(study.dataset.recordings)
        target = (
            f"the mean response from {window.trial[0]:g} to {window.trial[1]:g} s of the onset"
            if window.trial is not None
            else f"the response at {len(study.lags)} times from {window.tmin:g} to {window.tmax:g} s of the onset, each on its own"
        )
        layers = ", ".join(f"{m.name} (layer {m.layers[-1]})" for m in models.compared)
        reduced = any(m.unit == "frames" for m in models.compared) and self.pca is not None
        several = len(self.alphas) * len(self.l1_ratios) > 1
        penalties = (
            f"alpha of {', '.join(f'{a:g}' for a in self.alphas)} and l1_ratio of "
            f"{', '.join(f'{v:g}' for v in self.l1_ratios)} chosen for each channel on inner folds of whole words"
            if several
            else f"alpha {self.alphas[0]:g}, l1_ratio {self.l1_ratios[0]:g}"
        )
        shortened = (
            f"Features of speech models were reduced to the principal components that hold {self.pca:.0%} of the training trials' "
            "variance. "
            if reduced
            else ""
        )
        left = (
            "all trials of one word"
            if self.leave == "word"
            else "one trial (other trials of its word stayed in training)"
        )
        return (
            f"Of {count(people, 'participant')}, in each trial and channel, {target} was predicted from the vector of what was said "
            f"({layers}; "
            f"the mean over a trial's words, features as they come) by an elastic net ({penalties}; Zou and Hastie 2005). {shortened}"
            f"Each fit left out {left}. Scores along trials are, for each channel, of deviations from the mean of the training trials: "
            "their Pearson r, and 1 − SSE/SST. Scores along channels, as published (Khanday et al. 2025), are, for each trial, of its "
            "channels. Both stand beside an intercept-only model, against which participants' mean r is tested by sign flips, corrected "
            "over models by the maximum statistic."
        )

    def stages(self, study: Study, models: Models) -> list[Stage]:
        """Extraction, and one elastic net for each word or trial left out."""
        from brainalign.study.plan import Stage

        words = sum(len({p.stimulus for p in r.presentations}) for r in study.dataset.recordings)
        nets = words if self.leave == "word" else len(study.stimuli)
        size = f"{nets * len(models.compared)} elastic nets, one for each {self.leave} left out, participant and model"
        return [*super().stages(study, models), Stage("reconstruct trials", size, NET * nets * len(models.compared))]
