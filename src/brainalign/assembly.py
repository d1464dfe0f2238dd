"""From settings to objects: the data set, the study and the representations that a config names."""

from __future__ import annotations

from pathlib import Path

from brainalign.analysis.models import Models
from brainalign.analysis.reading import Reading
from brainalign.analysis.study import Study
from brainalign.config import Config
from brainalign.config.check import baseline_option
from brainalign.config.schema import AutoModel, Model
from brainalign.data.electrodes import choose_electrodes
from brainalign.data.types import Dataset
from brainalign.encoding.fit_store import FitStore
from brainalign.encoding.nested import Search
from brainalign.errors import BrainalignError
from brainalign.extractors import embedding_of, extractor_of
from brainalign.features.base import Extractor
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.linalg.arithmetic import Arithmetic

ALONE = ("extract", "latency", "ceiling", "validation")
"""Analyses of one model or none, which have no baseline."""

LANGUAGE = ("language", "tiny_gpt2", "planted_language")
"""Kinds of models that read words."""


def open_dataset(config: Config) -> Dataset:
    """Read or simulate the data set, and keep the electrodes that take part."""
    return choose_electrodes(_whole_dataset(config), **vars(config.electrodes))


def _whole_dataset(config: Config) -> Dataset:
    data = config.data
    options = {k: v for k, v in vars(data).items() if k != "kind"}
    if data.kind == "simulated":
        from brainalign.data.simulated import simulate

        return simulate(**options, cache_dir=Path(config.paths.cache))
    if data.kind == "simulated_production":
        from brainalign.data.simulated import simulate_production

        return simulate_production(**options, cache_dir=Path(config.paths.cache))
    if data.kind == "alice_fmri":
        from brainalign.data.alice_fmri import read_alice_fmri

        return read_alice_fmri(**options)
    from brainalign.data.folder import read_folder

    return read_folder(**options)


def open_study(config: Config, dataset: Dataset) -> Study:
    """The data set on the frame grid, with window, split and penalties."""
    window, encoding = config.window, config.encoding
    arithmetic = Arithmetic(config.device, encoding.dtype, encoding.solver)
    arithmetic.torch_device()  # a device that is not there is refused before any work
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
        align="offset" if config.features.align == "offset" else "onset",
        resample="lanczos" if config.features.resample == "lanczos" else "box",
        seed=config.seed,
        repeats=encoding.repeats,
        arithmetic=arithmetic,
        search=Search(encoding.inner_folds, encoding.alpha_rule),
        reading=Reading(
            **vars(config.stats),
            floor=config.ceiling.floor,
            draws=config.ceiling.draws,
            inter_subject=None if config.ceiling.inter_subject == "auto" else config.ceiling.inter_subject,
        ),
        store=FitStore(Path(config.paths.cache)),
    )


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
        extractor = embedding_of(config, config.contextual, study.dataset)
        parts["embedding"] = _represent(config, extractor, study.dataset)
    return Models(**parts)


def _choose_baseline(config: Config, study: Study) -> None:
    """Settle ``model@baseline=auto``; a model is no baseline of itself, nor its own partner's."""
    if config.analysis.kind in ALONE or config.baseline is None:
        config.baseline = None
        return
    if isinstance(config.baseline, AutoModel):
        audio = all(s.audio is not None for s in study.dataset.stimuli.values())
        config.baseline = baseline_option(audio)
    compared = [m.name for m in (config.model, config.partner) if m is not None]
    if config.baseline.name in compared:
        config.baseline = None


def _choose_context(config: Config) -> None:
    """Settle ``model@contextual=auto``: the language model of the two, or none."""
    if isinstance(config.contextual, AutoModel):
        found = [m for m in (config.model, config.partner) if m is not None and m.kind in LANGUAGE]
        config.contextual = found[0] if found else None


def represent(config: Config, model: Model, dataset: Dataset) -> Representation:
    """A model's representation of the data set's stimuli, checked but not yet extracted."""
    return _represent(config, extractor_of(config, model, dataset), dataset)


def _represent(config: Config, extractor: Extractor, dataset: Dataset) -> Representation:
    cache = FeatureCache(Path(config.paths.cache), config.features.dtype)
    return Representation(extractor, dataset.stimuli, dataset.stimuli_digest, cache)
