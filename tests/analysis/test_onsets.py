"""Onset regressors: what is marked where, lagged within the stimulus."""

import numpy as np
import pandas as pd

from brainalign.analysis.similarity.onsets import onset_regressors
from brainalign.data.frames.grid import FrameGrid
from brainalign.data.types import Stimulus
from brainalign.linalg.lags import lag_matrix


def stimulus(*words):
    return Stimulus("s", 2.0, pd.DataFrame(words, columns=["word", "onset", "offset"]))


def test_lags_stay_within_the_stimulus():
    grid, lags = FrameGrid.speech(2.0), np.arange(-2, 5)
    heard = stimulus(("a", 0.2, 0.5), ("b", 0.5, 0.6), ("c", 1.0, 1.9))
    now = onset_regressors(heard, grid, np.array([0]))
    speech = sum(((grid.times >= onset) & (grid.times < offset)).sum() for onset, offset in ((0.2, 0.6), (1.0, 1.9)))
    assert now.sum(axis=0).tolist() == [speech, 1, 3]
    late = grid.times[now[:, 2] == 1] - [0.2, 0.5, 1.0]
    assert now[0, 1] == 1 and (late >= -1e-9).all() and (late < 0.02).all()
    np.testing.assert_array_equal(onset_regressors(heard, grid, lags), lag_matrix(now, lags))


def test_without_words_speech_is_on_from_the_start():
    grid = FrameGrid.speech(2.0)
    now = onset_regressors(Stimulus("s", 2.0), grid, np.array([0]))
    assert (now[:, 0] == 1).all() and now[:, 1].sum() == 1 and not now[:, 2].any()


def test_on_a_slow_grid_a_frame_counts_its_words():
    now = onset_regressors(
        stimulus(("a", 0.1, 0.3), ("b", 0.4, 0.6), ("c", 1.2, 1.3)), FrameGrid(0.5, 1.0, 2), np.array([0])
    )
    assert now[:, 2].tolist() == [2, 1]
