"""The interval of Cohen's d_z: the definition, a published value, and its coverage of a planted effect."""

import numpy as np
import pytest
from scipy.stats import nct

from brainalign.stats.ttest import effect_interval, t_row


@pytest.mark.parametrize("t", [-4.0, -0.3, 0.0, 2.2, 9.0])
@pytest.mark.parametrize("n", [2, 5, 30, 400])
def test_under_each_end_the_observed_t_has_a_chance_of_half_alpha(t, n):
    low, high = effect_interval(t, n, 0.1)
    assert low < t / np.sqrt(n) < high or n == 2
    assert nct.sf(t, n - 1, low * np.sqrt(n)) == pytest.approx(0.05, abs=1e-6)
    assert nct.cdf(t, n - 1, high * np.sqrt(n)) == pytest.approx(0.05, abs=1e-6)
    assert effect_interval(-t, n, 0.1) == pytest.approx((-high, -low))


def test_a_published_value():
    """t(126) = 2.83: limits of the non-centrality 0.8337502 and 4.815359, manual of the R package MBESS (conf.limits.nct)."""
    assert np.array(effect_interval(2.83, 127, 0.05)) * np.sqrt(127) == pytest.approx([0.8337502, 4.815359], abs=1e-6)


@pytest.mark.parametrize(("n", "true"), [(4, 1.5), (8, 0.0), (12, -0.6)])
def test_it_covers_the_planted_effect(n, true):
    draws = np.random.default_rng(n).normal(true * 3.0, 3.0, size=(2000, n))
    rows = [t_row(own, 0.1) for own in draws]
    covered = np.mean([row["effect_low"] <= true <= row["effect_high"] for row in rows])
    assert abs(covered - 0.9) < 4 * np.sqrt(0.09 / 2000)
