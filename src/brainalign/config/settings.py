"""Config: a whole run, and those of its options that belong to no other package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from brainalign.config.encoding import Encoding, Window
from brainalign.config.stats import Ceiling, Stats
from brainalign.data.electrodes.settings import Electrodes
from brainalign.data.readers import Reader
from brainalign.errors import BrainalignError, one_of
from brainalign.features.settings import FeatureSettings
from brainalign.journals import JOURNALS

FORMATS = ("png", "svg", "pdf")
"""Of figures in a run's folder."""


@dataclass
class Save:
    """What a run keeps beside tables and figures."""

    predictions: bool
    weights: bool


@dataclass
class FigureFiles:
    """How a run's figures are written, and which of a lab's own are drawn; the numbers in them do not depend on it."""

    formats: list[str]
    style: str
    own: list[str]

    def __post_init__(self) -> None:
        if not self.formats:
            raise BrainalignError(f"figures.formats=[] holds nothing; name one or more of {', '.join(FORMATS)}.")
        for name in self.formats:
            one_of("figures.formats", name, FORMATS)
        one_of("figures.style", self.style, tuple(JOURNALS))
        self.own = list(dict.fromkeys(self.own))


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
    """A whole run.

    ``option``: from the name of an option of ``model``, and keys to change, to its model, wherever Hydra looked for options.
    """

    data: Reader
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
    figures: FigureFiles
    tracking: Tracking
    paths: Paths
    mode: str
    compare_modes: bool
    seed: int
    device: str
    plan: bool
    option: Callable[..., Any]

    def __post_init__(self) -> None:
        one_of("mode", self.mode, ("sound", "paper"))
        one_of("device", self.device, ("cpu", "cuda", "mps", "auto"))
        for key, asked in vars(self.save).items():
            if asked and not self.analysis.needs.fits:
                raise BrainalignError(
                    f"save.{key}=true, but analysis={self.analysis.kind} fits no TRF of the models to keep; it must be false."
                )

        asked = self.encoding.components
        if asked is not None and not self.analysis.reduces:
            own = next((key for key in ("pca", "variance") if key in self.analysis.options), None)
            raise BrainalignError(
                f"encoding.components={asked}, but analysis={self.analysis.kind} fits no TRF of the models; it must be null"
                f"{f' (analysis.{own} is the reduction that it has)' if own else ''}."
            )

    def values(self) -> dict[str, Any]:
        """All that can be set, by its key, as it is logged and tells runs apart."""
        return {key: value for key, value in asdict(self).items() if key != "option"}


FIXED = {
    "electrodes": Electrodes,
    "features": FeatureSettings,
    "window": Window,
    "encoding": Encoding,
    "ceiling": Ceiling,
    "stats": Stats,
    "save": Save,
    "figures": FigureFiles,
    "tracking": Tracking,
    "paths": Paths,
}
"""Group -> schema, for the groups whose options share one."""
