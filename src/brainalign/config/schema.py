"""One dataclass for each kind of option; types are checked by OmegaConf, values in ``__post_init__``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from brainalign.data.formats import RECORDINGS, UNITS, EventFormat, Keys, StimuliFormat
from brainalign.data.preprocessing.settings import Preprocessing
from brainalign.errors import BrainalignError, one_of, within
from brainalign.features.settings import FeatureSettings


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
    mixture: dict[str, float] | None
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
class SimulatedFmriData:
    """Simulated listeners of simulated stories in a scanner; successive layers drive successive regions."""

    kind: str
    subjects: int
    voxels: int
    stories: int
    sentences: int
    repeats: int
    tr: float
    correlation: float
    rho: float
    noise_ar: float
    drift: float
    highpass: float
    seed: int

    def __post_init__(self) -> None:
        for key in ("subjects", "voxels", "repeats", "sentences"):
            within(f"data.{key}", getattr(self, key), 1)
        within("data.stories", self.stories, 1)
        within("data.tr", self.tr, 0.25, 10)
        within("data.correlation", self.correlation, 0, 1)
        within("data.rho", self.rho, 0.001, 0.999)
        within("data.noise_ar", self.noise_ar, 0, 0.999)
        within("data.drift", self.drift, 0)
        within("data.highpass", self.highpass, 2 * self.tr)


@dataclass
class SimulatedProductionData:
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
    stimuli: StimuliFormat


@dataclass
class BidsData:
    """iEEG, EEG or MEG in BIDS."""

    kind: str
    root: str
    subjects: list[str] | None
    recording: str | None
    task: str | None
    session: str | None
    derivative: str | None
    description: str | None
    electrodes_file: str | None
    entities: dict[str, str] | None
    region: str | None
    sound_channel: str | None
    baseline: float
    events: EventFormat
    stimuli: StimuliFormat
    preprocessing: Preprocessing | None = None
    expected: dict[str, int] | None = None

    def __post_init__(self) -> None:
        if self.recording is not None:
            one_of("data.recording", self.recording, RECORDINGS)
        within("data.baseline", self.baseline, 0)


@dataclass
class RawData:
    """Files that MNE reads, with tables beside them."""

    kind: str
    root: str
    files: str
    events_file: str | None
    channels_file: str | None
    electrodes_file: str | None
    unit: str | None
    subjects: list[str] | None
    region: str | None
    sound_channel: str | None
    baseline: float
    events: EventFormat
    stimuli: StimuliFormat
    preprocessing: Preprocessing | None = None
    expected: dict[str, int] | None = None

    def __post_init__(self) -> None:
        one_of("data.unit", self.unit, (*UNITS, None))  # type: ignore[arg-type]
        within("data.baseline", self.baseline, 0)


@dataclass
class NwbData:
    """Neurodata Without Borders; ``stimuli`` None = they stand in the files."""

    kind: str
    root: str
    files: str
    series: str | None
    trials: str
    sound: str | None
    events_file: str | None
    channels_file: str | None
    electrodes_file: str | None
    subjects: list[str] | None
    region: str | None
    unit: str | None
    baseline: float
    events: EventFormat
    stimuli: StimuliFormat | None = None
    preprocessing: Preprocessing | None = None

    def __post_init__(self) -> None:
        one_of("data.unit", self.unit, (*UNITS, None))  # type: ignore[arg-type]
        within("data.baseline", self.baseline, 0)


@dataclass
class ArraysData:
    """NPZ, HDF5 or MATLAB files of responses."""

    kind: str
    root: str
    files: str
    axes: list[str]
    keys: Keys
    events_file: str | None
    channels_file: str | None
    subjects: list[str] | None
    region: str | None
    baseline: float
    events: EventFormat
    stimuli: StimuliFormat
    preprocessing: Preprocessing | None = None
    expected: dict[str, int] | None = None

    def __post_init__(self) -> None:
        within("data.baseline", self.baseline, 0)


@dataclass
class StoryFmriData:
    """Preprocessed fMRI of stories."""

    kind: str
    root: str
    files: str
    axes: list[str]
    keys: Keys
    tr: float
    start: float | None
    words_file: str | None
    stories: list[str] | None
    subjects: list[str] | None
    order: list[str] | None
    mask: str | None
    events_file: str | None
    highpass: float | None
    zscore: bool
    events: EventFormat
    stimuli: StimuliFormat
    expected: dict[str, int] | None = None

    def __post_init__(self) -> None:
        within("data.tr", self.tr, 0.01)
        if self.tr > 60:
            raise BrainalignError(
                f"data.tr={self.tr:g} looks like milliseconds; it must be the seconds between volumes ({self.tr / 1000:g})."
            )


@dataclass
class TreebankData:
    """The Brain Treebank's own files."""

    kind: str
    root: str
    subjects: list[str] | None
    region: str
    baseline: float
    preprocessing: Preprocessing | None = None

    def __post_init__(self) -> None:
        within("data.baseline", self.baseline, 0)


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
class Window:
    """Lags of the TRF, both ends included, and the frames they are counted in."""

    tmin: float
    tmax: float
    rate: float | None
    unit: str
    trial: list[float] | None
    hrf: bool

    def __post_init__(self) -> None:
        if self.trial is not None and (len(self.trial) != 2 or self.trial[0] >= self.trial[1] or self.rate is not None):
            raise BrainalignError(
                f"window.trial={self.trial} must be two rising times in seconds such as [0.0, 1.0], with window.rate=null "
                f"(window=trial has it so)."
            )
        one_of("window.unit", self.unit, ("seconds", "samples"))
        within("window.rate", self.rate, 1)
        if self.hrf and self.rate is not None:
            raise BrainalignError(
                f"window.hrf=true, but window.rate={self.rate:g}; it must be null: the convolved features are sampled at the volumes."
            )
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
    test: Any
    gap: int | None
    skip: int | None
    dtype: str
    solver: str

    def __post_init__(self) -> None:
        within("encoding.skip", self.skip, 0)
        if not (self.test is None or isinstance(self.test, str) or (isinstance(self.test, list) and self.test)):
            raise BrainalignError(
                f"encoding.test={self.test} must be a list of stimuli, such as [wheretheressmoke], the name of a column of the table of "
                "stimuli, or null."
            )
        if self.test is not None and self.split not in ("auto", "stimulus"):
            raise BrainalignError(
                f"encoding.split={self.split} divides all stimuli, but encoding.test={self.test} holds some back; use one of the two."
            )
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
    components: int | None

    def __post_init__(self) -> None:
        within("electrodes.components", self.components, 1)
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
    """Where runs are logged, and when one need not be done again.

    ``uri``: None is a SQLite file in the folder of results. ``artifacts``: where copies of runs' folders go; None is ``mlartifacts``
    beside that file, or in the folder of results where a database's server keeps the runs.
    """

    uri: str | None
    artifacts: str | None
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
    features: FeatureSettings
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
        one_of("device", self.device, ("cpu", "cuda", "mps", "auto"))
        for key, asked in vars(self.save).items():
            if asked and not self.analysis.needs.fits:
                raise BrainalignError(
                    f"save.{key}=true, but analysis={self.analysis.kind} fits no TRF of the models to keep; it must be false."
                )


DATA = {
    "simulated": SimulatedData, "simulated_fmri": SimulatedFmriData, "simulated_production": SimulatedProductionData, "folder": FolderData,
    "bids": BidsData, "raw": RawData, "nwb": NwbData, "arrays": ArraysData, "story_fmri": StoryFmriData,
    "brain_treebank": TreebankData, "alice_fmri": AliceData,
}  # fmt: skip
"""Kind -> schema, for the groups whose options differ."""

FIXED = {
    "electrodes": Electrodes,
    "features": FeatureSettings,
    "window": Window,
    "encoding": Encoding,
    "ceiling": Ceiling,
    "stats": Stats,
    "save": Save,
    "tracking": Tracking,
    "paths": Paths,
}
"""Group -> schema, for the groups whose options share one."""
