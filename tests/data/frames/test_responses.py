"""All recordings on one grid: who heard what stays apart, what is missing stays missing."""

import numpy as np
import pandas as pd
import pytest

from brainalign.data.frames.responses import responses_on_frames
from brainalign.data.types import CHANNEL_COLUMNS, Dataset, Presentation, Recording, Stimulus
from brainalign.errors import BrainalignError


def recording(subject, *presentations):
    n = presentations[0].response.shape[1]
    channels = pd.DataFrame({"subject": subject, "electrode": [f"E{k}" for k in range(n)], "region": "STG"})
    channels[["hemisphere", "x", "y", "z"]] = ["L", 0.0, 0.0, 0.0]
    return Recording(subject, channels[list(CHANNEL_COLUMNS)], list(presentations))


def dataset(*recordings, **durations):
    return Dataset("test", {s: Stimulus(s, d) for s, d in durations.items()}, recordings)


def noise(seed, length, channels=2):
    return np.random.default_rng(seed).normal(size=(length, channels))


def refused(data, rate):
    with pytest.raises(BrainalignError) as error:
        responses_on_frames(data, rate)
    return str(error.value)


def test_each_channel_finds_its_own_samples_at_50_hz():
    a0, a1, b0 = noise(0, 150), noise(1, 150), noise(2, 150, 3)
    data = dataset(
        recording("p", Presentation("b", 0, a1, 50.0, 0.0125 - 0.5), Presentation("a", 0, a0, 50.0, 0.0125)),
        recording("q", Presentation("a", 1, b0[:80], 50.0, 0.0125), Presentation("a", 0, b0, 50.0, 0.0325)),
        a=1.6, b=2.0,
    )  # fmt: skip
    out = responses_on_frames(data, 50.0)
    assert out.presentations == [("a", 0), ("a", 1), ("b", 0)]
    assert out.grids["a"].n == 79 and [len(v) for v in out.values] == [79, 79, 99]
    assert out.channels["subject"].tolist() == ["p", "p", "q", "q", "q"] and out.notes == []
    np.testing.assert_array_equal(out.values[0][:, :2], a0[:79])
    np.testing.assert_array_equal(out.values[0][1:, 2:], b0[:78])
    assert np.isnan(out.values[0][0, 2:]).all()  # recorded from the second frame on
    assert np.isnan(out.values[1][:, :2]).all()  # p heard it once only
    np.testing.assert_array_equal(out.values[1][:, 2:], b0[:79])
    np.testing.assert_array_equal(out.values[2][:, :2], a1[25:124])
    assert np.isnan(out.values[2][:, 2:]).all()


def test_a_faster_recording_is_resampled_inside_its_presentation():
    t = np.arange(250) / 100 - 0.5
    wave = np.c_[np.sin(2 * np.pi * 4 * t), np.cos(2 * np.pi * 3 * t)]
    out = responses_on_frames(dataset(recording("p", Presentation("a", 0, wave, 100.0, -0.5)), a=2.0), 50.0)
    f = out.grids["a"].times
    truth = np.c_[np.sin(2 * np.pi * 4 * f), np.cos(2 * np.pi * 3 * f)]
    assert np.abs(out.values[0] - truth)[:-15].max() < 1e-3


def test_a_few_frames_may_be_missing_at_the_end_but_not_many():
    def short(n):
        return dataset(recording("p", Presentation("a", 0, noise(0, n), 50.0, 0.0125)), a=2.0)

    out = responses_on_frames(short(96), 50.0)
    assert np.isnan(out.values[0][96:]).all() and np.isfinite(out.values[0][:96]).all()
    assert refused(short(90), 50.0) == (
        "participant p, stimulus 'a': the response runs from 0.013 s to 1.812 s, but the stimulus from 0 to 2.000 s; "
        "the response must cover it."
    )
    late = dataset(recording("p", Presentation("a", 0, noise(0, 99), 50.0, 0.5)), a=2.0)
    assert "runs from 0.500 s" in refused(late, 50.0)


def test_own_samples_span_the_union_of_participants():
    p, q = noise(0, 10), noise(1, 10)
    data = dataset(
        recording("p", Presentation("a", 0, p, 0.5, 20.0)),
        recording("q", Presentation("a", 0, q, 0.5, 16.0)),
        a=50.0,
    )
    out = responses_on_frames(data, None)
    grid = out.grids["a"]
    assert (grid.start, grid.rate, grid.n) == (16.0, 0.5, 12)
    np.testing.assert_array_equal(out.values[0][2:, :2], p)
    np.testing.assert_array_equal(out.values[0][:10, 2:], q)
    assert np.isnan(out.values[0][:2, :2]).all() and np.isnan(out.values[0][10:, 2:]).all()


def test_samples_that_do_not_coincide_name_both():
    shifted = dataset(
        recording("p", Presentation("a", 0, noise(0, 10), 0.5, 20.0)),
        recording("q", Presentation("a", 0, noise(1, 10), 0.5, 20.7)), a=40.0,
    )  # fmt: skip
    text = refused(shifted, None)
    assert "participant q has samples from 20.7 s on, participant p from 20 s on" in text and "window.rate=null" in text
    faster = dataset(
        recording("p", Presentation("a", 0, noise(0, 10), 0.5, 20.0)),
        recording("q", Presentation("b", 0, noise(1, 10), 1.0, 20.0)), a=40.0, b=30.0,
    )  # fmt: skip
    assert "participant q was recorded at 1 Hz, but participant p at 0.5 Hz" in refused(faster, None)


def test_rates_that_cannot_be():
    slow = dataset(recording("p", Presentation("a", 0, noise(0, 10), 0.5, 0.0)), a=20.0)
    assert refused(slow, 50.0).startswith("window.rate=50 is above the 0.5 Hz at which participant p was recorded;")
    assert refused(slow, 100.0).startswith("window.rate=100 is not offered; it must be 50")
    assert "too short for one frame" in refused(
        dataset(recording("p", Presentation("a", 0, noise(0, 10), 50.0, 0.0)), a=0.02), 50.0
    )


def test_channels_that_never_vary_are_dropped_by_name():
    x, y = noise(0, 150, 4), noise(1, 150, 2)
    x[:, 1], x[:, 2] = 3.25, np.nan
    y[:, 0] = np.inf
    data = dataset(
        recording("p", Presentation("a", 0, x, 75.0, 0.0)),
        recording("q", Presentation("a", 0, y, 75.0, 0.0)),
        a=2.0,
    )
    out = responses_on_frames(data, 50.0)
    assert out.notes == [
        "participant p: 2 of 4 channels are left out: E1 (constant), E2 (no valid sample).",
        "participant q: 1 of 2 channels is left out: E0 (no valid sample).",
    ]
    assert list(out.channels["electrode"]) == ["E0", "E3", "E1"] and list(out.channels.index) == [0, 1, 2]
    assert out.values[0].shape == (99, 3) and np.isfinite(out.values[0]).all()


def test_nothing_to_predict():
    flat = dataset(recording("p", Presentation("a", 0, np.ones((100, 2)), 50.0, 0.0125)), a=2.0)
    assert "none of the 2 channels varies" in refused(flat, 50.0)
    assert "no presentation at all" in refused(dataset(a=2.0), 50.0)
    p = Presentation("a", 0, noise(0, 100), 50.0, 0.0125)
    assert "two presentations of 'a' with repeat 0" in refused(dataset(recording("p", p, p), a=2.0), 50.0)


def durations(frames=58_943, sentences=499, repeated=10, times=11, seed=0):
    """A durations table (seconds by sentence) of the paper's design: 499 sentences, ten of them heard ten times more, 58,943 frames.

    A sentence of n frames has 400 + 320 (n - 1) samples at 16 kHz and up to 319 more, which make no further frame.
    """
    rng = np.random.default_rng(seed)
    n = rng.integers(60, 140, size=sentences)
    weight = np.where(np.arange(sentences) < repeated, times, 1)
    while (gap := frames - int((n * weight).sum())) != 0:  # sentences heard once take up what is missing
        n[rng.integers(repeated, sentences)] += np.sign(gap)
    samples = 400 + 320 * (n - 1) + rng.integers(0, 320, size=sentences)
    table = pd.DataFrame({"stimulus": [f"sentence{k:03d}" for k in range(sentences)], "duration": samples / 16_000})
    return table, [name for name, w in zip(table["stimulus"], weight, strict=True) for _ in range(w)]


def test_the_599_presentations_have_58_943_frames_and_none_is_counted_from_a_rate():
    table, heard = durations()
    seconds = dict(zip(table["stimulus"], table["duration"], strict=True))
    assert len(heard) == 599 and len(seconds) == 499
    repeats = {name: 0 for name in seconds}
    parts = []
    for name in heard:
        rows = int(np.ceil(seconds[name] * 50)) + 1
        parts.append(
            Presentation(name, repeats[name], np.random.default_rng(len(parts)).normal(size=(rows, 1)), 50.0, 0.0125)
        )
        repeats[name] += 1
    out = responses_on_frames(dataset(recording("p", *parts), **seconds), 50.0)
    assert len(out.presentations) == 599 and sum(map(len, out.values)) == 58_943
    assert all(grid.start == 0.0125 and grid.rate == 50.0 for grid in out.grids.values())
    # frames are 20 ms apart: duration x 50 counts half a frame too much a presentation, and frames / duration is no rate
    assert sum(seconds[name] for name in heard) * 50 - 58_943 > 250
