"""Paired tests, intervals and corrections."""

from brainalign.stats.correction import bonferroni
from brainalign.stats.interval import MeanInterval, mean_ci
from brainalign.stats.one_sample import one_sample_tests
from brainalign.stats.paired import paired_tests
from brainalign.stats.pairing import label_values, pair_values
from brainalign.stats.ttest import TEST_COLUMNS

__all__ = [
    "TEST_COLUMNS",
    "MeanInterval",
    "bonferroni",
    "label_values",
    "mean_ci",
    "one_sample_tests",
    "pair_values",
    "paired_tests",
]
