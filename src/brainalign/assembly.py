"""From settings to objects: the data set, the study and the representations that a config names."""

from __future__ import annotations

from pathlib import Path

from brainalign.analysis.control_kinds import SPLITS, left_out
from brainalign.analysis.models import Models
from brainalign.analysis.reading import Reading
from brainalign.analysis.study import Study
from brainalign.config import Config
from brainalign.config.check import model_option
from brainalign.data.electrodes.components import principal_components
from brainalign.data.electrodes.reserved_names import rename_reserved_columns, rename_reserved_labels
from brainalign.data.electrodes.selection import choose_electrodes
from brainalign.data.frames.trials import trial_means
from brainalign.data.readers import ReadSettings
from brainalign.data.splits.test_set import fixed_test
from brainalign.data.stimuli.triplets import with_sounds
from brainalign.data.types import Dataset
from brainalign.encoding.fit_store import FitStore
from brainalign.encoding.nested import Search
from brainalign.errors import BrainalignError
from brainalign.features.representation import Representation
from brainalign.labels import content, tell_apart
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.models import Model, Settings, control_of

ALONE = ("extract", "latency", "ceiling", "validation", "hierarchy", "regimes", "controls", "power")
"""Analyses of one model or none, which have no baseline."""

WITHOUT_RESPONSES = ("extract", "abx")
"""Analyses in which the responses have no part: a folder of stimuli without participants will do."""


def open_dataset(config: Config) -> Dataset:
    """Read or simulate the data set, and keep the electrodes that take part."""
    asked = dict(vars(config.electrodes))
    components = asked.pop("components")
    dataset = config.data.read(ReadSettings(Path(config.paths.cache), config.analysis.kind not in WITHOUT_RESPONSES))
    if dataset.recordings:
        dataset = choose_electrodes(rename_reserved_columns(dataset), **asked)
        if components is not None:
            dataset = principal_components(dataset, components)
        dataset = rename_reserved_labels(dataset)
    if config.analysis.kind == "abx" and config.analysis.triplets != "auto":
        form = getattr(config.data, "stimuli", None)
        return with_sounds(dataset, config.analysis.triplets, form.channel if form is not None else "mean")
    return dataset


def open_study(config: Config, dataset: Dataset) -> Study:
    """The data set on the frame grid, with window, split and penalties."""
    window, encoding = config.window, config.encoding
    if window.trial is not None and dataset.recordings:
        dataset = trial_means(dataset, *window.trial)
    arithmetic = Arithmetic(config.device, encoding.dtype, encoding.solver)
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
        resample="hrf" if window.hrf else "lanczos" if config.features.resample == "lanczos" else "box",
        seed=config.seed,
        repeats=encoding.repeats,
        arithmetic=arithmetic,
        search=Search(encoding.inner_folds, encoding.alpha_rule),
        reading=Reading(
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


def open_models(config: Config, study: Study) -> Models:
    """The representations that the config names, each checked but not yet extracted; ``auto`` is settled now that the data are known.

    A competitor of the decomposition that these data do not allow (no audio, no word vectors) is left out and noted, and so is the
    partner where the analysis has parts that do without; the rest of the run goes on.

    Args:
        config: Of the run; an ``auto`` in it is replaced by what it became.
        study: The data; a note is left with it for each part that is left out.
    """
    _choose_baseline(config, study)
    _choose_context(config)
    parts = {}
    for part in ("model", "partner", "baseline", "lexical", "acoustic", "contextual"):
        asked = getattr(config, part)
        if asked is None:
            continue
        try:
            parts[part] = represent(config, asked, study.dataset)
        except BrainalignError as error:
            if part in ("model", "baseline") or (part == "partner" and config.analysis.kind != "convergence"):
                raise
            lost = "what needs two models" if part == "partner" else f"the {part} part of the shared space"
            study.notes.append(f"Nothing can be concluded about {lost}, the rest stands: {error}")
    if "contextual" in parts:
        settings = model_settings(config)
        parts["embedding"] = settings.represented(config.contextual.embedding(settings, study.dataset), study.dataset)
    _drop_baseline(config, study, parts)
    study.notes.extend(tell_apart(parts))
    controls = _controls(config, study, parts["model"]) if config.analysis.kind == "controls" else {}
    regimes = []
    if config.analysis.kind == "regimes":
        for name, weights in config.analysis.regimes.items():
            regimes.append(represent(config, config.model.regime(name, weights), study.dataset))
    return Models(**parts, controls=controls, regimes=regimes)


def _controls(config: Config, study: Study, model: Representation) -> dict[str, Representation]:
    """The controls that the data and the model allow; of each of the others a note says why it is left out."""
    found = {}
    for control in config.analysis.controls:
        if control in SPLITS:
            continue
        try:
            settings = model_settings(config)
            twin = settings.represented(control_of(config.model, control, settings, study.dataset), study.dataset)
            if content(twin) == content(model):
                raise BrainalignError("it is the model in question itself.")
        except BrainalignError as error:
            study.notes.append(left_out(control, error))
            continue
        found[control] = twin
    taken = {*found, *(f"split {kind}{of}" for kind in SPLITS for of in ("", " oasm"))}
    if model.name in taken:
        raise BrainalignError(
            f"model.name={model.name!r} is the name of a control that the model is held against, which would mix their rows; "
            "choose another model.name."
        )
    return found


def _choose_baseline(config: Config, study: Study) -> None:
    """Settle ``model@baseline=auto``, and leave it out where the analysis has none."""
    if config.analysis.kind in ALONE or config.baseline is None:
        config.baseline = None
        return
    if config.baseline.automatic:
        option = config.baseline.baseline(study.dataset)
        config.baseline = None if option is None else model_option(option)


def _drop_baseline(config: Config, study: Study, parts: dict[str, Representation]) -> None:
    """A model is no baseline of itself, nor its partner's, whatever it is called."""
    baseline = parts.get("baseline")
    if baseline is None:
        return
    for part in ("model", "partner"):
        if part in parts and content(parts[part]) == content(baseline):
            study.notes.append(f"The baseline {baseline.name} is the {part} itself, so there is no baseline.")
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
    return Settings(config.features, config.seed, config.device, Path(config.paths.cache), model_option)
