"""From settings to objects: the data set, the study and the representations that a config names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from brainalign.config import Config
from brainalign.data.electrodes.components import principal_components
from brainalign.data.electrodes.reserved_names import rename_reserved_columns, rename_reserved_labels
from brainalign.data.electrodes.selection import choose_electrodes
from brainalign.data.frames.trials import trial_means
from brainalign.data.readers import ReadSettings
from brainalign.data.splits.test_set import fixed_test
from brainalign.data.types import Dataset, Stimulus
from brainalign.encoding.fit_store import FitStore
from brainalign.encoding.inner import Search
from brainalign.errors import BrainalignError
from brainalign.features.align import Resample
from brainalign.features.representation import Representation
from brainalign.labels import content, tell_apart
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.penalty import Penalty, suited
from brainalign.models import Model, Settings, control_of
from brainalign.notes import changes
from brainalign.study.outcome import Outcome
from brainalign.study.roles import Models
from brainalign.study.study import Study


def open_dataset(config: Config) -> Dataset:
    """Read or simulate the data set, and keep the electrodes that take part."""
    asked = dict(vars(config.electrodes))
    components = asked.pop("components")
    dataset = config.data.read(ReadSettings(Path(config.paths.cache), config.analysis.needs.responses))
    if dataset.recordings:
        dataset = choose_electrodes(rename_reserved_columns(dataset), **asked)
        if components is not None:
            dataset = principal_components(dataset, components)
        dataset = rename_reserved_labels(dataset)
    return config.analysis.prepare(dataset, config)  # type: ignore[no-any-return]


def open_study(config: Config, dataset: Dataset) -> Study:
    """The data set on the frame grid, with window, split and penalties."""
    window, encoding = config.window, config.encoding
    if window.trial is not None and dataset.recordings:
        dataset = trial_means(dataset, *window.trial)
    penalty = cast("Penalty", encoding.penalty)
    arithmetic = suited(Arithmetic(config.device, encoding.dtype, encoding.solver), penalty)
    arithmetic.torch_device()  # a device that is not there is refused before any work
    if encoding.test is not None:
        encoding.test = fixed_test(dataset, encoding.test)  # what a column says is part of the run's identity
    return Study(
        dataset,
        tmin=window.tmin,
        tmax=window.tmax,
        lag_unit=window.unit,
        rate=window.rate,
        alphas=encoding.alphas,
        outer_folds=encoding.outer_folds,
        split_kind=encoding.split,
        gap=encoding.gap,
        skip=encoding.skip,
        test=() if encoding.test is None else encoding.test,
        align="offset" if config.features.align == "offset" else "onset",
        resample="hrf" if window.hrf else cast("Resample", config.features.resample),
        seed=config.seed,
        repeats=encoding.repeats,
        arithmetic=arithmetic,
        components=encoding.components,
        search=Search(
            encoding.inner_folds, encoding.alpha_rule, encoding.boosting, penalty, encoding.alpha_search == "descend"
        ),
        outcome=Outcome(
            **vars(config.stats),
            floor=config.ceiling.floor,
            draws=config.ceiling.draws,
            inter_subject=_corresponding(config),
        ),
        store=FitStore(Path(config.paths.cache)),
    )


def _corresponding(config: Config) -> bool | None:
    """Whether electrodes of one name are one place in all participants; principal components never are."""
    if config.electrodes.components is not None:
        return False
    return None if config.ceiling.inter_subject == "auto" else config.ceiling.inter_subject


def check_at_hand(config: Config) -> None:
    """Refuse a run whose checkpoints are neither there nor to be had, before its data are read.

    Args:
        config: Of the run.
    """
    if not config.analysis.needs.models:
        return
    needed = (config.model, config.baseline, config.partner if config.analysis.needs.partner else None)
    option = model_settings(config).option
    for model in needed:
        if model is not None:
            model.check_at_hand(option)


def open_models(config: Config, study: Study) -> Models:
    """The representations that the config names, each checked but not yet extracted; ``auto`` is settled now that the data are known.

    A competitor of the decomposition that these data do not allow (no audio, no word vectors) is left out and noted, and so is the
    partner where the analysis has parts that do without; the rest of the run goes on.

    Args:
        config: Of the run; an ``auto`` in it is replaced by what it became.
        study: The data; a note is left with it for each part that is left out.
    """
    if not config.analysis.needs.models:
        return Models(cast("Representation", None))  # no analysis without models asks for one
    if config.model.automatic:
        raise BrainalignError(config.model.unnamed(study.dataset))
    _choose_baseline(config, study)
    _choose_context(config)
    parts: dict[str, Any] = {}
    for part in ("model", "partner", "baseline", "lexical", "acoustic", "contextual"):
        asked = getattr(config, part)
        if asked is None:
            continue
        try:
            parts[part] = represent(config, asked, study.dataset)
        except BrainalignError as error:
            if part in ("model", "baseline"):
                raise
            if part == "partner" and config.analysis.needs.partner:
                raise BrainalignError(f"model@partner={asked.name}: {error}") from error
            lost = "what needs two models" if part == "partner" else f"the {part} part of the shared space"
            study.notes.append(changes(f"Nothing can be concluded about {lost}, the rest stands: {error}"))
    if "contextual" in parts:
        settings = model_settings(config)
        parts["embedding"] = settings.represented(config.contextual.embedding(settings, study.dataset), study.dataset)
    _drop_baseline(config, study, parts)
    study.notes.extend(tell_apart(parts))
    return Models(**parts, **config.analysis.more_models(Opener(config, study), parts["model"]))


@dataclass(frozen=True)
class Opener:
    """Makes representations beside those that the config names, for analyses that ask for more.

    Attributes:
        config: Of the run.
        study: The data.
    """

    config: Config
    study: Study

    def control(self, name: str) -> Representation:
        """What the model in question is held against.

        Args:
            name: Of the control.

        Raises:
            BrainalignError: The data or the model do not allow it.
        """
        dataset = self.study.dataset
        settings = model_settings(self.config)
        return settings.represented(control_of(self.config.model, name, settings, dataset), dataset)

    def regime(self, name: str, weights: str) -> Representation:
        """The model in question under other weights.

        Args:
            name: What it is called.
            weights: ``trained``, ``untrained``, ``rerandomized``, a folder or a hub name.

        Raises:
            BrainalignError: The model has no weights, or cannot be given another checkpoint.
        """
        return represent(self.config, self.config.model.regime(name, weights), self.study.dataset)

    def ignored(self, key: str) -> Representation:
        """The model in question on the sounds that played beside the stimuli and were not to be listened to, as the partner.

        Args:
            key: What asks for it, for the sentence.

        Raises:
            BrainalignError: There is another partner, a stimulus has no such sound, or the model reads no sound.
        """
        if self.config.partner is not None:
            raise BrainalignError(
                f"{key} puts {self.config.model.name} on the ignored sounds in the partner's place, but model@partner is "
                f"{self.config.partner.name}; leave one of them out."
            )
        dataset, sounds = self.study.dataset, {}
        for name, stimulus in dataset.stimuli.items():
            if stimulus.ignored is None:
                raise BrainalignError(
                    f"stimulus {name!r} has no ignored sound; data.stimuli.patterns.ignored names the files of the talker who was not "
                    "to be listened to."
                )
            sounds[name] = Stimulus(name, stimulus.ignored.duration, audio=stimulus.ignored)
        model = replace(self.config.model, name=f"{self.config.model.name} ignored")
        return represent(self.config, model, replace(dataset, stimuli=sounds))


def _choose_baseline(config: Config, study: Study) -> None:
    """Settle ``model@baseline=auto``, and leave it out where the analysis has none."""
    if not config.analysis.needs.baseline or config.baseline is None:
        config.baseline = None
        return
    if config.baseline.automatic:
        option = config.baseline.baseline(study.dataset)
        config.baseline = None if option is None else config.option(option)


def _drop_baseline(config: Config, study: Study, parts: dict[str, Representation]) -> None:
    """A model is no baseline of itself, nor its partner's, whatever it is called."""
    baseline = parts.get("baseline")
    if baseline is None:
        return
    for part in ("model", "partner"):
        if part in parts and content(parts[part]) == content(baseline):
            study.notes.append(changes(f"The baseline {baseline.name} is the {part} itself, so there is no baseline."))
            del parts["baseline"]
            config.baseline = None
            return


def _choose_context(config: Config) -> None:
    """Settle ``model@contextual=auto``: the language model of the two, or none."""
    if config.contextual is not None and config.contextual.automatic:
        found = [m for m in (config.model, config.partner) if m is not None and m.contextual]
        config.contextual = found[0] if found else None


def represent(config: Config, model: Model, dataset: Dataset) -> Representation:
    """A model's representation of the data set's stimuli, checked but not yet extracted."""
    return model.represent(model_settings(config), dataset)


def model_settings(config: Config) -> Settings:
    """What of a run's config its models may need besides their own options."""
    return Settings(config.features, config.seed, config.device, Path(config.paths.cache), config.option)
