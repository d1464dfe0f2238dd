"""Peaks by the jackknife: where the measure is a mean, the classical error; planted latencies, and their coverage."""

import numpy as np
import pytest
from scipy.stats import binom, ttest_rel

from brainalign.errors import BrainalignError
from brainalign.stats import peak, peak_difference

TIMES = np.arange(0, 0.4, 0.01)


def bumps(latency, height, seed=0, n=12, noise=0.3):
    rng = np.random.default_rng(seed)
    where = latency + 0.01 * rng.normal(size=n)
    clean = height * np.exp(-(((TIMES - where[:, None]) / 0.06) ** 2))
    return clean + noise * np.array([np.convolve(v, np.hanning(7) / 3, "same") for v in rng.normal(size=clean.shape)])


def test_of_curves_that_differ_in_height_alone_amplitude_has_the_classical_error():
    heights = np.random.default_rng(1).normal(3, 0.5, 9)
    shape = np.exp(-(((TIMES - 0.153) / 0.05) ** 2))
    latency, amplitude = peak(heights[:, None] * shape, TIMES)
    assert amplitude.error == pytest.approx(shape.max() * heights.std(ddof=1) / 3, rel=1e-2)
    assert latency.value == pytest.approx(0.153, abs=5e-4) and latency.error == pytest.approx(0, abs=1e-9)
    other = heights + np.random.default_rng(2).normal(0.4, 0.3, 9)
    gap, t, p = peak_difference(peak(other[:, None] * shape, TIMES)[1], amplitude)
    expected = ttest_rel(other, heights)
    assert (t, p) == pytest.approx((expected.statistic, expected.pvalue)) and gap == pytest.approx(
        (other - heights).mean(), rel=1e-2
    )


def test_intervals_hold_the_planted_latency_and_equal_latencies_are_told_apart_by_chance_alone():
    held, told = 0, 0
    for seed in range(200):
        first, second = (peak(bumps(0.15, 1.5, 2 * seed + k), TIMES, window=(0.05, 0.3))[0] for k in (0, 1))
        held += first.low <= 0.15 <= first.high
        told += peak_difference(first, second)[2] <= 0.05
    assert held >= binom.ppf(0.001, 200, 0.92) and told <= binom.ppf(0.999, 200, 0.05)


def test_sides_and_windows():
    curves = bumps(0.1, 2.0, 3) - bumps(0.28, 3.0, 4)
    for side, window, expected in (
        ("positive", None, 0.1),
        ("negative", None, 0.28),
        ("either", None, 0.28),
        ("either", (0.03, 0.18), 0.1),
    ):
        latency, amplitude = peak(curves, TIMES, side, window)
        assert latency.value == pytest.approx(expected, abs=0.02) and (amplitude.value < 0) == (expected == 0.28)
    later = peak(bumps(0.2, 2.0, 5), TIMES)[0]
    gap, t, p = peak_difference(later, peak(curves, TIMES)[0])
    assert gap == pytest.approx(0.1, abs=0.02) and t > 5 and p < 0.001


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"curves": np.ones((2, 40))}, "three participants"), ({"window": (0.1, 0.11)}, "holds 2 lags"), ({"side": "up"}, "side"),
        ({"window": (0.2, 0.3)}, "no peak"),
    ],
)  # fmt: skip
def test_refuses(change, said):
    with pytest.raises(BrainalignError, match=said):
        peak(**({"curves": bumps(0.1, 3.0), "times": TIMES} | change))
