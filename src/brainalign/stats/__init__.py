"""Tests of contrasts, intervals, corrections, noise ceilings."""

from brainalign.stats.compare import TEST_COLUMNS, ZERO, compare
from brainalign.stats.correction import bonferroni, fdr, holm
from brainalign.stats.interval import MeanInterval, mean_ci
from brainalign.stats.pairing import label_values, pair_values
from brainalign.stats.permutation import shift_p
from brainalign.stats.sign_flip import sign_flip

__all__ = [
    "TEST_COLUMNS",
    "ZERO",
    "MeanInterval",
    "bonferroni",
    "compare",
    "fdr",
    "holm",
    "label_values",
    "mean_ci",
    "pair_values",
    "shift_p",
    "sign_flip",
]
