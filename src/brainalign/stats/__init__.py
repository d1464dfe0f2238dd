"""Tests of contrasts, intervals, corrections, noise ceilings."""

from brainalign.stats.compare import TEST_COLUMNS, ZERO, compare
from brainalign.stats.correction import bonferroni, fdr, holm
from brainalign.stats.interval import MeanInterval, mean_ci
from brainalign.stats.pairing import label_values, pair_values
from brainalign.stats.permutation import INDEPENDENT, ShiftTest, shift_p
from brainalign.stats.preference import best_layer, centre_of_mass, ordering, pairwise
from brainalign.stats.sign_flip import sign_flip
from brainalign.stats.signed_rank import signed_rank

__all__ = [
    "INDEPENDENT",
    "TEST_COLUMNS",
    "ZERO",
    "MeanInterval",
    "ShiftTest",
    "best_layer",
    "bonferroni",
    "centre_of_mass",
    "compare",
    "fdr",
    "holm",
    "label_values",
    "mean_ci",
    "ordering",
    "pair_values",
    "pairwise",
    "shift_p",
    "sign_flip",
    "signed_rank",
]
