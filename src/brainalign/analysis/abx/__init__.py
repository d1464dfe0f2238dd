"""analysis=abx: how well frames tell phones apart, layer by layer, and whether listeners fail where the model does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from brainalign.analysis._base import Analysis, Asked, Needs
from brainalign.bounds import Bounds
from brainalign.errors import BrainalignError, one_of, within

if TYPE_CHECKING:
    from brainalign.config import Config
    from brainalign.data.facts import Facts
    from brainalign.data.types import Dataset
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study


@dataclass
class AbxAnalysis(Analysis):
    """Discriminability of phones by frames, and listeners' answers."""

    triplets: str
    answers: str | None
    groups: list[str] | None
    distance: str
    n: int

    bounds: ClassVar[Bounds] = {"n": (1, 1_000_000)}
    needs = Needs(responses=False, folds=False, fits=False)
    cannot = "how people hear these contrasts, unless answers of listeners took part"
    compared_by = ""

    def __post_init__(self) -> None:
        one_of("analysis.distance", self.distance, ("cosine", "angular", "kl"))
        within("analysis.n", self.n, 1)
        if self.answers is not None and self.triplets == "auto":
            raise BrainalignError(
                f"analysis.answers={self.answers} needs the triplets that were answered: analysis.triplets must be a table, not auto."
            )
        if self.groups is not None and len(set(self.groups)) != 2:
            raise BrainalignError(
                f"analysis.groups={self.groups} must hold two different groups, the model's and the partner's."
            )

    def question(self, asked: Asked) -> str:
        """How well phones are told apart."""
        return f"How well do frames of {' and '.join(asked.models)} tell the phones of {asked.heard} apart?"

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """See :func:`brainalign.analysis.abx.run.abx`."""
        from brainalign.analysis.abx.run import abx

        return abx(study, models, **self.options)

    def files(self) -> Mapping[str, Path]:
        """The tables of triplets and of answers."""
        named = {key: self.options[key] for key in ("triplets", "answers") if self.options[key]}
        return {f"analysis.{key}": Path(name).expanduser() for key, name in named.items()}

    def prepare(self, dataset: Dataset, config: Config) -> Dataset:
        """The data set with the sounds that a table of triplets names."""
        from brainalign.data.stimuli.triplets import with_sounds

        if self.triplets == "auto":
            return dataset
        form = getattr(config.data, "stimuli", None)
        return with_sounds(dataset, self.triplets, form.channel if form is not None else "mean")

    @classmethod
    def lacks(cls, facts: Facts) -> str:
        """Phones."""
        return facts.without("phones")

    def methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """Representations, triplets and tests."""
        from brainalign import methods

        frames = {
            "cosine": "1 − their cosine",
            "angular": "arccos of their cosine over π",
            "kl": "half the sum of the two Kullback-Leibler divergences of their softmax",
        }[self.distance]
        made = self.triplets == "auto"
        source = "made from the stimuli's phones, balanced over pairs of phones" if made else "read from a table"
        told = (
            "A and X are of one kind, B is of another (Schatz et al. 2013). Stretches are the frames whose centre lies in the interval; "
            f"their distance d is the mean distance of frames ({frames}) along the cheapest warping path. delta = d(B, X) − d(A, X); an "
            f"answer is right where delta > 0, and a tie counts half. Triplets were {source} (seed {config.seed}). Accuracy is averaged "
            "by contrast, then over contrasts, with Student's interval over contrasts; layers were chosen on other contrasts than those "
            "scored (nested), beside the best layer on the scored ones (max, optimistic). Models were compared by sign flips of "
            "contrasts' differences."
        )
        if self.answers is not None:
            told += (
                " Answers were averaged over the listeners of a group and correlated with delta and with accuracy over triplets (Millet "
                f"et al. 2022); p is one-sided, from {config.stats.permutations} shuffles within contrasts, intervals are from a "
                "bootstrap over contrasts."
            )
        return [("Representations", methods.representations(models)), ("ABX discriminability", told)]
