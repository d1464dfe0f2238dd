"""From settings to objects: the data set, the study and the representations that a config names."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.analysis.study import Study
from brainalign.config import Config
from brainalign.config.check import baseline_option
from brainalign.config.schema import (
    AutoModel,
    CheckpointModel,
    MelModel,
    Model,
    PlantedModel,
    SurprisalModel,
    TinyModel,
    VectorsModel,
)
from brainalign.data.types import Dataset
from brainalign.errors import BrainalignError
from brainalign.features.acoustic import Envelope, Mel
from brainalign.features.base import Extractor
from brainalign.features.cache import FeatureCache
from brainalign.features.representation import Representation
from brainalign.features.vectors import WordVectors
from brainalign.features.words import WordRate
from brainalign.linalg.arithmetic import Arithmetic

if TYPE_CHECKING:
    from brainalign.features.checkpoint import Loading

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
    arithmetic = Arithmetic(config.device, encoding.dtype)
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
    cache = FeatureCache(Path(config.paths.cache), config.features.dtype)
    return Representation(extractor, dataset.stimuli, dataset.stimuli_digest, cache)


def _extractor(config: Config, model: Model, dataset: Dataset) -> Extractor:
    """The extractor of a kind of model; only what is needed is imported."""
    layers = None if model.layers == "all" else list(model.layers)
    device = str(Arithmetic(config.device).torch_device()) if isinstance(model, CheckpointModel | TinyModel) else "cpu"
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
    assert isinstance(model, CheckpointModel | TinyModel)
    if model.kind in ("speech", "tiny_wav2vec2"):
        return _speech_model(config, model, layers, device)
    return _language_model(config, model, layers, device)


def _speech_model(
    config: Config, model: CheckpointModel | TinyModel, layers: list[int] | None, device: str
) -> Extractor:
    from brainalign.features.speech import LONGEST, SpeechModel
    from brainalign.features.untrained import tiny_wav2vec2

    f = config.features
    options: dict[str, Any] = {
        "layers": layers,
        "device": device,
        "context": "auto" if f.context == "isolated" else f.context,  # a word alone is for language models
        "seconds": f.context_seconds or LONGEST,
        "batch_seconds": f.batch_seconds,
    }
    if isinstance(model, TinyModel):
        identity = {"kind": model.kind, "seed": model.seed}
        return SpeechModel(*tiny_wav2vec2(model.seed), identity, model.name, **options)
    return SpeechModel.from_folder(*_checkpoint(config, model), **options)


def _language_model(
    config: Config, model: CheckpointModel | TinyModel, layers: list[int] | None, device: str
) -> Extractor:
    from brainalign.features.language import LanguageModel
    from brainalign.features.reading import Context
    from brainalign.features.untrained import tiny_gpt2

    f = config.features
    context = Context(f.context, f.context_words, f.context_stride)
    options: dict[str, Any] = {"pooling": f.pooling, "layers": layers, "device": device, "context": context}
    if isinstance(model, TinyModel):
        identity = {"kind": model.kind, "seed": model.seed}
        return LanguageModel(*tiny_gpt2(model.seed), identity, model.name, **options)
    if isinstance(model, SurprisalModel):
        from brainalign.features.surprisal import Surprisal

        mine: dict[str, Any] = {"outputs": model.outputs, "device": device, "context": context}
        return Surprisal.from_folder(*_checkpoint(config, model), **mine)
    return LanguageModel.from_folder(*_checkpoint(config, model), **options)


def _checkpoint(config: Config, model: CheckpointModel) -> tuple[Path, str, Loading]:
    """Folder and name of a checkpoint, and how it is to be loaded."""
    from brainalign.features.checkpoint import Loading, checkpoint_folder

    folder = checkpoint_folder(model.checkpoint, model.path, model.revision, weights=model.weights != "untrained")
    return folder, model.name, Loading(model.weights, config.seed, config.features.precision)
