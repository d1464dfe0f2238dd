"""One dataclass for each kind of option; types are checked by OmegaConf, values in ``__post_init__``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from brainalign.analysis.control_kinds import FEATURES
from brainalign.analysis.measure_names import MEASURES
from brainalign.bounds import LAYERS, SHARE, Bounds
from brainalign.errors import BrainalignError, one_of, within


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

    bounds: ClassVar[Bounds] = {"k": (1, 100_000), "variance": (0.01, 1), "ridge": (0, 1e6), "layers": LAYERS}

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

    bounds: ClassVar[Bounds] = {"context_layer": (1, 1000), "previous": (0, 1000)}

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

    bounds: ClassVar[Bounds] = {"sets": (2, 1000), "components": (1, 100_000), "ratios": (1e-9, 1e9)}

    def __post_init__(self) -> None:
        _check_partition(self.sets, self.components, self.ratios)


@dataclass
class ConvergenceAnalysis(DecompositionAnalysis):
    """All of Chen et al. 2024."""

    sets: int
    components: int | None
    ratios: list[float]
    geometry: bool

    bounds: ClassVar[Bounds] = {"sets": (2, 1000), "components": (1, 100_000), "ratios": (1e-9, 1e9)}

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

    bounds: ClassVar[Bounds] = {"seeds": (2, 1000), "sentences": (20, 100_000)}

    def __post_init__(self) -> None:
        within("analysis.seeds", self.seeds, 2)
        within("analysis.sentences", self.sentences, 20)


CONTROLS = (*FEATURES, "presentation", "shuffled")
"""What a model's score is held against: representations without something that the model has, and two splits that leak."""


@dataclass
class ControlsAnalysis:
    """How much of the model's score each control reaches."""

    kind: str
    controls: list[str]

    def __post_init__(self) -> None:
        for control in self.controls:
            one_of("analysis.controls", control, CONTROLS)
        if not self.controls:
            raise BrainalignError(f"analysis.controls=[] holds nothing; name one or more of {', '.join(CONTROLS)}.")


@dataclass
class PowerAnalysis:
    """The chance to detect a difference or a shared variance, by number of participants and sentences."""

    kind: str
    difference: float | None
    shared: float | None
    participant_sd: float
    electrode_sd: float
    participants: list[int]
    sentences: list[int]
    level: float
    tests: int
    draws: int
    sets: int
    check: int

    bounds: ClassVar[Bounds] = {
        "difference": SHARE, "shared": SHARE, "participant_sd": (0, 10), "electrode_sd": (0, 10), "participants": (2, 10_000),
        "sentences": (10, 100_000), "level": (1e-6, 0.5), "tests": (1, 1_000_000), "draws": (100, 1_000_000), "sets": (2, 1000),
        "check": (0, 10_000),
    }  # fmt: skip

    def __post_init__(self) -> None:
        for key in ("difference", "shared"):
            value = getattr(self, key)
            if value is not None and not 0 < value < 1:
                raise BrainalignError(
                    f"analysis.{key}={value:g} is impossible; it must lie between 0 and 1, or be null."
                )
        if self.difference is None and self.shared is None:
            raise BrainalignError(
                "analysis.difference and analysis.shared are both null; at least one must be a number such as 0.02."
            )
        for key in ("participant_sd", "electrode_sd"):
            within(f"analysis.{key}", getattr(self, key), 0)
        if not self.participants:
            raise BrainalignError("analysis.participants=[] holds nothing; name one or more numbers of participants.")
        for key, least in (("participants", 2), ("sentences", 10)):
            values = getattr(self, key)
            if any(n < least for n in values):
                raise BrainalignError(f"analysis.{key}={values} must be a list of whole numbers of at least {least}.")
            setattr(self, key, sorted(set(values)))
        within("analysis.level", self.level, 1e-6, 0.5)
        within("analysis.tests", self.tests, 1)
        within("analysis.draws", self.draws, 100)
        within("analysis.sets", self.sets, 2)
        within("analysis.check", self.check, 0)


@dataclass
class DescribeAnalysis:
    """What is in a data set."""

    kind: str


@dataclass
class ExtractAnalysis:
    """A model's layers, extracted and described."""

    kind: str


@dataclass
class AbxAnalysis:
    """Discriminability of phones by frames, and listeners' answers."""

    kind: str
    triplets: str
    answers: str | None
    groups: list[str] | None
    distance: str
    n: int

    bounds: ClassVar[Bounds] = {"n": (1, 1_000_000)}

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


@dataclass
class GeometryAnalysis:
    """Similarity of layers and regions without a TRF."""

    kind: str
    measures: list[str]
    rows: str
    spacing: float
    metric: str
    compare: str
    neighbours: int
    variance: float
    most: int
    draws: int
    electrodes: int
    control: bool

    bounds: ClassVar[Bounds] = {
        "spacing": (0, 60), "neighbours": (1, 1000), "variance": (0.01, 1), "most": (50, 20_000), "draws": (19, 100_000),
        "electrodes": (2, 10_000),
    }  # fmt: skip

    def __post_init__(self) -> None:
        for measure in self.measures:
            one_of("analysis.measures", measure, MEASURES)
        if not self.measures or len(set(self.measures)) < len(self.measures):
            raise BrainalignError(
                f"analysis.measures={list(self.measures)} must name one or more different ones of {', '.join(MEASURES)}."
            )
        one_of("analysis.rows", self.rows, ("auto", "words", "frames"))
        one_of("analysis.metric", self.metric, ("euclidean", "correlation", "cosine"))
        one_of("analysis.compare", self.compare, ("spearman", "pearson", "rho_a"))
        within("analysis.spacing", self.spacing, 0, 60)
        within("analysis.neighbours", self.neighbours, 1, 1000)
        within("analysis.variance", self.variance, 0.01, 1)
        within("analysis.most", self.most, 50, 20_000)
        within("analysis.draws", self.draws, 19, 100_000)
        within("analysis.electrodes", self.electrodes, 2, 10_000)


@dataclass
class LatencyAnalysis:
    """Single lags, growing windows, and weights over time."""

    kind: str
    layer: int | None

    bounds: ClassVar[Bounds] = {"layer": (0, 1000)}

    def __post_init__(self) -> None:
        within("analysis.layer", self.layer, 0)


@dataclass
class HierarchyAnalysis:
    """Preferred layers, and the order of regions."""

    kind: str
    layers: str
    order: list[str] | None

    def __post_init__(self) -> None:
        one_of("analysis.layers", self.layers, ("separate", "cumulative"))


@dataclass
class RegimesAnalysis:
    """One architecture under several weights: name -> trained, untrained, rerandomized, a folder or a hub name."""

    kind: str
    regimes: dict[str, str]
    correction: str

    def __post_init__(self) -> None:
        one_of("analysis.correction", self.correction, ("holm", "bonferroni", "fdr"))
        if len(self.regimes) < 2:
            raise BrainalignError(
                f"analysis.regimes={dict(self.regimes)} names {len(self.regimes)} regime(s); two or more are needed, such as "
                "{untrained: untrained, native: path/to/checkpoint}."
            )
        for name, weights in self.regimes.items():
            if not str(weights).strip("[]{} "):
                raise BrainalignError(
                    f"analysis.regimes.{name}={weights} names no weights; say trained, untrained, rerandomized or a checkpoint."
                )


@dataclass
class ReconstructionAnalysis:
    """Trials of spoken words from word vectors."""

    kind: str
    leave: str
    score_axis: str
    alphas: list[float]
    l1_ratios: list[float]
    pca: float | None

    bounds: ClassVar[Bounds] = {"alphas": (1e-12, 1e20), "l1_ratios": (1e-12, 1), "pca": (0.01, 1)}

    def __post_init__(self) -> None:
        one_of("analysis.leave", self.leave, ("word", "trial"))
        one_of("analysis.score_axis", self.score_axis, ("trials", "channels"))
        within("analysis.pca", self.pca, 0.01, 1)
        for key, values in (("alphas", self.alphas), ("l1_ratios", self.l1_ratios)):
            if not values:
                raise BrainalignError(
                    f"analysis.{key} is empty; name one value, or several to choose from on inner folds."
                )
            for value in values:
                within(f"analysis.{key}", value, 1e-12, float("inf") if key == "alphas" else 1.0)


UNPREDICTED = ("extract", "ceiling", "describe", "abx", "geometry", "reconstruction", "power", "validation")
"""Kinds of analysis that fit no TRF of the run's models, so that there is nothing to keep."""


ANALYSIS = {
    "encoding": EncodingAnalysis, "ceiling": CeilingAnalysis, "similarity": SimilarityAnalysis, "cca": CcaAnalysis,
    "decomposition": DecompositionAnalysis, "variance_partition": VariancePartitionAnalysis, "convergence": ConvergenceAnalysis,
    "validation": ValidationAnalysis, "compare": CompareAnalysis, "latency": LatencyAnalysis,
    "describe": DescribeAnalysis, "extract": ExtractAnalysis, "hierarchy": HierarchyAnalysis, "regimes": RegimesAnalysis,
    "controls": ControlsAnalysis, "power": PowerAnalysis, "abx": AbxAnalysis,
    "geometry": GeometryAnalysis, "reconstruction": ReconstructionAnalysis,
}  # fmt: skip
"""Kind -> schema, for the groups whose options differ."""
