"""Intervals against scipy."""

import numpy as np
import pytest
from scipy.stats import binom, ttest_1samp

from brainalign.stats import electrodes_ci, mean_ci, ratio_ci


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


def test_one_and_two_values_have_no_interval_and_none_no_mean():
    one, two, none = mean_ci([0.3]), mean_ci([0.3, 0.5]), mean_ci([np.nan])
    assert (one.mean, one.n) == (0.3, 1) and np.isnan([one.low, one.high]).all()
    assert (two.mean, two.n) == (0.4, 2) and np.isnan([two.low, two.high]).all()
    assert (none.n, none.n_dropped) == (0, 1) and np.isnan(none[:3]).all()


def cohort(rng, people, each):
    """Electrodes of participants who differ as much as electrodes do: (values, participants); the population's mean is 0."""
    sizes = rng.integers(1, 2 * each, people)
    who = np.repeat(np.arange(people), sizes)
    return rng.normal(size=people)[who] + rng.normal(size=len(who)), who.astype(str)


@pytest.mark.parametrize("people", [3, 8])
def test_the_mean_over_electrodes_covers_the_population_where_participants_differ(people):
    rng = np.random.default_rng(people)
    covered, pooled = 0, 0
    for _ in range(400):
        values, who = cohort(rng, people, 12)
        ci, naive = electrodes_ci(values, who), mean_ci(values)
        covered += ci.low <= 0 <= ci.high
        pooled += naive.low <= 0 <= naive.high
        assert ci.mean == pytest.approx(values.mean()) and ci.participants == people
    assert covered >= binom.ppf(0.001, 400, 0.93) and pooled < 0.7 * 400  # unequal numbers cost a little


def test_equal_numbers_are_students_interval_over_participants():
    values = np.random.default_rng(0).normal(size=(5, 7))
    ci = electrodes_ci(values.ravel(), np.repeat(list("abcde"), 7))
    assert ci[:3] == pytest.approx(mean_ci(values.mean(axis=1))[:3])


def test_few_participants_speak_of_their_electrodes_and_few_electrodes_of_nothing():
    values = np.array([1.0, 2.0, 4.0, np.nan])
    ci = electrodes_ci(values, list("aabb"))
    assert ci == mean_ci(values) and ci.participants == 0 and ci.n_dropped == 1 and "these electrodes only" in ci.over()
    assert np.isnan(electrodes_ci(values[:2], list("ab")).low) and electrodes_ci(values[:2], list("ab")).mean == 1.5
    assert np.isnan(ratio_ci([1.0, 1.0], [0.0, 0.0], list("ab")).mean)
    assert np.isnan(
        ratio_ci([1.0, 1.0, 1.0], [1.0, -0.1, 0.05], list("abc")).low
    )  # nothing left to divide by without the first
