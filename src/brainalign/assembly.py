"""From settings to objects: the data set, the study and the representations that a config names."""

from __future__ import annotations

import logging
from pathlib import Path

from brainalign.analysis.study import Study
from brainalign.config import Config
from brainalign.config.check import baseline_option
from brainalign.config.schema import AutoModel, CheckpointModel, MelModel, Model, PlantedModel, TinyModel, VectorsModel
from brainalign.data.types import Dataset
from brainalign.encoding.nested import Search
from brainalign.errors import BrainalignError
from brainalign.features.acoustic import Envelope, Mel
from brainalign.features.base import Extractor
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.features.vectors import WordVectors
from brainalign.features.words import WordRate
from brainalign.linalg.arithmetic import Arithmetic

log = logging.getLogger(__name__)


def open_dataset(config: Config) -> Dataset:
    """Read or simulate the data set."""
    data = config.data
    options = {k: v for k, v in vars(data).items() if k != "kind"}
    if data.kind == "simulated":
        from brainalign.data.simulated import simulate

        return simulate(**options, cache_dir=Path(config.paths.cache))
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
        seed=config.seed,
        arithmetic=arithmetic,
        search=Search(encoding.inner_folds, encoding.alpha_rule),
    )


def choose_baseline(config: Config, study: Study) -> None:
    """Settle ``model@baseline=auto`` now that the data are known; a model is no baseline of itself, nor its own partner's."""
    if isinstance(config.baseline, AutoModel):
        audio = all(s.audio is not None for s in study.dataset.stimuli.values())
        config.baseline = baseline_option(audio)
    compared = [m.name for m in (config.model, config.partner) if m is not None]
    if config.baseline.name in compared:
        config.baseline = None


def represent(config: Config, model: Model, dataset: Dataset) -> Representation:
    """A model's representation of the data set's stimuli, checked but not yet extracted."""
    extractor = _extractor(config, model, dataset)
    return Representation(extractor, dataset.stimuli, dataset.stimuli_digest, FeatureCache(Path(config.paths.cache)))


def _extractor(config: Config, model: Model, dataset: Dataset) -> Extractor:
    """The extractor of a kind of model; only what is needed is imported."""
    layers = None if model.layers == "all" else list(model.layers)
    device = str(Arithmetic(config.device).torch_device()) if isinstance(model, CheckpointModel | TinyModel) else "cpu"
    pooling = config.features.pooling
    if isinstance(model, MelModel):
        return Mel(model.n_mels, model.name)
    if model.kind == "envelope":
        return Envelope(model.name)
    if model.kind == "word_rate":
        return WordRate(model.name)
    if isinstance(model, VectorsModel):
        path = model.path or dataset.vectors
        if path is None:
            raise BrainalignError(
                f"model.path is not set: data set {dataset.name} has no word vectors of its own; give a file of them."
            )
        return WordVectors(Path(path), model.name)
    if isinstance(model, PlantedModel):
        from brainalign.features.planted import PlantedLanguage, PlantedSpeech

        planted = PlantedSpeech if model.kind == "planted_speech" else PlantedLanguage
        return planted(dataset, seed=model.seed, name=model.name, layers=layers)
    from brainalign.features import untrained
    from brainalign.features.checkpoint import checkpoint_folder
    from brainalign.features.language import LanguageModel
    from brainalign.features.speech import SpeechModel

    if isinstance(model, TinyModel):
        identity = {"kind": model.kind, "seed": model.seed}
        if model.kind == "tiny_wav2vec2":
            return SpeechModel(*untrained.tiny_wav2vec2(model.seed), identity, model.name, layers, device)
        return LanguageModel(*untrained.tiny_gpt2(model.seed), identity, model.name, pooling, layers, device)
    assert isinstance(model, CheckpointModel)
    folder = checkpoint_folder(model.checkpoint, model.path, model.revision)
    if model.kind == "speech":
        return SpeechModel.from_folder(folder, model.name, layers, device)
    return LanguageModel.from_folder(folder, model.name, pooling, layers, device)
