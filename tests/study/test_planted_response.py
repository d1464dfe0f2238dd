"""The simulated response without noise: what the mean over many presentations comes to, and only at its own times."""

import numpy as np

from brainalign.data.frames.grid import FrameGrid
from brainalign.data.simulated import simulate
from brainalign.study.example_prediction import planted_response


def test_the_mean_over_presentations_comes_to_the_planted_response():
    data = simulate(subjects=1, electrodes=5, sentences=5, repeated=1, repeats=400, noise_ar=0.0, silent_fraction=0.0)
    heard = [p for p in data.recordings[0].presentations if p.repeat > 0]
    stimulus = heard[0].stimulus
    own = [p.response for p in data.recordings[0].presentations if p.stimulus == stimulus]
    times = FrameGrid.speech(data.stimuli[stimulus].duration).times
    rho = data.recordings[0].channels["rho_true"]
    for e, electrode in enumerate(data.recordings[0].channels["electrode"]):
        planted = planted_response(data, "sim01", electrode, stimulus, times)
        mean = np.mean([r[-len(planted) :, e] for r in own], axis=0)
        spread = np.sqrt((1 - rho[e]) / len(own))
        assert np.abs(mean - planted).max() < 5 * spread and np.ptp(planted) > 20 * spread


def test_other_times_and_other_channels_have_none():
    data = simulate(subjects=1, electrodes=5, sentences=5, repeated=0)
    times = FrameGrid.speech(1.0).times
    assert planted_response(data, "sim01", "e001", "sentence000", times[10:20]) is not None
    assert planted_response(data, "sim01", "e001", "sentence000", times + 0.004) is None
    assert planted_response(data, "sim01", "e001", "sentence000", times + 100.0) is None
    assert planted_response(data, "sim01", "PC1", "sentence000", times) is None
