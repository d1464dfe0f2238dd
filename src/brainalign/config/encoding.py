"""Window and Encoding: the options of ``conf/window`` and ``conf/encoding``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from brainalign.bounds import COUNT, Bounds, check_bounds
from brainalign.errors import BrainalignError, nearest, one_of, within
from brainalign.linalg.arithmetic import SOLVERS
from brainalign.linalg.boosting_rule import Boosting
from brainalign.linalg.penalty import PENALTIES


@dataclass
class Window:
    """Lags of the TRF, both ends included, and the frames they are counted in."""

    tmin: float
    tmax: float
    rate: float | None
    unit: str
    trial: list[float] | None
    hrf: bool

    bounds: ClassVar[Bounds] = {"tmin": (-1e4, 1e4), "tmax": (-1e4, 1e4), "rate": (1, 1000), "trial": (-1e4, 1e4)}

    def __post_init__(self) -> None:
        check_bounds("window", self)
        if self.trial is not None and (len(self.trial) != 2 or self.trial[0] >= self.trial[1] or self.rate is not None):
            raise BrainalignError(
                f"window.trial={self.trial} must be two rising times in seconds such as [0.0, 1.0], with window.rate=null "
                f"(window=trial has it so)."
            )
        one_of("window.unit", self.unit, ("seconds", "samples"))
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
    components: Any
    alpha_rule: str
    alpha_search: str
    outer_folds: int
    inner_folds: int | None
    split: str
    repeats: str
    test: Any
    gap: int | None
    skip: int | None
    dtype: str
    solver: str
    boosting: Any
    penalty: str

    bounds: ClassVar[Bounds] = {
        "alphas": (1e-12, 1e20), "outer_folds": (3, 1000), "inner_folds": (1, 999), "gap": COUNT, "skip": COUNT,
    }  # fmt: skip

    def __post_init__(self) -> None:
        if not self.alphas or not all(0 < a < float("inf") for a in self.alphas):
            raise BrainalignError(
                f"encoding.alphas={self.alphas} must be a list of one or more finite numbers above 0."
            )
        check_bounds("encoding", self)
        check_components(self.components)
        if not (self.test is None or isinstance(self.test, str) or (isinstance(self.test, list) and self.test)):
            raise BrainalignError(
                f"encoding.test={self.test} must be a list of stimuli, such as [wheretheressmoke], the name of a column of the table of "
                "stimuli, or null."
            )
        if self.test is not None and self.split not in ("auto", "stimulus"):
            raise BrainalignError(
                f"encoding.split={self.split} divides all stimuli, but encoding.test={self.test} holds some back; use one of the two."
            )
        within("encoding.inner_folds", self.inner_folds, 1, self.outer_folds - 1)
        one_of("encoding.alpha_rule", self.alpha_rule, ("local", "shared"))
        one_of("encoding.alpha_search", self.alpha_search, ("descend", "grid"))
        one_of("encoding.solver", self.solver, SOLVERS)
        one_of("encoding.split", self.split, ("auto", "stimulus", "presentation", "blocks"))
        one_of("encoding.repeats", self.repeats, ("all", "average", "first"))
        self.boosting = boosting_of(self.boosting)
        if self.boosting is not None and self.components is not None:
            raise BrainalignError(
                f"encoding.components={self.components} is for ridge: boosting gives few features weights, and components mix all; use "
                "encoding=ridge, or null."
            )
        one_of("encoding.penalty", self.penalty, PENALTIES)
        if self.penalty == "tikhonov" and self.boosting is not None:
            raise BrainalignError(
                "encoding=boosting has no penalty; use encoding.penalty=ridge with it, or encoding=tikhonov."
            )
        if self.penalty == "tikhonov" and self.solver not in ("auto", "cholesky"):
            raise BrainalignError(
                f"encoding.solver={self.solver} is for encoding.penalty=ridge; with tikhonov it must be auto or cholesky."
            )
        one_of("encoding.dtype", self.dtype, ("float32", "float64"))
        self.alphas = sorted(set(self.alphas))


def check_components(asked: Any) -> None:
    """Refuse what is neither a number of components nor a share of variance.

    Args:
        asked: ``encoding.components``.

    Raises:
        BrainalignError: Key, value and what is possible.
    """
    whole = isinstance(asked, int) and not isinstance(asked, bool)
    if not (asked is None or (whole and asked >= 1) or (isinstance(asked, float) and 0 < asked < 1)):
        raise BrainalignError(
            f"encoding.components={asked} must be a whole number of at least 1, or a share of the variance between 0 and 1 such as .95, "
            "or null for all dimensions."
        )


def boosting_of(given: Any) -> Boosting | None:
    """What ``encoding.boosting`` asks for.

    Args:
        given: The mapping of the config, None for ridge, or what this function made of one.
    """
    if given is None or isinstance(given, Boosting):
        return given
    names = [f.name for f in fields(Boosting)]
    if not isinstance(given, Mapping):
        raise BrainalignError(
            f"encoding.boosting={given} must be null (ridge) or have {', '.join(names)}: write encoding=boosting."
        )
    for key in given:
        if key not in names:
            raise BrainalignError(f"encoding.boosting.{key} is no option; {nearest(str(key), names)}")
    try:
        return Boosting(**given)
    except (BrainalignError, TypeError) as error:
        raise BrainalignError(f"encoding.boosting: {error}") from error
