"""From settings to objects: the data set, the study and the representations that a config names."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from brainalign.analysis.study import Study
from brainalign.config import Config
from brainalign.config.check import baseline_option, model_option
from brainalign.config.schema import (
    AcousticModel,
    AutoModel,
    CheckpointModel,
    MelModel,
    Model,
    OasmModel,
    PitchModel,
    PlantedModel,
    ShuffledModel,
    SurprisalModel,
    TinyModel,
    VectorsModel,
)
from brainalign.data.types import Dataset
from brainalign.errors import BrainalignError
from brainalign.features.acoustic import Envelope, Intensity, Mel, SpectralOnsets
from brainalign.features.base import Extractor
from brainalign.features.cache import FeatureCache
from brainalign.features.controls import Oasm, SentencePosition, ShuffledWords
from brainalign.features.phones import Articulation, PhoneOnsets
from brainalign.features.pitch import Pitch
from brainalign.features.representation import Representation
from brainalign.features.vectors import WordFrequency, WordVectors
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
        resample="lanczos" if config.features.resample == "lanczos" else "box",
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
    return Representation(extractor, dataset.stimuli, dataset.stimuli_digest, FeatureCache(Path(config.paths.cache)))


def _extractor(config: Config, model: Model, dataset: Dataset) -> Extractor:
    """The extractor of a kind of model; only what is needed is imported."""
    if isinstance(model, CheckpointModel | TinyModel):
        return _transformer(config, model)
    if isinstance(model, AcousticModel | PitchModel):
        return _acoustic(model)
    if isinstance(model, VectorsModel):
        return _vectors(model, dataset)
    if isinstance(model, OasmModel):
        return Oasm(dataset.stimuli, model.sigma, model.name)
    if isinstance(model, ShuffledModel):
        changes = {"layers": model.layers} | ({} if model.path is None else {"path": model.path})
        of = model_option(model.of, **changes)
        return ShuffledWords(_extractor(config, of, dataset), model.seed, model.name)
    if isinstance(model, PlantedModel):
        from brainalign.features.planted import PlantedLanguage, PlantedSpeech

        planted = PlantedSpeech if model.kind == "planted_speech" else PlantedLanguage
        return planted(dataset, seed=model.seed, name=model.name, layers=_layers(model))
    plain: dict[str, Callable[[str], Extractor]] = {
        "word_rate": WordRate, "sentence_position": SentencePosition, "phone_onsets": PhoneOnsets, "articulation": Articulation,
    }  # fmt: skip
    return plain[model.kind](model.name)


def _layers(model: Model) -> list[int] | None:
    return None if model.layers == "all" else list(model.layers)


def _acoustic(model: AcousticModel | PitchModel) -> Extractor:
    if isinstance(model, PitchModel):
        return Pitch(model.name, model.floor, model.ceiling)
    if isinstance(model, MelModel):
        banded = Mel if model.kind == "mel" else SpectralOnsets
        return banded(model.n_mels, model.name, model.causal)
    single = Envelope if model.kind == "envelope" else Intensity
    return single(model.name, model.causal)


def _vectors(model: VectorsModel, dataset: Dataset) -> Extractor:
    path = model.path or dataset.vectors
    if path is None:
        raise BrainalignError(
            f"model.path is not set: data set {dataset.name} has no word vectors of its own; give a file of them."
        )
    kind = WordVectors if model.kind == "vectors" else WordFrequency
    return kind(Path(path), model.name)


def _transformer(config: Config, model: CheckpointModel | TinyModel) -> Extractor:
    from brainalign.features import untrained
    from brainalign.features.checkpoint import checkpoint_folder
    from brainalign.features.embedding import InputEmbedding
    from brainalign.features.language import LanguageModel
    from brainalign.features.reading import Context
    from brainalign.features.speech import SpeechModel
    from brainalign.features.surprisal import Surprisal

    f, layers = config.features, _layers(model)
    device = str(Arithmetic(config.device).torch_device())
    context = Context(f.context, f.context_words, f.context_stride)
    options: dict[str, Any] = {"pooling": f.pooling, "layers": layers, "device": device, "context": context}
    if isinstance(model, TinyModel):
        identity = {"kind": model.kind, "seed": model.seed}
        if model.kind == "tiny_wav2vec2":
            return SpeechModel(*untrained.tiny_wav2vec2(model.seed), identity, model.name, layers, device)
        return LanguageModel(*untrained.tiny_gpt2(model.seed), identity, model.name, **options)
    folder = checkpoint_folder(model.checkpoint, model.path, model.revision)
    if model.kind == "speech":
        return SpeechModel.from_folder(folder, model.name, layers, device)
    if isinstance(model, SurprisalModel):
        return Surprisal.from_folder(folder, model.name, outputs=model.outputs, device=device, context=context)
    if model.kind == "embedding":
        return InputEmbedding.from_folder(folder, model.name, pooling=f.pooling, device=device)
    return LanguageModel.from_folder(folder, model.name, **options)
