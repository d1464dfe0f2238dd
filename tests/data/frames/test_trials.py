"""One value a trial, and trials aligned to the participant's own speech: closed forms, and through the command line."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.data.continuous.run import Run
from brainalign.data.continuous.speech import aligned_to_speech
from brainalign.data.events.event import Event
from brainalign.data.frames.trials import trial_means
from brainalign.data.simulated import simulate
from brainalign.errors import BrainalignError


@pytest.fixture(scope="module")
def data():
    return simulate(subjects=1, electrodes=3, sentences=6, repeated=1, repeats=2)


def test_the_mean_over_the_stretch_and_nothing_else(data):
    (one,) = trial_means(data, -0.2, 0.6).recordings
    for p, q in zip(data.recordings[0].presentations, one.presentations, strict=True):
        times = p.start + np.arange(len(p.response)) / p.rate
        inside = (times >= -0.2 - 1e-9) & (times < 0.6 - 1e-9)
        assert inside.sum() == 40
        np.testing.assert_allclose(q.response, p.response[inside].mean(axis=0)[None], rtol=1e-12)
        assert (q.stimulus, q.repeat, q.rate) == (
            p.stimulus,
            p.repeat,
            pytest.approx(1.25),
        ) and q.start == pytest.approx(0.2)


def test_missing_samples_are_left_out_and_too_long_a_stretch_is_refused(data):
    p = data.recordings[0].presentations[0]
    response = p.response.copy()
    response[:, 0], response[::2, 1] = np.nan, np.nan
    broken = replace(data, recordings=[replace(data.recordings[0], presentations=[replace(p, response=response)])])
    (q,) = trial_means(broken, 0.0, 1.0).recordings[0].presentations
    assert np.isnan(q.response[0, 0]) and np.isfinite(q.response[0, 1:]).all()
    with pytest.raises(
        BrainalignError, match=r"window.trial=\[-2, 1\]: participant sim01, stimulus .* was recorded from -0.4"
    ):
        trial_means(data, -2.0, 1.0)
    with pytest.raises(BrainalignError, match="no stretch of time"):
        trial_means(data, 1.0, 1.0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 1.5), st.booleans()), min_size=1, max_size=6), st.integers(0, 99))
def test_trials_begin_where_speech_does(trials, seed):
    rng = np.random.default_rng(seed)
    rate, sound = 2000.0, rng.normal(0, 0.01, int(2000 * 4 * (len(trials) + 1)))
    truth = []
    for n, (delay, spoken) in enumerate(trials):
        cue = 1.0 + 4.0 * n
        if spoken:
            begin = int((cue + delay) * rate)
            sound[begin : begin + int(0.5 * rate)] += rng.normal(0, 0.3, int(0.5 * rate))
            truth.append(cue + delay)
    sound[int(0.5 * rate)] = 5.0  # a click before the first cue
    run = Run(np.zeros((10, 1)), 1.0, 0.0, pd.DataFrame(), sound, rate)
    moved, silent = aligned_to_speech(run, [Event("", "a", 1.0 + 4.0 * n, 2.5, "") for n in range(len(trials))], 2.0)
    assert [e.onset for e in moved] == pytest.approx(truth, abs=0.025) and silent == len(trials) - len(truth)


def test_no_sound_is_one_sentence():
    run = Run(np.zeros((10, 1)), 1.0, 0.0, pd.DataFrame())
    with pytest.raises(
        BrainalignError, match="align=speech needs the recorded sound: name its channel by data.sound_channel"
    ):
        aligned_to_speech(run, [Event("", "a", 1.0, 2.0, "")], 2.0)
