"""Resampling keeps what the new rate can hold, removes the rest, and never invents what was not recorded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.data.frames.grid import FrameGrid
from brainalign.signal.resample import resample_to

FRAMES = FrameGrid.speech(4.0).times
INSIDE = slice(15, -15)


def sine(frequency, rate, seconds=4.0, phase=0.3):
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate + phase)[:, None]


@pytest.mark.parametrize("rate", [100.0, 128.0, 400.0, 512.0, 1000.0])
def test_a_slow_sine_is_kept_and_a_fast_one_is_removed(rate):
    for frequency in (1.0, 5.0, 14.0):
        kept = resample_to(sine(frequency, rate), 0.0, rate, FRAMES)[INSIDE, 0]
        assert np.abs(kept - np.sin(2 * np.pi * frequency * FRAMES + 0.3)[INSIDE]).max() < 1e-3
    for frequency in (26.0, 40.0, 49.0):
        assert np.abs(resample_to(sine(frequency, rate), 0.0, rate, FRAMES)[INSIDE]).max() < 1e-3


def test_equal_rates_with_another_phase_are_interpolated():
    shifted = resample_to(sine(5.0, 50.0), 0.0, 50.0, FRAMES)[INSIDE, 0]
    assert np.abs(shifted - np.sin(2 * np.pi * 5 * FRAMES + 0.3)[INSIDE]).max() < 1e-3


def test_a_constant_stays_one_up_to_the_edges():
    out = resample_to(np.full((400, 2), 7.5), 0.0, 100.0, FRAMES)
    np.testing.assert_allclose(out, 7.5, rtol=1e-12)


def test_coinciding_times_hand_the_samples_out_as_they_are():
    x = np.random.default_rng(0).normal(size=(120, 3))
    x[5, 1], x[7, 2] = np.nan, np.inf
    start = FRAMES[0] - 10 / 50
    out = resample_to(x, start, 50.0, FRAMES)
    x[7, 2] = np.nan
    np.testing.assert_array_equal(out[:110], x[10:])
    assert np.isnan(out[110:]).all()


def test_nothing_is_known_beyond_the_record():
    out = resample_to(np.ones((100, 1)), 1.0, 100.0, FRAMES)[:, 0]
    known = (FRAMES >= 1.0 - 0.005) & (FRAMES <= 1.99 + 0.005)
    np.testing.assert_array_equal(np.isfinite(out), known)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 399), st.integers(1, 60), st.sampled_from([100.0, 400.0, 64.0]))
def test_a_gap_spreads_to_the_frames_it_touches_and_never_becomes_zero(first, length, rate):
    x = np.full((round(4 * rate), 1), 3.0)
    x[first : first + length] = np.nan
    out = resample_to(x, 0.0, rate, FRAMES)[:, 0]
    gap = np.arange(len(x))[np.isnan(x[:, 0])] / rate
    near = np.array([np.any(np.abs(gap - t) < 0.02) for t in FRAMES])
    far = np.array([len(gap) == 0 or np.abs(gap - t).min() > 0.03 for t in FRAMES])
    assert np.isnan(out[near]).all()
    held = far & ((len(x) - 0.5) / rate >= FRAMES)
    np.testing.assert_allclose(out[held], 3.0, rtol=1e-9)


def test_a_gap_in_one_channel_is_no_matter_to_another():
    x = np.random.default_rng(1).normal(size=(400, 2))
    whole = resample_to(x, 0.0, 100.0, FRAMES)
    x[100:150, 0] = np.nan
    torn = resample_to(x, 0.0, 100.0, FRAMES)
    np.testing.assert_array_equal(torn[:, 1], whole[:, 1])
    assert np.isnan(torn[:, 0]).sum() >= 25


def test_one_frame_and_uneven_times():
    assert np.isfinite(resample_to(sine(5.0, 100.0), 0.0, 100.0, np.array([1.0])))
    with pytest.raises(ValueError, match="uniform"):
        resample_to(sine(5.0, 100.0), 0.0, 100.0, np.array([0.0, 0.02, 0.05]))
