"""The backward model: scikit-learn's and mTRFpy's on the lagged channels, missing samples, and patterns in place of weights."""

import mne
import numpy as np
import pytest
from mtrf import TRF
from sklearn.linear_model import Ridge

from brainalign.encoding import DecodingTRF, RidgeTRF
from brainalign.encoding.patterns import patterns_of
from brainalign.errors import BrainalignError
from brainalign.linalg.lags import lag_matrix

RATE, TMAX = 64, 0.125
LAGS = np.arange(-8, 1)


def recorded(presentations=3, frames=150, channels=5, dims=2, seed=0):
    """Stimuli, and a brain with an offset that follows them 3 frames later, with noise that channels share."""
    rng = np.random.default_rng(seed)
    mix, shared = rng.normal(size=(dims, channels)), rng.normal(size=(2, channels))
    stimuli = [rng.normal(size=(frames + 7 * i, dims)) for i in range(presentations)]
    brain = [
        3 + np.vstack([np.zeros((3, dims)), s[:-3]]) @ mix + rng.normal(size=(len(s), 2)) @ shared + rng.normal(size=(len(s), channels))
        for s in stimuli
    ]  # fmt: skip
    return brain, stimuli


def decoder(alphas=7.0, **changes):
    return DecodingTRF(**{"tmax": TMAX, "rate": RATE, "alphas": alphas, "cv": 3, "dtype": "float64", **changes})


def ridge(brain, stimuli, alpha, keep=None):
    x, y = np.vstack([lag_matrix(r, LAGS) for r in brain]), np.vstack(stimuli)
    keep = np.ones(len(x), dtype=bool) if keep is None else keep
    return Ridge(alpha=alpha, solver="cholesky").fit(x[keep], y[keep])


@pytest.mark.parametrize("solver", ["cholesky", "eigh", "dual"])
def test_it_is_scikit_learns_ridge_on_the_lagged_channels(solver):
    brain, stimuli = recorded()
    trf, peer = decoder(solver=solver).fit(brain, stimuli), ridge(brain, stimuli, 7.0)
    np.testing.assert_allclose(trf.coef_.reshape(-1, 2), peer.coef_.T, rtol=0, atol=1e-8)
    np.testing.assert_allclose(trf.intercept_, peer.intercept_, rtol=0, atol=1e-8)
    assert trf.lags_.tolist() == LAGS.tolist()


def test_it_is_mtrfpys_backward_model():
    brain, stimuli = recorded(presentations=4, frames=200)
    brain = [v[:200] for v in brain]
    stimuli = [v[:200] for v in stimuli]
    peer = TRF(direction=-1)
    peer.train(stimuli, brain, RATE, 0.0, TMAX, regularization=7.0 / RATE / len(brain))
    trf = decoder().fit(brain, stimuli)
    np.testing.assert_allclose(trf.coef_, peer.weights.transpose(1, 0, 2) / RATE, rtol=0, atol=1e-8)
    for ours, theirs in zip(trf.predict(brain), peer.predict(response=brain), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-8)


def test_more_lagged_channels_than_rows_go_by_the_dual_and_give_the_same():
    brain, stimuli = recorded(presentations=2, frames=30, channels=8)
    trf, peer = decoder().fit(brain, stimuli), ridge(brain, stimuli, 7.0)
    assert sum(map(len, brain)) < len(LAGS) * 8
    np.testing.assert_allclose(trf.coef_.reshape(-1, 2), peer.coef_.T, rtol=0, atol=1e-8)


def test_rows_whose_window_lacks_a_sample_are_left_out_of_fit_prediction_and_score():
    brain, stimuli = recorded()
    brain[1][40:43, 2] = np.nan
    keep = np.ones(sum(map(len, brain)), dtype=bool)
    keep[150 + 40 - 8 : 150 + 43] = False
    filled = [np.nan_to_num(v) for v in brain]
    trf, peer = decoder().fit(brain, stimuli), ridge(filled, stimuli, 7.0, keep)
    np.testing.assert_allclose(trf.coef_.reshape(-1, 2), peer.coef_.T, rtol=0, atol=1e-8)
    assert np.array_equal(np.isfinite(np.vstack(trf.predict(brain))).all(axis=1), keep)
    y, p = np.vstack(stimuli)[keep], np.vstack(trf.predict(brain))[keep]
    r = [np.corrcoef(y[:, i], p[:, i])[0, 1] for i in range(2)]
    np.testing.assert_allclose(trf.score(brain, stimuli, metric="r"), r, atol=1e-10)


def test_alpha_is_chosen_by_folds_and_a_saved_decoder_is_the_same(tmp_path):
    brain, stimuli = recorded(presentations=6)
    trf = decoder(alphas=[1e-3, 10.0, 1e7]).fit(brain, stimuli)
    assert (trf.alpha_ == 10.0).all()
    trf.save(tmp_path / "decoder.npz")
    again = DecodingTRF.load(tmp_path / "decoder.npz")
    assert np.array_equal(again.pattern_, trf.pattern_) and np.array_equal(
        again.predict(brain[0]), trf.predict(brain[0])
    )


def test_what_is_wrong_is_said_in_the_users_words():
    brain, stimuli = recorded()
    with pytest.raises(BrainalignError, match="responses has 2 presentations, features 3"):
        decoder().fit(brain[:2], stimuli)
    brain[1][3, 0] = np.nan
    with pytest.raises(BrainalignError, match="responses has 2 presentations, features 3"):
        decoder().fit(brain[:2], stimuli)
    brain[0][0, 0] = np.inf
    with pytest.raises(BrainalignError, match="responses must be finite"):
        decoder().fit(brain, stimuli)


def test_patterns_are_haufes_on_the_literal_matrix():
    brain, stimuli = recorded()
    trf = decoder().fit(brain, stimuli)
    x, w = np.vstack([lag_matrix(r, LAGS) for r in brain]), trf.coef_.reshape(-1, 2)
    cov = np.cov(x.T)
    np.testing.assert_allclose(trf.pattern_.reshape(-1, 2), cov @ w @ np.linalg.inv(w.T @ cov @ w), atol=1e-10)
    forward = RidgeTRF(tmax=TMAX, rate=RATE, alphas=7.0, dtype="float64", patterns=True).fit(stimuli, brain)
    x, w = np.vstack([lag_matrix(s, -LAGS[::-1]) for s in stimuli]), forward.coef_.reshape(-1, 5)
    cov = np.cov(x.T)
    np.testing.assert_allclose(forward.pattern_.reshape(-1, 5), cov @ w / np.diag(w.T @ cov @ w), atol=1e-10)


def test_patterns_are_mnes_up_to_its_unit_which_is_the_stimulus():
    (brain,), (stimulus,) = recorded(presentations=1, dims=1)
    brain -= brain.mean(axis=0)  # it pads with the mean
    field = mne.decoding.ReceptiveField(-TMAX, 0.0, RATE, estimator=Ridge(7.0), patterns=True)
    theirs = field.fit(brain, stimulus).patterns_.squeeze()  # (channels, lags)
    ours = decoder().fit([brain], [stimulus]).pattern_[:, :, 0].T
    assert np.corrcoef(theirs.ravel(), ours.ravel())[0, 1] == pytest.approx(1, abs=1e-6)


def test_with_orthonormal_channels_pattern_and_weights_are_one():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 6))
    q = np.linalg.qr(x - x.mean(axis=0))[0]
    weights = np.linalg.qr(rng.normal(size=(6, 2)))[0][None]
    found = patterns_of([q], weights, np.array([0]), [np.ones((400, 1), dtype=bool)], jointly=True)
    np.testing.assert_allclose(found, weights, atol=1e-12)


def test_a_planted_source_comes_back_as_a_pattern_where_weights_say_otherwise():
    rng = np.random.default_rng(1)
    mixed = rng.normal(size=(1000, 6))
    independent = np.linalg.qr(mixed - mixed.mean(axis=0))[0] * 1000**0.5
    source, noise, own = independent[:, :1], independent[:, 1:2], independent[:, 2:]
    topography, disturbance = np.array([[1.0, 0.5, 0.0, 0.0]]), np.array([[1.0, 1.0, 1.0, 0.0]])
    brain = source @ topography + 2 * noise @ disturbance + 0.1 * own
    trf = DecodingTRF(tmax=0.0, rate=RATE, alphas=1.0).fit(brain, source[:, 0])
    assert trf.score(brain, source[:, 0]) > 0.9
    weights, pattern = trf.coef_[0, :, 0], trf.pattern_[0, :, 0]
    np.testing.assert_allclose(pattern, pattern[0] * topography[0], atol=0.01)
    assert abs(weights[2]) > 0.5 * abs(weights).max()  # it has nothing of the source, and takes the noise off


def test_patterns_do_not_hang_on_the_features_units():
    brain, stimuli = recorded()
    one, other = decoder().fit(brain, stimuli), decoder().fit(brain, [s * [1.0, 1e-9] for s in stimuli])
    np.testing.assert_allclose(other.pattern_ * [1.0, 1e-9], one.pattern_, rtol=1e-6)
