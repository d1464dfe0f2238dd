"""High gamma: the plateau of a steady sine, the stated spread, and the same numbers as a plain implementation with scipy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import hilbert

from brainalign.signal.gaps import bridge, near
from brainalign.signal.high_gamma import filter_bank, high_gamma
from brainalign.signal.resample import resample_to

RATE = 1000.0
T = np.arange(4000) / RATE


def burst(frequency, phase=0.0):
    """(4000, 1): a sine that is on from 1 s to 3 s."""
    return np.where((T >= 1) & (T < 3), np.sin(2 * np.pi * frequency * (T - 1) + phase), 0.0)[:, None]


def plain(values, rate):
    """Each band by a real filter over the whole spectrum and scipy's Hilbert transform, at the full rate."""
    centres, widths = filter_bank()
    frequencies = np.abs(np.fft.fftfreq(len(values), 1 / rate))[:, None]
    spectrum = np.fft.fft(values, axis=0)
    bands = [
        np.fft.ifft(spectrum * np.exp(-((frequencies - c) ** 2) / (2 * s**2)), axis=0).real
        for c, s in zip(centres, widths, strict=True)
    ]
    return np.mean([np.abs(hilbert(band, axis=0)) for band in bands], axis=0)


def crossing(times, values, level):
    """Time at which values first exceed a level, between samples."""
    i = int(np.argmax(values > level))
    return times[i - 1] + (level - values[i - 1]) / (values[i] - values[i - 1]) * (times[i] - times[i - 1])


@pytest.mark.parametrize("phase", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("frequency", [80, 95, 110, 125, 140])
def test_a_steady_sine_is_at_its_plateau_from_200_ms_off_its_edges(frequency, phase):
    found, rate = high_gamma(burst(frequency, phase), RATE)
    t = np.arange(len(found)) / rate
    plateau = found[np.abs(t - 2) < 0.4].mean()
    steady = (t >= 1.2) & (t <= 2.8)
    assert np.abs(found[steady] / plateau - 1).max() < 0.02
    assert found[(t <= 0.8) | (t >= 3.2)].max() < 0.02 * plateau


def spread(frequency, phase=0.0):
    """Seconds by which half of the plateau is reached before the onset, and kept after the offset."""
    found, rate = high_gamma(burst(frequency, phase), RATE, least=RATE)
    half, t = 0.5 * found[1500:2500].mean(), np.arange(len(found)) / rate
    return 1.0 - crossing(t, found[:, 0], half), t[-1] - crossing(t, found[::-1, 0], half) - 3.0


def test_half_of_the_plateau_is_reached_40_to_60_ms_early_at_110_hz():
    """As the docstring and the documentation state."""
    early, late = spread(110)
    assert 0.040 < early < 0.060
    assert (early, late) == pytest.approx((0.043, 0.043), abs=0.001)


def test_the_spread_over_the_band_is_as_stated():
    early = [spread(frequency, phase)[0] for frequency in range(80, 141, 10) for phase in (0.0, 1.0, 2.0)]
    assert 0.0315 < min(early) < 0.0325 and 0.0455 < max(early) < 0.0465


def test_the_bank_has_8_bands_an_octaves_seventh_apart():
    centres, widths = filter_bank()
    assert len(centres) == 8 and centres[0] >= 70 and centres[-1] <= 150
    assert_allclose(np.diff(np.log2(centres)), 1 / 7)
    assert_allclose(widths, 0.39 * np.sqrt(centres))


@pytest.mark.parametrize("rate", [400.0, 1000.0, 1024.0, 1017.25, 2048.0])
def test_it_is_the_plain_way_at_any_rate(rate):
    """Away from the ends, which the two continue differently."""
    values = np.random.default_rng(0).normal(size=(round(4 * rate), 3))
    found, own = high_gamma(values, rate)
    step = round(rate / own)
    assert own >= 250 and own == pytest.approx(rate / step)
    middle = slice(round(own), round(3 * own))
    assert_allclose(found[middle], plain(values, rate)[::step][middle], rtol=2e-5)


def test_a_lower_rate_gives_samples_of_the_full_one():
    values = np.random.default_rng(1).normal(size=(3000, 2))
    full, rate = high_gamma(values, RATE, least=RATE)
    fewer, own = high_gamma(values, RATE)
    assert (rate, own, full.shape, fewer.shape) == (1000, 250, (3000, 2), (750, 2))
    assert_allclose(fewer, full[::4], atol=1e-6 * full.mean())


def test_250_hz_are_enough_to_resample_from():
    values = np.random.default_rng(2).normal(size=(20_000, 4))
    times = 0.5 + np.arange(1900) / 100
    both = [high_gamma(values, RATE, least=least) for least in (1000, 250)]
    by_full, by_fewer = (resample_to(found, 0.0, rate, times) for found, rate in both)
    assert (by_full - by_fewer).std() < 1e-3 * by_full.std()


def test_low_frequencies_and_an_offset_do_not_matter():
    values = np.random.default_rng(3).normal(size=(4000, 1))
    slow = 1e4 + 300 * np.sin(2 * np.pi * 0.7 * T)[:, None] + 200 * T[:, None]
    clean, found = high_gamma(values, RATE)[0], high_gamma(values + slow, RATE)[0]
    assert_allclose(found[50:-50], clean[50:-50], rtol=1e-4)
    assert_allclose(found, clean, atol=0.3 * clean.mean())  # the ends, too, in spite of a step between them


def test_missing_samples_are_missing_within_the_spread_and_leave_the_rest():
    values = np.random.default_rng(4).normal(size=(3000, 3))
    holed = values.copy()
    holed[1500:1510, 1] = np.nan
    holed[:, 2] = np.nan
    clean, found = high_gamma(values, RATE)[0], high_gamma(holed, RATE)[0]
    t = np.arange(len(found)) / 250
    assert_array_equal(np.isnan(found[:, 1]), (t >= 1.3) & (t <= 1.709))
    assert np.isnan(found[:, 2]).all()
    assert_array_equal(found[:, 0], clean[:, 0])
    known = ~np.isnan(found[:, 1])
    assert np.abs(found[known, 1] - clean[known, 1]).max() < 0.02 * clean.mean()


def test_threads_change_no_bit(monkeypatch):
    values = np.random.default_rng(5).normal(size=(2000, 20))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    one = high_gamma(values, RATE)[0]
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert_array_equal(high_gamma(values, RATE)[0], one)


def test_a_record_of_any_length():
    for n in (1, 2, 3, 77, 1001):
        assert high_gamma(np.ones((n, 2)), RATE)[0].shape == (-(-n // 4), 2)


def test_bands_that_the_rate_does_not_hold():
    with pytest.raises(ValueError, match="no filter bank between 70 and 150 Hz at 250 Hz"):
        high_gamma(np.zeros((100, 1)), 250.0)
    with pytest.raises(ValueError, match="no filter bank between 100 and 101 Hz"):
        high_gamma(np.zeros((100, 1)), RATE, 100.0, 101.0)


def test_bridging_and_nearness():
    rows = np.array([[np.nan, 1.0, np.nan, np.nan, 4.0, np.inf], [np.nan, np.nan, 2.0, np.nan, np.nan, np.nan]])
    missing = bridge(rows)
    assert_array_equal(rows, [[1, 1, 2, 3, 4, 4], [0] * 6])
    assert_array_equal(missing.sum(axis=1), [4, 6])
    mask = np.zeros((1, 12), dtype=bool)
    mask[0, 5] = True
    assert_array_equal(np.flatnonzero(near(mask, 2)[0]), [3, 4, 5, 6, 7])
    assert_array_equal(near(mask, 2, 4)[0], [False, True, False])
