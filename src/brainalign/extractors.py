"""From a model's settings to its extractor; only what is needed is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.config import Config
from brainalign.config.check import model_option
from brainalign.config.schema import (
    AcousticModel,
    ArticulationModel,
    Card,
    CheckpointModel,
    MelModel,
    Model,
    OasmModel,
    PitchModel,
    PlantedCascadeModel,
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
from brainalign.features.clip import Clipped
from brainalign.features.controls import Oasm, SentencePosition, ShuffledWords
from brainalign.features.inventories import inventory_if_known, inventory_of
from brainalign.features.phones import Articulation, PhoneOnsets
from brainalign.features.pitch import Pitch
from brainalign.features.vectors import WordFrequency, WordVectors
from brainalign.features.words import WordRate
from brainalign.linalg.arithmetic import Arithmetic

if TYPE_CHECKING:
    from brainalign.features.checkpoint import Loading


def extractor_of(config: Config, model: Model, dataset: Dataset) -> Extractor:
    """The extractor that a model's settings stand for.

    Args:
        config: Of the run: features, seed and device.
        model: One of its models.
        dataset: Whose stimuli it is for.

    Raises:
        BrainalignError: A checkpoint or a file that is missing or of another kind.
    """
    if isinstance(model, CheckpointModel | TinyModel):
        made = _speech(config, model) if model.kind in ("speech", "tiny_wav2vec2") else _language(config, model)
        hidden = not isinstance(model, SurprisalModel) and model.kind != "embedding"
        return Clipped(made, config.features.clip) if hidden and config.features.clip is not None else made
    if isinstance(model, AcousticModel | PitchModel):
        return _acoustic(model)
    if isinstance(model, VectorsModel):
        return _vectors(model, dataset)
    if isinstance(model, OasmModel):
        return Oasm(dataset.stimuli, model.sigma, model.name)
    if isinstance(model, ShuffledModel):
        changes = {"layers": model.layers} | ({} if model.path is None else {"path": model.path})
        of = model_option(model.of, **changes)
        return ShuffledWords(extractor_of(config, of, dataset), model.seed, model.name)
    if isinstance(model, PlantedCascadeModel):
        from brainalign.features.planted_cascade import PlantedCascade

        return PlantedCascade(dataset, layers=_layers(model), weights=model.weights, seed=model.seed, name=model.name)
    if isinstance(model, PlantedModel):
        from brainalign.features.planted import PlantedLanguage, PlantedSpeech

        planted = PlantedSpeech if model.kind == "planted_speech" else PlantedLanguage
        return planted(dataset, seed=model.seed, name=model.name, layers=_layers(model))
    if isinstance(model, ArticulationModel):
        return Articulation(model.name, inventory_of(dataset.phones, model.inventory))
    if model.kind == "phone_onsets":
        return PhoneOnsets(model.name, inventory_if_known(dataset.phones))
    plain: dict[str, Callable[[str], Extractor]] = {
        "word_rate": WordRate, "sentence_position": SentencePosition,
    }  # fmt: skip
    return plain[model.kind](model.name)


def control_of(config: Config, control: str, dataset: Dataset) -> Extractor:
    """The extractor of a control of the model in question, under the control's own name.

    Args:
        config: Of the run.
        control: ``untrained``, ``untrained_no_position``, ``rerandomized``, ``shuffled_words``, or an option of ``conf/model``.
        dataset: Whose stimuli it is for.

    Raises:
        BrainalignError: The model has nothing of what the control takes away, or the data lack what the control needs.
    """
    model = config.model
    if control == "untrained" and isinstance(
        model, TinyModel
    ):  # untrained itself: the same architecture by another draw
        return extractor_of(config, replace(model, name=control, seed=model.seed + 1), dataset)
    if control in ("untrained", "untrained_no_position", "rerandomized"):
        if not isinstance(model, CheckpointModel) or model.weights != "trained":
            raise BrainalignError(f"model {model.name} has no trained weights that could be drawn anew or shuffled.")
        weights = control.removesuffix("_no_position")
        twin = replace(model, name=control, weights=weights, positions=weights == control)
        return extractor_of(config, twin, dataset)
    if control == "shuffled_words":
        return ShuffledWords(extractor_of(config, model, dataset), config.seed, control)
    return extractor_of(config, model_option(control), dataset)


def embedding_of(config: Config, model: Model, dataset: Dataset) -> Extractor:
    """The input embedding of a language model: its words, without position or context.

    Args:
        config: Of the run.
        model: A language model's settings.
        dataset: Whose stimuli it is for.

    Raises:
        BrainalignError: The model reads no words.
    """
    name = f"{model.name} embedding"
    if isinstance(model, PlantedModel):
        from brainalign.features.planted import PlantedLanguage

        return PlantedLanguage(dataset, seed=model.seed, name=name, layers=[0])
    from brainalign.features.embedding import InputEmbedding

    f, device = config.features, _device(config)
    if isinstance(model, TinyModel) and model.kind == "tiny_gpt2":
        from brainalign.features.untrained import tiny_gpt2

        identity = {"kind": model.kind, "seed": model.seed}
        return InputEmbedding(*tiny_gpt2(model.seed), identity, name, pooling=f.pooling, device=device)
    if isinstance(model, CheckpointModel) and model.kind == "language":
        folder, _, loading = _checkpoint(config, model)
        return InputEmbedding.from_folder(folder, name, loading, pooling=f.pooling, device=device)
    raise BrainalignError(
        f"model@contextual={model.name} has no words to take off its context; name a language model such as gpt2."
    )


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


def _speech(config: Config, model: CheckpointModel | TinyModel) -> Extractor:
    from brainalign.features.speech import LONGEST, SpeechModel
    from brainalign.features.tap import tap_of
    from brainalign.features.untrained import tiny_wav2vec2

    f = config.features
    options: dict[str, Any] = {
        "layers": _layers(model),
        "device": _device(config),
        "context": "auto" if f.context == "isolated" else f.context,  # a word alone is for language models
        "seconds": f.context_seconds or LONGEST,
        "batch_seconds": f.batch_seconds,
        "tap": tap_of(f.tap, f.heads),
    }
    if isinstance(model, TinyModel):
        identity = {"kind": model.kind, "seed": model.seed}
        return SpeechModel(*tiny_wav2vec2(model.seed), identity, model.name, **options)
    return SpeechModel.from_folder(*_checkpoint(config, model), **options)


def _language(config: Config, model: CheckpointModel | TinyModel) -> Extractor:
    from brainalign.features.embedding import InputEmbedding
    from brainalign.features.language import LanguageModel
    from brainalign.features.reading import Context
    from brainalign.features.surprisal import Surprisal
    from brainalign.features.tap import tap_of
    from brainalign.features.untrained import tiny_gpt2

    f, device = config.features, _device(config)
    context = Context(f.context, f.context_words, f.context_stride)
    options: dict[str, Any] = {
        "pooling": f.pooling, "layers": _layers(model), "device": device, "context": context, "begin": f.begin,
        "tap": tap_of(f.tap, f.heads),
    }  # fmt: skip
    if isinstance(model, TinyModel):
        identity = {"kind": model.kind, "seed": model.seed}
        return LanguageModel(*tiny_gpt2(model.seed), identity, model.name, **options)
    where = _checkpoint(config, model)
    if isinstance(model, SurprisalModel):
        begin = "auto" if f.begin == "none" else f.begin  # else nothing would predict the first word
        return Surprisal.from_folder(*where, outputs=model.outputs, device=device, context=context, begin=begin)
    if model.kind == "whisper_decoder":
        from brainalign.features.whisper_decoder import WhisperDecoder

        del options["begin"]  # a decoder has a prompt of its own
        return WhisperDecoder.from_folder(*where, **options)
    if model.kind == "embedding":
        return InputEmbedding.from_folder(*where, pooling=f.pooling, device=device)
    return LanguageModel.from_folder(*where, **options)


def _device(config: Config) -> str:
    return str(Arithmetic(config.device).model_device())


def _checkpoint(config: Config, model: CheckpointModel) -> tuple[Path, str, Loading]:
    """Folder and name of a checkpoint, and how it is to be loaded."""
    from brainalign.features.checkpoint import Checkpoint, Loading, checkpoint_folder
    from brainalign.features.divided import check_divisible
    from brainalign.features.positions import check_positions

    folder = checkpoint_folder(model.checkpoint, model.path, model.revision, weights=model.weights != "untrained")
    if model.card is not None and model.path is None:
        _check_card(model.name, model.card, Checkpoint(folder, "AutoModel", "").config.get_text_config())
    if not model.positions:
        check_positions(Checkpoint(folder, "AutoModel", "").config)
    f, offload = config.features, None
    if f.device_map is not None:
        check_divisible()
        offload = Path(config.paths.cache) / "offload"
    return folder, model.name, Loading(model.weights, config.seed, f.precision, model.positions, offload)


def _check_card(name: str, card: Card, config: Any) -> None:
    """Refuse a checkpoint of the hub that is not what its card says."""
    found, said = (config.num_hidden_layers, config.hidden_size), (card.layers, card.dims)
    if found != said:
        raise BrainalignError(
            f"model {name}: the checkpoint {card.hub} has {found[0]} layers x {found[1]}, but its card in conf/model says {said[0]} x "
            f"{said[1]}; another model of the name is needed, or another model.revision."
        )
