"""One dataclass for each kind of option; types are checked by OmegaConf, values in ``__post_init__``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from brainalign.errors import BrainalignError, nearest


def one_of(key: str, value: Any, valid: Sequence[str]) -> None:
    """Refuse a value that is none of ``valid``."""
    if value not in valid:
        raise BrainalignError(f"{key}={value!r} is unknown; {nearest(str(value), valid)}")


def within(key: str, value: float | None, low: float, high: float = float("inf")) -> None:
    """Refuse a number outside [low, high]; None passes."""
    if value is not None and not low <= value <= high:
        bound = f"at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
        raise BrainalignError(f"{key}={value:g} is impossible; it must be {bound}.")


@dataclass
class SimulatedData:
    """Simulated listeners of simulated sentences, with the truth in the channels table."""

    kind: str
    subjects: int
    electrodes: int
    sentences: int
    repeated: int
    repeats: int
    silent_fraction: float
    rho_min: float
    rho_max: float
    evoked: float
    noise_ar: float
    baseline: float
    mixture: dict[str, Any] | None
    seed: int

    def __post_init__(self) -> None:
        for key in ("subjects", "electrodes", "sentences", "repeats"):
            within(f"data.{key}", getattr(self, key), 5 if key == "sentences" else 1)
        within("data.repeated", self.repeated, 0, self.sentences)
        within("data.silent_fraction", self.silent_fraction, 0, 1)
        within("data.rho_min", self.rho_min, 0.001, 0.999)
        within("data.rho_max", self.rho_max, self.rho_min, 0.999)
        within("data.evoked", self.evoked, -100, 100)
        within("data.noise_ar", self.noise_ar, 0, 0.999)
        within("data.baseline", self.baseline, 0)


@dataclass
class ProductionData:
    """Simulated participants who speak single words."""

    kind: str
    subjects: int
    electrodes: int
    words: int
    repeated: int
    repeats: int
    related: float
    spread: float
    seed: int

    def __post_init__(self) -> None:
        for key in ("subjects", "electrodes", "repeats"):
            within(f"data.{key}", getattr(self, key), 1)
        within("data.words", self.words, 5, 200)
        within("data.repeated", self.repeated, 0, self.words)
        within("data.related", self.related, 0, 1)
        within("data.spread", self.spread, 0)


@dataclass
class FolderData:
    """The project's own plain layout."""

    kind: str
    root: str
    subjects: list[str] | None


@dataclass
class AliceData:
    """The public Alice fMRI set: six regions, TR 2 s, one story."""

    kind: str
    root: str
    subjects: list[str] | None
    radius: str
    highpass: float

    def __post_init__(self) -> None:
        one_of("data.radius", self.radius, ("6mm", "10mm"))
        within("data.highpass", self.highpass, 4)


@dataclass
class Model:
    """What every model option has.

    Attributes:
        kind: Which extractor it is.
        name: As it stands in tables and figures.
        layers: ``all`` (0..n), or a list of layer numbers (0 = input embedding; -1 = a speech model's convolutions).
    """

    kind: str
    name: str
    layers: Any

    def __post_init__(self) -> None:
        fine = self.layers == "all" or (
            isinstance(self.layers, list) and self.layers and all(isinstance(n, int) and n >= -1 for n in self.layers)
        )
        if not fine:
            raise BrainalignError(
                f"model.layers={self.layers!r} must be 'all' or a list of layer numbers such as [0,6,12]."
            )


@dataclass
class Card:
    """What a published checkpoint is, for the table of models.

    Attributes:
        hub: Its name on the hub.
        revision: The commit that was looked at; None = not pinned.
        dims: Width of its layers.
        layers: Number of transformer layers.
        licence: As its publisher names it.
        reference: The paper.
    """

    hub: str
    revision: str | None
    dims: int
    layers: int
    licence: str
    reference: str


@dataclass
class CheckpointModel(Model):
    """A transformers checkpoint, by hub name or folder.

    Attributes:
        weights: ``trained``, ``untrained`` (drawn anew with the seed) or ``rerandomized`` (shuffled in each tensor).
    """

    checkpoint: str | None
    path: str | None
    revision: str | None
    weights: str
    card: Card | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("model.weights", self.weights, ("trained", "untrained", "rerandomized"))


@dataclass
class SurprisalModel(CheckpointModel):
    """Surprisal and entropy of each word under a causal language model, in bits."""

    outputs: list[str] = field(default_factory=lambda: ["surprisal"])

    def __post_init__(self) -> None:
        super().__post_init__()
        for output in self.outputs:
            one_of("model.outputs", output, ("surprisal", "entropy"))


@dataclass
class TinyModel(Model):
    """A small model with seeded untrained weights; nothing is downloaded."""

    seed: int


@dataclass
class VectorsModel(Model):
    """A file of word vectors or frequencies; None = the vectors that belong to the data set."""

    path: str | None


@dataclass
class AcousticModel(Model):
    """A feature of the waveform in windows of 25 ms, centred on the frames or ending there."""

    causal: bool


@dataclass
class MelModel(AcousticModel):
    """Log-mel spectrogram, or its rises."""

    n_mels: int

    def __post_init__(self) -> None:
        super().__post_init__()
        within("model.n_mels", self.n_mels, 1, 256)


@dataclass
class PitchModel(Model):
    """Pitch by Praat's autocorrelation, between two frequencies in Hz."""

    floor: float
    ceiling: float

    def __post_init__(self) -> None:
        super().__post_init__()
        within("model.floor", self.floor, 10)
        within("model.ceiling", self.ceiling, self.floor, 8000)


@dataclass
class OasmModel(Model):
    """Each word's identity, smoothed within its stimulus."""

    sigma: float

    def __post_init__(self) -> None:
        super().__post_init__()
        within("model.sigma", self.sigma, 0.01)


@dataclass
class ShuffledModel(Model):
    """Another model option, reading the words in a random order."""

    of: str
    path: str | None
    seed: int


@dataclass
class PlantedModel(Model):
    """A simulated representation of known content; needs simulated data."""

    seed: int


@dataclass
class AutoModel(Model):
    """A choice that is made when the model and the data are known: see ``conf/model/auto.yaml``."""


@dataclass
class Features:
    """How representations are taken from models and brought to the grid."""

    pooling: str
    align: str
    resample: str
    context: str
    context_words: int | None
    context_stride: int | None
    context_seconds: float | None
    batch_seconds: float
    precision: str
    dtype: str

    def __post_init__(self) -> None:
        one_of("features.context", self.context, ("auto", "stimulus", "window", "isolated"))
        within("features.context_words", self.context_words, 1)
        within("features.context_stride", self.context_stride, 1)
        within("features.context_seconds", self.context_seconds, 0.1)
        within("features.batch_seconds", self.batch_seconds, 0)
        one_of("features.precision", self.precision, ("float32", "bfloat16", "float16"))
        one_of("features.dtype", self.dtype, ("float32", "float16"))
        one_of("features.pooling", self.pooling, ("mean", "last", "first"))
        one_of("features.align", self.align, ("onset", "offset"))
        one_of("features.resample", self.resample, ("box", "lanczos"))


@dataclass
class Window:
    """Lags of the TRF, both ends included, and the frames they are counted in."""

    tmin: float
    tmax: float
    rate: float | None
    unit: str

    def __post_init__(self) -> None:
        one_of("window.unit", self.unit, ("seconds", "samples"))
        within("window.rate", self.rate, 1)
        if self.tmax < self.tmin:
            raise BrainalignError(
                f"window.tmax={self.tmax:g} lies before window.tmin={self.tmin:g}; tmax must not be smaller."
            )


@dataclass
class Encoding:
    """Folds and penalties of the TRF."""

    alphas: list[float]
    alpha_rule: str
    outer_folds: int
    inner_folds: int | None
    split: str
    repeats: str
    gap: int | None
    dtype: str
    solver: str

    def __post_init__(self) -> None:
        within("encoding.outer_folds", self.outer_folds, 3)
        within("encoding.inner_folds", self.inner_folds, 1, self.outer_folds - 1)
        one_of("encoding.alpha_rule", self.alpha_rule, ("local", "shared"))
        one_of("encoding.solver", self.solver, ("auto", "cholesky", "eigh", "dual"))
        within("encoding.gap", self.gap, 0)
        one_of("encoding.split", self.split, ("auto", "stimulus", "presentation", "blocks"))
        one_of("encoding.repeats", self.repeats, ("all", "average", "first"))
        one_of("encoding.dtype", self.dtype, ("float32", "float64"))
        if not self.alphas or not all(0 < a < float("inf") for a in self.alphas):
            raise BrainalignError(
                f"encoding.alphas={self.alphas} must be a list of one or more finite numbers above 0."
            )
        self.alphas = sorted(set(self.alphas))


@dataclass
class EncodingAnalysis:
    """Scores, layer profile, tests against a baseline."""

    kind: str


@dataclass
class CcaAnalysis:
    """Shared and rest of two models."""

    kind: str
    fit: str
    k: int
    variance: float
    ridge: float
    rows: str
    layers: list[int] | None

    def __post_init__(self) -> None:
        one_of("analysis.fit", self.fit, ("auto", "cross_fitted", "in_sample"))
        within("analysis.k", self.k, 1)
        within("analysis.variance", self.variance, 0.01, 1)
        within("analysis.ridge", self.ridge, 0)
        one_of("analysis.rows", self.rows, ("auto", "words", "frames"))
        if self.layers is not None and len(self.layers) != 2:
            raise BrainalignError(
                f"analysis.layers={self.layers} must hold two layer numbers, the model's and the partner's."
            )


@dataclass
class DecompositionAnalysis(CcaAnalysis):
    """What the shared space holds of words, sound and context."""

    context_layer: int | None
    previous: int

    def __post_init__(self) -> None:
        super().__post_init__()
        within("analysis.context_layer", self.context_layer, 1)
        within("analysis.previous", self.previous, 0)


@dataclass
class CeilingAnalysis:
    """Signal power and noise ceilings."""

    kind: str


@dataclass
class SimilarityAnalysis:
    """Shared variance of two models' held-out predictions."""

    kind: str


def _check_partition(sets: int, components: int | None, ratios: list[float]) -> None:
    one_of("analysis.sets", sets, (2, 3))  # type: ignore[arg-type]
    if components is not None:
        within("analysis.components", components, 1)
    if not ratios or not all(0 < r < float("inf") for r in ratios):
        raise BrainalignError(f"analysis.ratios={ratios} must be a list of one or more finite numbers above 0.")


@dataclass
class VariancePartitionAnalysis:
    """Unique and shared variance of two or three models."""

    kind: str
    sets: int
    components: int | None
    ratios: list[float]

    def __post_init__(self) -> None:
        _check_partition(self.sets, self.components, self.ratios)


@dataclass
class ConvergenceAnalysis(DecompositionAnalysis):
    """All of Chen et al. 2024."""

    sets: int
    components: int | None
    ratios: list[float]

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_partition(self.sets, self.components, self.ratios)


@dataclass
class CompareAnalysis:
    """Earlier runs side by side."""

    kind: str
    runs: list[str]
    experiments: list[str]
    query: str
    against: str | None


@dataclass
class ValidationAnalysis:
    """What the simulator planted against what is found."""

    kind: str
    seeds: int
    sentences: int
    path: str | None

    def __post_init__(self) -> None:
        within("analysis.seeds", self.seeds, 2)
        within("analysis.sentences", self.sentences, 20)


@dataclass
class ExtractAnalysis:
    """A model's layers, extracted and described."""

    kind: str


@dataclass
class LatencyAnalysis:
    """Single lags, growing windows, and weights over time."""

    kind: str
    layer: int | None

    def __post_init__(self) -> None:
        within("analysis.layer", self.layer, 0)


@dataclass
class ReconstructionAnalysis:
    """Trials of spoken words from word vectors."""

    kind: str
    leave: str
    score_axis: str
    tmin: float
    tmax: float
    alphas: list[float]
    l1_ratios: list[float]
    pca: float | None

    def __post_init__(self) -> None:
        one_of("analysis.leave", self.leave, ("word", "trial"))
        one_of("analysis.score_axis", self.score_axis, ("trials", "channels"))
        within("analysis.tmax", self.tmax, self.tmin)
        within("analysis.pca", self.pca, 0.01, 1)


@dataclass
class Ceiling:
    """Noise ceilings."""

    floor: float
    draws: int
    inter_subject: Any

    def __post_init__(self) -> None:
        within("ceiling.floor", self.floor, 0, 1)
        within("ceiling.draws", self.draws, 100)
        one_of("ceiling.inter_subject", self.inter_subject, ("auto", True, False))  # type: ignore[arg-type]


@dataclass
class Electrodes:
    """Which electrodes take part, and how they are grouped."""

    select: str
    level: float
    regions: dict[str, list[str]] | None
    hemispheres: str

    def __post_init__(self) -> None:
        one_of("electrodes.select", self.select, ("all", "responsive"))
        within("electrodes.level", self.level, 1e-12, 1)
        one_of("electrodes.hemispheres", self.hemispheres, ("together", "apart"))


@dataclass
class Stats:
    """What tests and figures are about."""

    score: str
    rule: str
    test: str
    correction: str
    permutations: int

    def __post_init__(self) -> None:
        one_of("stats.score", self.score, ("auto", "r", "r2", "r2_pearson"))
        one_of("stats.rule", self.rule, ("auto", "nested", "max"))
        one_of("stats.test", self.test, ("auto", "sign_flip", "mixed", "paired_t"))
        one_of("stats.correction", self.correction, ("auto", "bonferroni", "holm", "max", "fdr"))
        within("stats.permutations", self.permutations, 0)


@dataclass
class Save:
    """What a run keeps beside tables and figures."""

    predictions: bool
    weights: bool


@dataclass
class Tracking:
    """Where runs are logged (None = a SQLite file in the folder of results), and when one need not be done again."""

    uri: str | None
    experiment: str
    resume: bool
    code: str

    def __post_init__(self) -> None:
        one_of("tracking.code", self.code, ("source", "version", "any"))


@dataclass
class Paths:
    """Folder of results, and of cached features."""

    output: str
    cache: str


UNPREDICTED = ("extract", "ceiling")
"""Kinds of analysis that fit no model to the responses."""


@dataclass
class Config:
    """A whole run."""

    data: Any
    electrodes: Electrodes
    model: Any
    baseline: Any
    partner: Any
    lexical: Any
    acoustic: Any
    contextual: Any
    features: Features
    window: Window
    encoding: Encoding
    analysis: Any
    ceiling: Ceiling
    stats: Stats
    save: Save
    tracking: Tracking
    paths: Paths
    mode: str
    compare_modes: bool
    seed: int
    device: str
    plan: bool

    def __post_init__(self) -> None:
        one_of("mode", self.mode, ("sound", "paper"))
        one_of("device", self.device, ("cpu", "cuda", "auto"))
        for key, asked in vars(self.save).items():
            if asked and self.analysis.kind in UNPREDICTED:
                raise BrainalignError(
                    f"save.{key}=true, but analysis={self.analysis.kind} predicts nothing; it must be false."
                )


DATA = {"simulated": SimulatedData, "simulated_production": ProductionData, "folder": FolderData, "alice_fmri": AliceData}
MODEL = {
    "speech": CheckpointModel, "language": CheckpointModel, "surprisal": SurprisalModel, "tiny_wav2vec2": TinyModel, "tiny_gpt2": TinyModel,
    "embedding": CheckpointModel, "vectors": VectorsModel, "word_frequency": VectorsModel, "word_rate": Model,
    "sentence_position": Model, "phone_onsets": Model, "articulation": Model, "oasm": OasmModel, "shuffled_words": ShuffledModel,
    "mel": MelModel, "spectral_onsets": MelModel, "envelope": AcousticModel, "intensity": AcousticModel, "pitch": PitchModel,
    "planted_speech": PlantedModel, "planted_language": PlantedModel, "auto": AutoModel,
}  # fmt: skip
ANALYSIS = {
    "encoding": EncodingAnalysis, "ceiling": CeilingAnalysis, "similarity": SimilarityAnalysis, "cca": CcaAnalysis,
    "decomposition": DecompositionAnalysis, "variance_partition": VariancePartitionAnalysis, "convergence": ConvergenceAnalysis,
    "validation": ValidationAnalysis, "compare": CompareAnalysis, "latency": LatencyAnalysis, "extract": ExtractAnalysis,
    "reconstruction": ReconstructionAnalysis,
}  # fmt: skip
"""Kind -> schema, for the groups whose options differ."""

FIXED = {
    "electrodes": Electrodes,
    "features": Features,
    "window": Window,
    "encoding": Encoding,
    "ceiling": Ceiling,
    "stats": Stats,
    "save": Save,
    "tracking": Tracking,
    "paths": Paths,
}
"""Group -> schema, for the groups whose options share one."""
