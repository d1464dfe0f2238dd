"""The statistics of ABX: ties, intervals, the choice of a layer, and shuffles within contrasts."""

import numpy as np
import pytest
from scipy.stats import binom, pearsonr, spearmanr
from statsmodels.stats.proportion import proportion_confint

from brainalign.stats.abx import _bootstrap, correct, nested_accuracy, relate, wilson


def test_ties_count_half_and_rounding_is_a_tie():
    assert correct(np.zeros(5)).mean() == 0.5
    assert correct([1e-9, -1e-9, 1e-3, -1e-3]).tolist() == [0.5, 0.5, 1.0, 0.0]


@pytest.mark.parametrize(("right", "n"), [(0, 5), (3, 7), (50, 50), (120, 200)])
def test_interval_of_a_share_is_that_of_statsmodels(right, n):
    assert wilson(right, n) == pytest.approx(proportion_confint(right, n, method="wilson"), abs=1e-12)


def test_one_answer_has_no_interval():
    assert np.isnan(wilson(1, 1)).all()


def test_the_chosen_layer_has_not_seen_the_contrast_that_it_is_scored_on():
    accuracy = np.random.default_rng(0).uniform(0.4, 0.6, size=(12, 30))
    found, layer = nested_accuracy(accuracy, seed=0)
    np.testing.assert_array_equal(found, accuracy[np.arange(12), layer])
    for contrast in range(12):
        better = accuracy.copy()
        better[contrast, (layer[contrast] + 1) % 30] = 100.0
        assert nested_accuracy(better, seed=0)[1][contrast] == layer[contrast]
    # layers of noise: the best on the scored contrasts is optimistic, the nested one is not
    many = np.random.default_rng(1).normal(0.5, 0.1, size=(200, 20, 12))
    nested = [nested_accuracy(a, seed=0)[0].mean() for a in many]
    assert abs(np.mean(nested) - 0.5) < 4 * np.std(nested) / np.sqrt(200)
    assert np.mean([a.mean(axis=0).max() for a in many]) > 0.52


def test_correlations_are_those_of_scipy():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    y += x[:, 0]
    found = relate(x, y, np.arange(60) % 6, draws=500, permutations=99, seed=0)
    assert found["r"].tolist() == pytest.approx([pearsonr(c, y).statistic for c in x.T])
    ranks = relate(x.argsort(0).argsort(0), y.argsort().argsort(), np.arange(60) % 6, draws=100, permutations=9, seed=0)
    assert ranks["r"].tolist() == pytest.approx([spearmanr(c, y).statistic for c in x.T])
    assert ((found["low"] < found["r"]) & (found["r"] < found["high"])).all()


def test_p_is_uniform_without_a_relation_even_where_contrasts_differ():
    contrast, low, draws = np.arange(40) % 8, 0, 400
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        easy = rng.normal(size=8)  # easy contrasts are easy for both: no relation of triplets
        x, y = easy[contrast] + rng.normal(size=40), easy[contrast] + rng.normal(size=40)
        low += relate(x[:, None], y, contrast, draws=2, permutations=99, seed=seed)["p"][0] <= 0.1
    assert binom.ppf(0.0005, draws, 0.1) <= low <= binom.ppf(0.9995, draws, 0.1)


def test_a_planted_relation_is_found_and_has_an_interval():
    rng, contrast = np.random.default_rng(3), np.arange(200) % 20
    x = rng.normal(size=200)
    found = relate(x[:, None], 0.6 * x + 0.8 * rng.normal(size=200), contrast, draws=1000, permutations=999, seed=0)
    assert found["p"][0] == 0.001 and found["low"][0] < 0.6 < found["high"][0]


def test_what_cannot_be_tested_is_nan():
    constant = relate(np.ones((6, 1)), np.arange(6.0), np.zeros(6), draws=50, permutations=9, seed=0)
    assert constant[["r", "low", "high", "p"]].isna().all(axis=None)
    alone = relate(np.arange(6.0)[:, None], np.arange(6.0), np.arange(6), draws=50, permutations=9, seed=0)
    assert alone["r"][0] == pytest.approx(1) and np.isnan(alone["p"][0])


def test_the_interval_of_a_correlation_is_that_of_strata_drawn_again():
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(12), 8)
    y = 5 + rng.normal(size=96) + np.repeat(rng.normal(size=12), 8)
    x = 3 + 0.5 * y[:, None] + rng.normal(size=(96, 2))
    low, high = _bootstrap(x, y, label, 200, np.random.default_rng(1))
    counts = np.random.default_rng(1).multinomial(12, np.full(12, 1 / 12), size=200)
    rows = [np.repeat(np.arange(96), count[label]) for count in counts]
    drawn = np.array([[pearsonr(column[row], y[row])[0] for column in x.T] for row in rows])
    np.testing.assert_allclose([low, high], np.percentile(drawn, [2.5, 97.5], axis=0), rtol=1e-9)
