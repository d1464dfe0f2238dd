"""Rows on frame grids: words held, counted and summed; model frames taken, averaged and interpolated."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.data.frames.grid import FrameGrid
from brainalign.features.align import to_grid, words_from_frames, words_without_frame
from brainalign.features.base import Rows


def words(*spans, dims=1):
    onset, offset = np.array(spans).T
    return Rows(np.arange(1.0, len(spans) * dims + 1).reshape(-1, dims), onset, offset)


def frames(values, times):
    return Rows(np.asarray(values, dtype=float).reshape(len(times), -1), np.asarray(times), np.asarray(times))


SPEECH = FrameGrid.speech(1.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=2, max_size=20), st.booleans())
def test_held_words_equal_a_loop(lengths, offset):
    edges = np.cumsum(lengths) * 0.011
    rows = Rows(np.random.default_rng(len(lengths)).normal(size=(len(edges) - 1, 3)), edges[:-1], edges[1:])
    expected = np.zeros((SPEECH.n, 3))
    for k, t in enumerate(SPEECH.times):
        for i, (a, b) in enumerate(zip(rows.onset, rows.offset, strict=True)):
            if offset:
                a, b = b, min(b + (b - a), rows.offset[i + 1] if i + 1 < len(rows.offset) else np.inf)
            if a - 1e-6 <= t < b - 1e-6:
                expected[k] = rows.values[i]
    found = to_grid(rows, "words", SPEECH, align="offset" if offset else "onset")
    assert np.array_equal(found, expected)


def test_hold_is_half_open_and_silence_is_zero():
    found = to_grid(words((0.2, 0.3), (0.4, 0.5)), "words", SPEECH).ravel()
    inside = (SPEECH.times >= 0.2) & (SPEECH.times < 0.3)
    assert (found[inside] == 1).all() and inside.sum() == 5
    assert (found[(SPEECH.times >= 0.3) & (SPEECH.times < 0.4)] == 0).all()
    assert found.dtype == np.float64


def test_offset_alignment_knows_nothing_before_the_word_has_ended():
    rows = words((0.2, 0.3), (0.3, 0.34), (0.6, 0.7))
    found = to_grid(rows, "words", SPEECH, align="offset").ravel()
    assert (found[SPEECH.times < 0.3] == 0).all()
    first, second = SPEECH.times[found == 1], SPEECH.times[found == 2]
    assert first.min() >= 0.3 and first.max() < 0.34  # ended by the next word's end
    assert second.min() >= 0.34 and second.max() < 0.38  # lasts as long as the word did
    assert SPEECH.times[found == 3].min() >= 0.7


def test_an_impulse_is_on_the_first_frame_that_holds_the_word():
    rows = words((0.0, 0.1), (0.2, 0.3), (0.405, 0.41), (0.9999, 1.0))
    found = to_grid(rows, "words", SPEECH, placement="impulse").ravel()
    held = to_grid(rows, "words", SPEECH).ravel()
    for number in (1, 2):
        assert np.flatnonzero(found == number).tolist() == [np.flatnonzero(held == number)[0]]
    assert (held != 3).all() and found[np.searchsorted(SPEECH.times, 0.405)] == 3  # too short to be held
    assert 4 not in found  # begins after the last frame
    assert words_without_frame(rows, SPEECH) == 2
    assert words_without_frame(rows, SPEECH, placement="impulse") == 1


def test_two_onsets_in_one_frame_are_counted():
    ones = Rows(np.ones((2, 1)), np.array([0.201, 0.209]), np.array([0.209, 0.25]))
    assert sorted(to_grid(ones, "words", SPEECH, placement="impulse").ravel())[-2:] == [0.0, 2.0]


def test_slow_grids_sum_the_words_of_a_slot():
    grid = FrameGrid(start=20.0, rate=0.5, n=3)  # slots [19, 21) [21, 23) [23, 25)
    rows = words((18.99, 19.2), (19.0, 19.5), (20.9, 21.5), (21.0, 21.6), (24.99, 25.1), (25.0, 25.5))
    assert to_grid(rows, "words", grid).ravel().tolist() == [2 + 3, 4, 5]
    assert to_grid(rows, "words", grid, align="offset").ravel().tolist() == [1 + 2, 3 + 4, 0]
    assert words_without_frame(rows, grid) == 2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 50))
def test_slow_word_counts_add_up(seed, n):
    onset = np.sort(np.random.default_rng(seed).uniform(0, 100, n))
    rows = Rows(np.ones((n, 1)), onset, onset + 0.01)
    grid = FrameGrid(start=1.0, rate=0.5, n=50)  # slots tile [0, 100)
    expected = np.histogram(onset, np.arange(0, 101, 2))[0]
    assert np.array_equal(to_grid(rows, "words", grid).ravel(), expected)


def test_frames_on_their_own_grid_are_themselves():
    rows = frames(np.random.default_rng(0).normal(size=(SPEECH.n, 2)), SPEECH.times + 4e-7)
    assert np.array_equal(to_grid(rows, "frames", SPEECH), rows.values)
    some = FrameGrid(SPEECH.times[3], SPEECH.rate, 10)
    assert np.array_equal(to_grid(rows, "frames", some), rows.values[3:13])
    every_other = FrameGrid(SPEECH.times[0], SPEECH.rate / 2, 20)
    assert np.array_equal(to_grid(rows, "frames", every_other), rows.values[:40:2])


def test_slower_grids_average_over_the_slot():
    rows = frames(np.random.default_rng(1).normal(size=(1000, 2)), 0.01 + 0.02 * np.arange(1000))  # steps tile [0, 20)
    grid = FrameGrid(start=1.0, rate=0.5, n=10)
    expected = rows.values.reshape(10, 100, 2).mean(axis=1)
    assert np.allclose(to_grid(rows, "frames", grid), expected, atol=1e-12)


def test_slower_grids_let_no_fast_tone_through():
    times = 0.0125 + 0.02 * np.arange(2000)
    fast = frames(np.sin(2 * np.pi * 20 * times), times)  # above half of 12.5 Hz
    slow = frames(np.sin(2 * np.pi * 0.5 * times), times)
    grid = FrameGrid(start=0.5, rate=12.5, n=400)
    assert np.abs(to_grid(fast, "frames", grid)).max() < 0.25  # taken as it is, it would alias at full size
    assert np.abs(to_grid(slow, "frames", grid).ravel() - np.sin(np.pi * grid.times)).max() < 0.02


def test_faster_and_shifted_grids_interpolate_a_line_exactly():
    times = 0.0125 + 0.02 * np.arange(50)
    rows = frames(3 * times + 1, times)
    for grid in (FrameGrid(0.1, 100.0, 60), FrameGrid(0.1, 50.0, 30), FrameGrid(0.1, 63.0, 40)):
        assert np.allclose(to_grid(rows, "frames", grid).ravel(), 3 * grid.times + 1, atol=1e-6)
    near = FrameGrid(0.1, 40.0, 20)  # a little slower: rows count as steps, at most a quarter of one off
    assert np.abs(to_grid(rows, "frames", near).ravel() - 3 * near.times - 1).max() <= 3 * 0.02 / 4


def test_frames_go_on_as_they_began_and_ended():
    times = 0.0125 + 0.02 * np.arange(50)
    rows = frames(np.arange(50), times)
    for grid in (FrameGrid(-2.0, 0.5, 4), FrameGrid(-2.0, 100.0, 500)):
        found = to_grid(rows, "frames", grid).ravel()
        assert found[0] == 0 and found[-1] == 49
    assert to_grid(frames([7.0], [0.0125]), "frames", SPEECH).ravel().tolist() == [7.0] * SPEECH.n


def test_nothing_in_nothing_out():
    empty = Rows(np.zeros((0, 3), np.float32), np.zeros(0), np.zeros(0))
    assert to_grid(empty, "words", SPEECH).shape == (SPEECH.n, 3)
    assert to_grid(frames([1.0], [0.1]), "frames", FrameGrid(0.0, 50.0, 0)).shape == (0, 1)
    assert words_without_frame(empty, SPEECH) == 0


def test_words_from_frames_is_the_mean_inside_or_the_nearest():
    rows = frames(np.random.default_rng(2).normal(size=(SPEECH.n, 4)), SPEECH.times)
    table = pd.DataFrame({"onset": [0.1, 0.5, 0.513], "offset": [0.31, 0.512, 0.52]})
    found = words_from_frames(rows, table)
    inside = (SPEECH.times >= 0.1) & (SPEECH.times < 0.31)
    assert inside.sum() > 5
    assert np.allclose(found[0], rows.values[inside].mean(axis=0), atol=1e-12)
    # 12.5 + 20 k ms: 0.5125 is the only centre near either; the second ends just before it, the third begins after
    near = np.argmin(np.abs(SPEECH.times - 0.5125))
    assert np.array_equal(found[1], rows.values[near]) and np.array_equal(found[2], rows.values[near])


@pytest.mark.parametrize("placement", ["hold", "impulse"])
def test_float32_stays_float32(placement):
    rows = Rows(np.ones((1, 2), np.float32), np.array([0.1]), np.array([0.2]))
    for grid in (SPEECH, FrameGrid(1.0, 0.5, 3)):
        assert to_grid(rows, "words", grid, placement=placement).dtype == np.float32
    times = 0.02 * np.arange(30)
    for grid in (FrameGrid(0.0, 50.0, 30), FrameGrid(0.0, 10.0, 5), FrameGrid(0.0, 100.0, 50)):
        assert to_grid(Rows(np.ones((30, 2), np.float32), times, times), "frames", grid).dtype == np.float32


def test_lanczos_is_the_literal_kernel_of_the_field():
    """Huth et al. (2016), lanczosinterp2D with window 3 and the grid's rate as cutoff, written out."""
    rng = np.random.default_rng(5)
    onset = np.sort(rng.uniform(0, 60, 150))
    rows = Rows(rng.normal(size=(150, 3)), onset, onset + 0.2)
    grid = FrameGrid(start=1.0, rate=0.5, n=28)
    expected = np.zeros((28, 3))
    for i, t in enumerate(grid.times):
        for k in range(150):
            x = (t - onset[k]) * 0.5
            if abs(x) < 3:
                weight = 1.0 if x == 0 else 3 * np.sin(np.pi * x) * np.sin(np.pi * x / 3) / (np.pi**2 * x**2)
                expected[i] += weight * rows.values[k]
    np.testing.assert_allclose(to_grid(rows, "words", grid, resample="lanczos"), expected, atol=1e-12)
    later = to_grid(rows, "words", grid, resample="lanczos", align="offset")
    moved = Rows(rows.values, onset + 0.2, onset + 0.4)
    np.testing.assert_allclose(later, to_grid(moved, "words", grid, resample="lanczos"), atol=1e-12)
    fast = FrameGrid(0.0, 50.0, 100)  # where words are held, and nothing is resampled
    assert np.array_equal(to_grid(rows, "words", fast, resample="lanczos"), to_grid(rows, "words", fast))


def test_lanczos_keeps_a_constant_and_slow_tones_and_stops_fast_ones():
    times = 0.0125 + 0.02 * np.arange(6000)
    grid = FrameGrid(start=10.0, rate=0.5, n=50)
    tones = np.stack([np.ones(6000), np.sin(2 * np.pi * 0.05 * times), np.sin(2 * np.pi * 0.6 * times)], axis=1)
    found = to_grid(frames(tones, times), "frames", grid, resample="lanczos")
    np.testing.assert_allclose(found[:, 0], 1, atol=1e-12)
    np.testing.assert_allclose(found[:, 1], np.sin(2 * np.pi * 0.05 * grid.times), atol=0.02)
    assert np.abs(found[:, 2]).max() < 0.02 < np.abs(to_grid(frames(tones, times), "frames", grid)[:, 2]).max()
