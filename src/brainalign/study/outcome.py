"""Outcome: which score, which layer rule and whose p a run's figures and tests are about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """How scores become results.

    Attributes:
        score: ``r2``, ``r`` or ``r2_pearson``: what tests and figures are about.
        rule: ``nested`` (layers chosen on inner folds) or ``max`` (optimum on the scored data).
        test: ``sign_flip`` (participants), ``mixed`` or ``paired_t`` (pooled electrodes): whose p figures show.
        correction: ``bonferroni``, ``holm``, ``max`` or ``fdr``.
        permutations: Shifts behind an electrode's own p; 0 = none.
        floor: Lower bound that a noise ceiling must exceed for a score to be normalised by it.
        draws: Of the ceilings' bootstrap over stimuli.
        inter_subject: Whether electrodes of one name correspond between participants; None = where each has one a region.
    """

    score: str = "r2"
    rule: str = "nested"
    test: str = "sign_flip"
    correction: str = "max"
    permutations: int = 1000
    floor: float = 0.05
    draws: int = 1000
    inter_subject: bool | None = None

    @property
    def normalized(self) -> str:
        """The score's column over the noise ceiling."""
        return f"{self.score}_normalized"
