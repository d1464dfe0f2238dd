"""Tests of contrasts, intervals, corrections, noise ceilings."""

from brainalign.stats.clusters import ClusterTest, cluster_test, neighbours
from brainalign.stats.compare import TEST_COLUMNS, ZERO, compare
from brainalign.stats.correction import bonferroni, fdr, holm
from brainalign.stats.interval import FEWEST, MeanInterval, electrodes_ci, mean_ci, mean_cis, ratio_ci
from brainalign.stats.pairing import label_values, pair_values
from brainalign.stats.peaks import Peak, peak, peak_difference
from brainalign.stats.permutation import INDEPENDENT, ShiftTest, shift_p, shifted_agreement
from brainalign.stats.preference import best_layer, centre_of_mass, ordering, pairwise
from brainalign.stats.sign_flip import sign_flip
from brainalign.stats.signed_rank import signed_rank

__all__ = [
    "FEWEST",
    "INDEPENDENT",
    "TEST_COLUMNS",
    "ZERO",
    "ClusterTest",
    "MeanInterval",
    "Peak",
    "ShiftTest",
    "best_layer",
    "bonferroni",
    "centre_of_mass",
    "cluster_test",
    "compare",
    "electrodes_ci",
    "fdr",
    "holm",
    "label_values",
    "mean_ci",
    "mean_cis",
    "neighbours",
    "ordering",
    "pair_values",
    "pairwise",
    "peak",
    "peak_difference",
    "ratio_ci",
    "shift_p",
    "shifted_agreement",
    "sign_flip",
    "signed_rank",
]
