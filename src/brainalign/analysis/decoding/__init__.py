"""analysis=decoding: features reconstructed from all channels, and segments told by their reconstruction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.bounds import Bounds
from brainalign.errors import one_of, within

if TYPE_CHECKING:
    from brainalign.assembly import Opener
    from brainalign.config import Config
    from brainalign.features.representation import Representation
    from brainalign.study.plan import Probed, Stage
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class DecodingAnalysis(Analysis):
    """The backward model of each participant, for each layer of each model."""

    components: int | None
    segment: float | None
    rival: str

    bounds: ClassVar[Bounds] = {"components": (1, 10_000), "segment": (0.1, 3600)}
    needs = Needs(fits=False)
    compared_by = ""
    main_figure = "decoding"
    cannot = "that the brain codes these features: what goes along with them is reconstructed as well"

    def __post_init__(self) -> None:
        one_of("analysis.rival", self.rival, ("mismatch", "partner", "ignored"))
        within("analysis.components", self.components, 1)
        within("analysis.segment", self.segment, 0.1)

    @property
    def reduces(self) -> str:
        """The channels that features are reconstructed from."""
        return "channels"

    def question(self, asked: Asked) -> str:
        """Whether features can be read from the brain."""
        return f"Can the features of {', '.join(asked.models)} be read from all channels of {asked.people} who heard {asked.heard}?"

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.decoding.run.decoding`."""
        from brainalign.analysis.decoding.run import decoding

        rival = "mismatch" if self.rival == "mismatch" else "partner"  # who is then the same model on the ignored sound
        return decoding(study, models, **{**self.options, "rival": rival})

    def more_models(self, opener: Opener, model: Representation) -> Mapping[str, Any]:
        """With ``rival=ignored`` the model on the sounds that were ignored, as the partner."""
        return {"partner": opener.ignored("analysis.rival=ignored")} if self.rival == "ignored" else {}

    def own_methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """The backward model, its scores, and the segments."""
        from brainalign import methods

        rate = study.frame_rate
        alphas, rule = sorted(config.encoding.alphas), config.encoding.boosting
        chosen = (
            f"alpha was chosen for each dimension among {len(alphas)} values from {alphas[0]:g} to {alphas[-1]:g} by R²"
            if rule is None
            else f"{methods.boosted(rule)[0].lower()}{methods.boosted(rule)[1:].rstrip('.')}. Growth was stopped"
        )
        lags = f"{study.lags[0] / rate:g} to {study.lags[-1] / rate:g} s"
        reduced = (
            ""
            if self.components is None
            else f" Of a layer with more than {self.components} dimensions, the first {self.components} principal components of its "
            "z-scored dimensions were the target; they are of the stimuli alone, without any response, and the same in every fold."
        )
        found = [
            (
                "Decoding",
                f"For each participant, features were reconstructed from all channels at lags of {lags} after them by "
                f"{methods.regression(config)} (the "
                "backward model; Crosse et al. 2016), with zeros outside a presentation. Channels were z-scored on "
                f"the training frames.{methods.components(config, 'channels')} In "
                f"{len(study.split.folds)} outer folds, {chosen} on inner folds, which are the other outer "
                "folds; frames whose window holds a "
                f"missing sample took no part.{reduced} "
                "The score is Pearson's r of held-out feature and reconstruction, for each dimension, averaged over "
                "folds; participants' means over "
                "dimensions are tested against 0 by exact sign flips, corrected over models and layers by the "
                "maximum statistic. Patterns are those of "
                "Haufe et al. 2014, of all dimensions jointly, in standard deviations of the channel per standard deviation of the "
                "reconstruction.",
            )
        ]
        if self.segment is not None:
            rival = (
                "the next held-out segment of the same features"
                if self.rival == "mismatch"
                else f"the features of {models.partner.name if models.partner else 'the partner'} at the same time (the ignored stream)"
            )
            found.append(
                (
                    "Attention" if self.rival != "mismatch" else "Match-mismatch",
                    f"Held-out reconstructions were cut into segments of {self.segment:g} s. A segment is told right "
                    "where its mean r over dimensions "
                    f"with what was heard is above that with {rival}; chance is .5. A participant's accuracy has an exact "
                    "binomial interval (Clopper and "
                    "Pearson 1934), which takes segments as independent, and a permutation p, for which reconstructions "
                    "were dealt anew to the pairs of "
                    "segments. Participants' accuracies are tested against .5 by exact sign flips, corrected likewise.",
                )
            )
        return found

    def stages_of(self, study: Study, models: Models, probed: Probed) -> list[Stage]:
        """A backward model for each participant and layer; none of a rival, whose features are held against those of the model alone."""
        if self.rival != "mismatch" and probed.model is models.partner:
            return []
        from brainalign.analysis.decoding.run import planned
        from brainalign.study.plan import fits

        widths = [min(d, self.components or d) for d in probed.widths.values()]
        stage = fits(study, f"decode {probed.model.name}", planned(study, widths))
        return [replace(stage, size=stage.size.replace("electrodes", "dimensions"))]
