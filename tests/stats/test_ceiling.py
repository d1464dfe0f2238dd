"""Noise ceilings against closed forms and planted truths; what cannot be estimated is NaN with a reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from brainalign.stats.ceiling import cc_norm, noise_ceilings, normalise
from brainalign.stats.signal_power import signal_power


def autoregressive(rng, shape, a=0.9):
    noise = rng.normal(size=shape) * np.sqrt(1 - a**2)
    noise[..., 0, :] /= np.sqrt(1 - a**2)
    return lfilter([1.0], [1.0, -a], noise, axis=-2)


def heard(rng, rho, stimuli=10, repeats=10, frames=90, electrodes=200, make=autoregressive):
    return [
        np.sqrt(rho) * make(rng, (frames, electrodes)) + np.sqrt(1 - rho) * make(rng, (repeats, frames, electrodes))
        for _ in range(stimuli)
    ]


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(3, 30), st.integers(0, 10_000), st.floats(-50, 50), st.floats(0.01, 20))
def test_signal_power_is_the_mean_covariance_of_two_repeats(n, t, seed, shift, scale):
    rng = np.random.default_rng(seed)
    r = rng.normal(size=(n, t, 2)) + rng.normal(size=(t, 2))
    power, variance = signal_power(r)
    for c in range(2):
        covariance = np.cov(r[:, :, c], ddof=0)
        pairs = covariance[~np.eye(n, dtype=bool)].mean()
        assert power[c] == pytest.approx(pairs, abs=1e-10) and variance[c] == pytest.approx(np.trace(covariance) / n)
    moved, _ = signal_power(scale * r + shift)
    np.testing.assert_allclose(moved, scale**2 * power, rtol=1e-6, atol=1e-7 * scale**2 * (1 + abs(shift)) ** 2)


@pytest.mark.parametrize("rho", [0.05, 0.2, 0.5])
def test_white_signal_and_noise_of_the_specification_come_back_unbiased(rho):
    """821 frames, N = 10, 400 runs: within 3 Monte-Carlo standard errors."""
    rng = np.random.default_rng([3, int(100 * rho)])
    signal = rng.normal(size=(821, 400))
    signal = (signal - signal.mean(axis=0)) / signal.std(axis=0)
    r = np.sqrt(rho) * signal + np.sqrt(1 - rho) * rng.normal(size=(10, 821, 400))
    found = noise_ceilings([r], draws=100)
    assert abs(found.ceiling.mean() - rho) < 3 * found.ceiling.std() / 20
    assert 0.005 < found.ceiling.std() < 0.012
    assert (found.leave_one_out.mean() < found.ceiling.mean()) and found.split_half.mean() == pytest.approx(
        10 * rho / (1 + 9 * rho), abs=0.02
    )
    np.testing.assert_allclose(found.ceiling_n, 10 * found.ceiling / (1 + 9 * found.ceiling))


def test_intervals_of_ten_stimuli_cover_the_truth_about_as_often_as_they_say():
    """A plain percentile bootstrap covers .89 here (measured); the widened one must stay above .9."""
    rng = np.random.default_rng(1)
    for rho in (0.05, 0.3):
        found = noise_ceilings(heard(rng, rho))
        covered = ((found.ceiling_low <= rho) & (rho <= found.ceiling_high)).mean()
        assert 0.88 < covered <= 1.0, covered


def test_unequal_repeats_and_missing_frames():
    rng = np.random.default_rng(2)
    stimuli = heard(rng, 0.4, stimuli=6, repeats=4, electrodes=50) + heard(
        rng, 0.4, stimuli=6, repeats=7, electrodes=50
    )
    whole = noise_ceilings(stimuli, draws=100)
    assert whole.ceiling.mean() == pytest.approx(0.4, abs=0.05) and set(whole.n_repeats) == {7}
    holes = [s.copy() for s in stimuli]
    for s in holes:
        s[0, :30, :25] = np.nan
    found = noise_ceilings(holes, draws=100)
    cut = noise_ceilings([s[:, 30:] for s in stimuli], draws=100)
    np.testing.assert_allclose(found.ceiling[:25], cut.ceiling[:25])  # a frame counts where all repeats are valid
    np.testing.assert_allclose(found.ceiling[25:], whole.ceiling[25:])


def test_what_was_not_recorded_leaves_the_interval_as_wide_as_that_of_what_was():
    """A recording that stopped half way, in the one electrode and not in the other; stories that only the other has."""
    rng = np.random.default_rng(6)
    columns = ["ceiling", "ceiling_low", "ceiling_high"]
    (story,) = heard(rng, 0.3, stimuli=1, repeats=3, frames=600, electrodes=2)
    stopped = story.copy()
    stopped[1, 300:, 0] = np.nan
    found, cut, whole = (noise_ceilings([s], draws=200)[columns] for s in (stopped, story[:, :300], story))
    np.testing.assert_allclose(found.loc[0], cut.loc[0])
    np.testing.assert_allclose(found.loc[1], whole.loc[1])
    stories = heard(rng, 0.3, stimuli=7, repeats=3, electrodes=2)
    for s in stories[3:]:
        s[0, :, 0] = np.nan
    found, few, whole = (
        noise_ceilings(s, draws=200)[columns] for s in (stories, stories[:3], [s[:, :, 1:] for s in stories])
    )
    np.testing.assert_allclose(found.loc[0], few.loc[0])
    np.testing.assert_allclose(found.loc[1], whole.loc[0])


def test_nothing_to_estimate_is_nan_and_says_why():
    rng = np.random.default_rng(0)
    noise = noise_ceilings([rng.normal(size=(5, 80, 300)) for _ in range(8)], draws=100)
    dead = noise["why"] == "signal power is not above 0"
    assert 0.3 < dead.mean() < 0.7 and noise.loc[dead, ["ceiling", "ceiling_low", "ceiling_n"]].isna().all().all()
    assert (noise.loc[~dead, "ceiling"] > 0).all() and (noise.loc[~dead, "why"] == "").all()
    once = noise_ceilings([rng.normal(size=(1, 80, 3))])
    assert once.ceiling.isna().all() and set(once.why) == {"no stimulus was presented more than once"}
    empty = noise_ceilings([np.full((3, 20, 2), np.nan)], draws=100)
    assert empty.ceiling.isna().all() and set(empty.why) == {"no frame is valid in all repeats"}


def test_one_story_heard_twice_has_an_interval_from_its_stretches():
    rng = np.random.default_rng(5)
    (story,) = heard(rng, 0.3, stimuli=1, repeats=2, frames=3000, electrodes=40)
    found = noise_ceilings([story])
    assert ((found.ceiling_low <= 0.3) & (found.ceiling_high >= 0.3)).mean() > 0.75
    assert (found.ceiling_high - found.ceiling_low).mean() < 0.3


def test_normalised_scores_stand_only_above_the_floor_and_are_not_clipped():
    import pandas as pd

    table = pd.DataFrame({"r2": [0.3, 0.1, 0.1], "ceiling": [0.2, 0.2, np.nan], "ceiling_low": [0.1, 0.05, np.nan]})
    found = normalise(table, 0.05, {"r2": "r2_normalized"})
    assert found.r2_normalized[0] == pytest.approx(1.5) and found.r2_normalized[1:].isna().all()


def test_ccnorm_is_one_for_the_signal_itself_and_the_correlation_for_part_of_it():
    rng = np.random.default_rng(4)
    signal, other = rng.normal(size=(2, 20000, 1))
    r = signal + 2 * rng.normal(size=(20, 20000, 1))
    power, _ = signal_power(r)
    assert cc_norm(r.mean(axis=0), signal, power)[0] == pytest.approx(1, abs=0.02)
    assert cc_norm(r.mean(axis=0), signal + other, power)[0] == pytest.approx(np.sqrt(0.5), abs=0.02)
    assert np.isnan(cc_norm(r.mean(axis=0), np.zeros_like(signal), power)[0])


def test_responses_that_were_never_repeated_have_one_repeat():
    table = noise_ceilings([np.zeros((1, 50, 2))])
    assert table["n_repeats"].tolist() == [1, 1] and table["n_repeated_stimuli"].tolist() == [0, 0]
    assert table["why"].eq("no stimulus was presented more than once").all()
