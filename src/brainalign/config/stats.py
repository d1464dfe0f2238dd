"""Ceiling and Stats: the options of ``conf/ceiling`` and ``conf/stats``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from brainalign.bounds import SHARE, Bounds, check_bounds
from brainalign.errors import one_of


@dataclass
class Ceiling:
    """Noise ceilings."""

    floor: float
    draws: int
    inter_subject: Any

    bounds: ClassVar[Bounds] = {"floor": SHARE, "draws": (100, 1_000_000)}

    def __post_init__(self) -> None:
        check_bounds("ceiling", self)
        one_of("ceiling.inter_subject", self.inter_subject, ("auto", True, False))  # type: ignore[arg-type]


@dataclass
class Stats:
    """What tests and figures are about."""

    score: str
    rule: str
    test: str
    correction: str
    permutations: int

    bounds: ClassVar[Bounds] = {"permutations": (0, 1_000_000)}

    def __post_init__(self) -> None:
        check_bounds("stats", self)
        one_of("stats.score", self.score, ("auto", "r", "r2", "r2_pearson"))
        one_of("stats.rule", self.rule, ("auto", "nested", "max"))
        one_of("stats.test", self.test, ("auto", "sign_flip", "mixed", "paired_t"))
        one_of("stats.correction", self.correction, ("auto", "bonferroni", "holm", "max", "fdr"))
