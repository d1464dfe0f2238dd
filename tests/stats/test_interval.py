"""Intervals against scipy."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from brainalign.stats import mean_ci


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_interval_is_the_t_tests(confidence):
    values = np.random.default_rng(0).normal(0.2, 1, 31)
    interval = mean_ci([*values, np.nan, np.inf], confidence)
    expected = ttest_1samp(values, 0).confidence_interval(confidence)
    assert interval[:3] == pytest.approx((values.mean(), expected.low, expected.high))
    assert (interval.n, interval.n_dropped) == (31, 2)


def test_coverage_is_what_it_says():
    rng = np.random.default_rng(1)
    hits = sum((i := mean_ci(rng.normal(size=8), 0.9)).low <= 0 <= i.high for _ in range(2000))
    assert 1740 <= hits <= 1860  # 1800 -/+ 4.5 binomial standard deviations


def test_one_value_has_no_interval_and_none_no_mean():
    one, none = mean_ci([0.3]), mean_ci([np.nan])
    assert (one.mean, one.n) == (0.3, 1) and np.isnan([one.low, one.high]).all()
    assert (none.n, none.n_dropped) == (0, 1) and np.isnan(none[:3]).all()
