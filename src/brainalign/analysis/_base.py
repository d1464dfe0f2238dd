"""Analysis: what every option of ``conf/analysis`` says of itself, and what is so unless it says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import pandas as pd

    from brainalign.assembly import Opener
    from brainalign.config import Config
    from brainalign.data.facts import Facts
    from brainalign.data.types import Dataset
    from brainalign.study.plan import Probed, Stage
    from brainalign.study.result import AnalysisResult
    from brainalign.study.roles import Models
    from brainalign.study.study import Study

FOLDS = 3
"""Stimuli that a split by stimulus needs at least."""


@dataclass(frozen=True)
class Needs:
    """What an analysis takes of the config and of the data.

    Attributes:
        study: Data on a grid of frames with a window; an analysis without is a run of its own (:meth:`Analysis.run_alone`).
        data: Whatever data the user has; else the question is about simulated ones or about earlier runs.
        models: The models that the config names have a part.
        baseline: ``model@baseline`` is compared as well; it is left out elsewhere.
        partner: Nothing is left without ``model@partner``, where there is one; else the rest of the analysis goes on without it.
        responses: Responses of a brain; where they have no part, a folder of stimuli without participants will do.
        folds: The stimuli are divided into the study's outer folds.
        fits: TRFs of the models are fitted, whose predictions and weights can be kept (``save.predictions``, ``save.weights``).
        bands: A joined model can be fitted: several feature sets, each with a penalty of its own; else a model is one set of features.
        penalties: Features are fitted in bands whatever the model, and so by ridge alone.
        time: Responses go on in time; where they need not, one response a sentence will do (``data=sentence_responses``).
    """

    study: bool = True
    data: bool = True
    models: bool = True
    baseline: bool = True
    partner: bool = True
    responses: bool = True
    folds: bool = True
    fits: bool = True
    bands: bool = False
    penalties: bool = False
    time: bool = True


@dataclass(frozen=True)
class Asked:
    """What a question is about, in words.

    Attributes:
        models: Names of the models that take part, the model in question first.
        paired: Whether the second of them is ``model@partner``.
        people: Such as ``3 participants``.
        heard: Such as ``40 stimuli (simulated)``.
    """

    models: Sequence[str]
    paired: bool
    people: str
    heard: str

    @property
    def pair(self) -> str:
        """Model and partner."""
        return " and ".join(self.models[:2])


@dataclass
class Analysis:
    """One option of ``conf/analysis``; its fields are the option's keys.

    A subclass gives :meth:`question` and :meth:`run`; it may replace the rest. ``needs``, ``compared_by``, ``of_sweep``, ``cannot``,
    ``paired`` and ``main_figure`` hold for the whole class.

    Attributes:
        kind: Its name, which is that of its module.
    """

    kind: str

    needs: ClassVar[Needs] = Needs()
    compared_by: ClassVar[str] = "scores"
    """What ``analysis=compare`` holds its runs against each other by: the table ``scores`` by electrode, ``geometry``, or nothing."""
    of_sweep: ClassVar[str] = ""
    """What it makes of a sweep's children by its key ``sweep``, said when the sweep ends; nothing where it has no such key."""
    cannot: ClassVar[str] = ""
    """What no run of it can show, whatever the data, as it goes on after "It cannot be concluded"."""
    paired: ClassVar[bool] = True
    """Whether it holds models, or parts of them, against each other by :meth:`brainalign.study.study.Study.paired`; else it tells in
    :meth:`own_methods` what it tests."""
    main_figure: ClassVar[str] = "region_bars"
    """The figure that a run's page in MLflow shows; where it was not drawn, the first one is."""

    @property
    def reduces(self) -> str:
        """What ``encoding.components`` takes components of: ``features``, ``channels``, or nothing, and then it is refused."""
        return "features" if self.needs.fits else ""

    @property
    def options(self) -> dict[str, Any]:
        """Its keys but for the kind."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "kind"}

    def question(self, asked: Asked) -> str:
        """What a run asks, in a sentence.

        Args:
            asked: Models, participants and stimuli.
        """
        raise NotImplementedError

    def run(self, study: Study, models: Models) -> AnalysisResult:
        """Do the analysis.

        Args:
            study: Data, window and folds.
            models: Who plays which role.
        """
        raise NotImplementedError

    def run_alone(self, config: Config, folder: Path, overrides: Sequence[str]) -> AnalysisResult:
        """Do an analysis that needs no study (``needs.study`` is false) as a tracked run of its own.

        Args:
            config: Settled.
            folder: Where everything that the run leaves behind goes.
            overrides: The command line's own words, for the record.
        """
        raise NotImplementedError

    def files(self) -> Mapping[str, Path]:
        """Key -> file, for the keys that name files of data: what they hold is part of the run's identity."""
        return {}

    def prepare(self, dataset: Dataset, config: Config) -> Dataset:
        """The data set with what the analysis adds to it.

        Args:
            dataset: As read.
            config: Of the run.
        """
        return dataset

    def more_models(self, opener: Opener, model: Any) -> Mapping[str, Any]:
        """Representations beside those that the config names, as keywords of :class:`brainalign.study.roles.Models`.

        Args:
            opener: Makes them.
            model: Representation of the model in question.
        """
        return {}

    def maps(self, tables: Mapping[str, pd.DataFrame]) -> list[tuple[pd.DataFrame, Sequence[str]]]:
        """Columns of tables by electrode that are kept as maps of the brain beside the scores, as (table, columns).

        Args:
            tables: Of the result.
        """
        return []

    @classmethod
    def lacks(cls, facts: Facts) -> str:
        """Why a data set does not allow the analysis; empty where it does.

        Args:
            facts: Of the data set.
        """
        few = facts.stimuli < FOLDS
        if not (cls.needs.folds and few):
            return ""
        return f"{facts.stimuli} stimuli are too few for {FOLDS} folds of whole stimuli; encoding.split=blocks cuts long ones."

    def methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """What was done, as (heading, paragraph).

        Args:
            config: Of the run, settled.
            study: Data, window and folds.
            models: Who plays which role.
        """
        from brainalign import methods

        found = [("Responses", methods.responses(config, study))] if self.needs.responses else []
        if self.needs.models:
            found.append(("Representations", methods.representations(models)))
        if self.needs.fits:
            found += [
                ("Temporal receptive fields", methods.trf(config, study, models)),
                ("Selection and scores", methods.selection(config, study, models)),
                ("Noise ceilings", methods.ceilings(config, study)),
            ]
        found += self.own_methods(config, study, models)
        return [*found, ("Statistics", methods.statistics(config, study, self.paired))] if self.needs.fits else found

    def own_methods(self, config: Config, study: Study, models: Models) -> list[tuple[str, str]]:
        """Paragraphs of :meth:`methods` on what is done beside fits, ceilings and tests; the arguments are the same."""
        return []

    def stages(self, study: Study, models: Models) -> list[Stage]:
        """What a run will do, without doing it: extraction and fits of each model, and what the analysis adds.

        Args:
            study: Data, window and folds.
            models: Each is asked for a few excerpts, for its widths and its speed.
        """
        from brainalign.features.joined import JoinedRepresentation
        from brainalign.study.components import enough
        from brainalign.study.plan import fit_stage, joined_stages, probe

        found: list[Stage] = []
        fitted: list[Probed] = []
        for model in models if self.needs.models else ():
            if isinstance(model, JoinedRepresentation):
                stages, bands = joined_stages(study, model)
                found += stages
                fitted += bands
                continue
            probed = probe(model, study.components)
            found.append(probed.stage)
            if self.reduces == "features" and model is models.model:
                enough(study.components, model.name, probed.widest)
            if self.needs.fits and model in [*models.compared, *models.controls.values()]:
                found.append(fit_stage(study, probed))
                fitted.append(probed)
            found += self.stages_of(study, models, probed)
        return found + self.own_stages(study, models, fitted)

    def stages_of(self, study: Study, models: Models, probed: Probed) -> list[Stage]:
        """What is done with one model beside its extraction and its fit in the whole window.

        Args:
            study: Data, window and folds.
            models: Who plays which role.
            probed: The model, with its widths.
        """
        return []

    def own_stages(self, study: Study, models: Models, fitted: Sequence[Probed]) -> list[Stage]:
        """What is done after the models' own fits.

        Args:
            study: Data, window and folds.
            models: Who plays which role.
            fitted: The models that were fitted, with their widths.
        """
        return []
