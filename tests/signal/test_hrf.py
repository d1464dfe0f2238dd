"""Glover's function is nilearn's; events are convolved at their own times."""

from __future__ import annotations

import numpy as np
import pytest

from brainalign.data.frames.grid import FrameGrid
from brainalign.features.align import to_grid
from brainalign.features.base import Rows
from brainalign.signal.hrf import convolve_hrf, glover_hrf


@pytest.mark.parametrize("oversampling", [1, 16, 50])
@pytest.mark.parametrize("tr", [0.72, 2.0])
def test_it_is_nilearns_function(tr: float, oversampling: int) -> None:
    from nilearn.glm.first_level import glover_hrf as nilearns

    theirs = nilearns(tr, oversampling)
    # nilearn's first sample lies one step before the impulse
    ours = glover_hrf(np.linspace(0, 32, len(theirs)) - tr / oversampling)
    np.testing.assert_allclose(ours / ours.sum(), theirs, atol=1e-6)


def test_its_integral_is_one() -> None:
    from scipy.integrate import quad

    assert quad(lambda t: float(glover_hrf(np.array(t))), 0, 32)[0] == pytest.approx(1.0, abs=1e-4)


def test_words_are_impulses_at_their_own_times() -> None:
    rows = Rows(np.array([[1.0], [3.0]]), np.array([0.13, 7.9]), np.array([0.4, 8.2]))
    grid = FrameGrid(start=1.0, rate=0.5, n=12)
    expected = glover_hrf(grid.times - 0.13) + 3 * glover_hrf(grid.times - 7.9)
    np.testing.assert_allclose(to_grid(rows, "words", grid, resample="hrf").ravel(), expected, atol=1e-12)
    later = glover_hrf(grid.times - 0.4) + 3 * glover_hrf(grid.times - 8.2)
    np.testing.assert_allclose(to_grid(rows, "words", grid, resample="hrf", align="offset").ravel(), later, atol=1e-12)


def test_a_constant_stays_itself_whatever_its_rate() -> None:
    grid = FrameGrid(start=0.0, rate=0.5, n=40)
    for period in (0.02, 0.1):
        times = np.arange(0, 80, period)
        found = to_grid(Rows(np.ones((len(times), 2)), times, times), "frames", grid, resample="hrf")
        np.testing.assert_allclose(found[17:], 1.0, atol=1e-3)


def test_it_is_what_nilearn_makes_of_frames() -> None:
    from nilearn.glm.first_level import compute_regressor

    events = np.array([[1.0, 9.5, 20.0], [0, 0, 0], [1.0, 2.0, -1.0]])
    times = np.arange(40) * 2.0
    theirs = compute_regressor(events, "glover", times, oversampling=200)[0][:, 0]
    ours = convolve_hrf(events[2][:, None], events[0], times)[:, 0]
    assert np.corrcoef(theirs, ours)[0, 1] > 0.999
