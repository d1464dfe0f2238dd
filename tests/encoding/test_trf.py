"""RidgeTRF against scikit-learn, scipy and MATLAB's mTRF-Toolbox on the literal lagged matrix."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.linalg import solve
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold

from brainalign.encoding import RidgeTRF
from brainalign.errors import BrainalignError
from brainalign.linalg.lags import lag_matrix


def data(lengths=(30, 17, 42, 25, 33, 28), d=3, c=4, seed=0):
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(n, d)) + 0.7 for n in lengths]
    kernel = rng.normal(size=(4, d, c))
    y = [lag_matrix(v, np.arange(4)) @ kernel.reshape(-1, c) + 2 * rng.normal(size=(len(v), c)) - 3 for v in x]
    return x, y


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(2, 30), min_size=1, max_size=5),
    st.integers(-5, 4), st.integers(1, 6), st.floats(0.01, 1e4), st.booleans(), st.integers(0, 10**6),
)  # fmt: skip
def test_equals_a_literal_solve_whatever_the_shapes_lags_and_masks(lengths, first, n_lags, alpha, masked, seed):
    x, y = data(lengths, seed=seed)
    rng = np.random.default_rng(seed)
    if masked:
        for v in y:
            v[rng.random(v.shape) < 0.2] = np.nan
        y[0][0] = 1.0  # at least one valid row an electrode
    lags = np.arange(first, first + n_lags)
    assume(np.abs(lags).max() < max(lengths))  # a window beyond all presentations is refused
    trf = RidgeTRF(lags[0] / 50, lags[-1] / 50, 50.0, alphas=alpha, dtype="float64").fit(x, y)
    big, target = np.vstack([lag_matrix(v, lags) for v in x]), np.vstack(y)
    for e in range(target.shape[1]):
        keep = np.isfinite(target[:, e])
        xc, yc = big[keep] - big[keep].mean(axis=0), target[keep, e] - target[keep, e].mean()
        w = solve(xc.T @ xc + alpha * np.eye(xc.shape[1]), xc.T @ yc, assume_a="pos")
        np.testing.assert_allclose(trf.coef_[:, :, e].ravel(), w, atol=1e-10 * max(1, np.abs(w).max()) / min(1, alpha))
        intercept = target[keep, e].mean() - big[keep].mean(axis=0) @ w
        assert trf.intercept_[e] == pytest.approx(intercept, abs=1e-8)


def test_equals_scikit_learns_ridge_and_its_cross_validated_choice():
    x, y = data()
    alphas, lags = np.logspace(-1, 4, 8), np.arange(5)
    folds = list(KFold(3).split(x))
    trf = RidgeTRF(0.0, 0.08, 50.0, alphas, cv=folds, dtype="float64").fit(x, y)
    lagged = [lag_matrix(v, lags) for v in x]
    curve = np.zeros((len(alphas), 4))
    for train, test in folds:
        xt, yt = np.vstack([lagged[i] for i in train]), np.vstack([y[i] for i in train])
        xs, ys = np.vstack([lagged[i] for i in test]), np.vstack([y[i] for i in test])
        for a, alpha in enumerate(alphas):
            error = ys - Ridge(alpha).fit(xt, yt).predict(xs)
            curve[a] += (1 - (error**2).sum(0) / ((ys - yt.mean(0)) ** 2).sum(0)) / 3
    np.testing.assert_allclose(trf.cv_scores_, curve, atol=1e-10)
    np.testing.assert_array_equal(trf.alpha_, alphas[curve.argmax(axis=0)])
    for e in range(4):
        ridge = Ridge(trf.alpha_[e]).fit(np.vstack(lagged), np.vstack(y)[:, e])
        np.testing.assert_allclose(trf.coef_[:, :, e].ravel(), ridge.coef_, atol=1e-10)
        predicted = np.concatenate([p[:, e] for p in trf.predict(x)])
        np.testing.assert_allclose(predicted, ridge.predict(np.vstack(lagged)), atol=1e-9)


def test_matlab_mtrf_toolbox_to_1e_8(test_data):
    z = np.load(test_data / "trf_reference" / "mtrf_reference.npz")
    x, y = z["x"], z["y"]

    def trf(n_inputs, first):  # the toolbox penalises one constant column an input channel
        return RidgeTRF(first / 64, 4 / 64, 64.0, alphas=1.0, intercept_alpha=1 / n_inputs, dtype="float64")

    forward = trf(3, -4).fit([x[:, :3]], [y[:, :3]])
    np.testing.assert_allclose(forward.coef_.transpose(1, 0, 2), z["fwd_w"], atol=1e-8)
    np.testing.assert_allclose(forward.intercept_, z["fwd_const"].sum(axis=0), atol=1e-8)
    backward = trf(3, -4).fit([y[:, :3]], [x[:, :3]])
    np.testing.assert_allclose(backward.coef_.transpose(1, 0, 2), z["bwd_w"], atol=1e-8)
    fit = trf(5, 0).fit([x[:128]], [y[:128, :4]])
    np.testing.assert_allclose(fit.predict([x[128:256]])[0], z["predict_rec"], atol=1e-8)
    np.testing.assert_allclose(fit.score([x[128:256]], [y[128:256, :4]], metric="r"), z["predict_r"], atol=1e-8)


def test_score_is_the_r2_of_a_runs_tables():
    """1 - SSE/SST about the training mean, by hand: a shift of the scored responses costs; r does not see it."""
    x, y = data()
    y[0][:3, 1] = np.nan
    trf = RidgeTRF(0.0, 0.08, 50.0, 10.0, dtype="float64").fit(x[:-1], y[:-1])
    mean = np.nanmean(np.vstack(y[:-1]), axis=0)
    for shift in (0.0, 3.0):
        actual, predicted = y[-1] + shift, trf.predict(x[-1:])[0]
        by_hand = 1 - ((actual - predicted) ** 2).sum(axis=0) / ((actual - mean) ** 2).sum(axis=0)
        np.testing.assert_allclose(trf.score(x[-1:], [actual]), by_hand, atol=1e-10)
    np.testing.assert_allclose(
        trf.score(x[-1:], [actual], metric="r"), trf.score(x[-1:], y[-1:], metric="r"), atol=1e-10
    )
    with pytest.raises(BrainalignError, match=r"metric='mse' is no score; 'r2' or 'r' is needed"):
        trf.score(x, y, metric="mse")


def test_float32_agrees_with_float64_and_a_hopeless_matrix_is_solved_in_float64():
    x, y = data(lengths=(200,) * 8, d=12, seed=4)
    x = [np.c_[v, v[:, :2] + 1e-7 * v[:, 2:4]] for v in x]  # nearly duplicate columns
    for alphas in ([1e-8, 1e-3], np.logspace(0, 6, 7)):
        a, b = (RidgeTRF(0, 0.2, 50, alphas, cv=4, dtype=t).fit(x, y) for t in ("float32", "float64"))
        np.testing.assert_allclose(a.cv_scores_, b.cv_scores_, atol=1e-4)
        np.testing.assert_allclose(a.score(x, y), b.score(x, y), atol=1e-4)


def test_order_of_presentations_and_splitting_of_electrodes_change_nothing():
    x, y = data()
    settings_ = {"tmin": 0.0, "tmax": 0.08, "rate": 50.0, "alphas": [1.0, 10.0], "dtype": "float64"}
    folds = [([0, 1, 2], [3, 4, 5]), ([3, 4, 5], [0, 1, 2])]
    whole = RidgeTRF(**settings_, cv=folds).fit(x, y)
    half = RidgeTRF(**settings_, cv=folds).fit(x, [v[:, 2:] for v in y])
    np.testing.assert_allclose(whole.coef_[:, :, 2:], half.coef_, atol=1e-12)
    turned = RidgeTRF(**settings_, cv=folds).fit(x[::-1], y[::-1])
    np.testing.assert_allclose(whole.coef_, turned.coef_, atol=1e-11)


def test_groups_keep_the_presentations_of_a_stimulus_together():
    x, y = data()
    repeated = RidgeTRF(0, 0.04, 50, [1.0, 10.0], cv=3).fit(x + x, y + y, groups=[*range(6)] * 2)
    once = RidgeTRF(0, 0.04, 50, [2.0], cv=3).fit(x + x, y + y)
    assert np.isfinite(repeated.cv_scores_).all()
    np.testing.assert_allclose(RidgeTRF(0, 0.04, 50, 1.0).fit(x, y).coef_, once.coef_, rtol=1e-3)
    with pytest.raises(BrainalignError, match="cv=3, but there are 2 stimuli"):
        RidgeTRF(alphas=[1.0, 2.0], cv=3).fit(x, y, groups=[0, 0, 0, 1, 1, 1])


def test_a_cv_that_splits_a_stimulus_is_refused():
    x, y = data()
    with pytest.raises(
        BrainalignError, match=r"fold 0 has presentations of stimulus '0' in training and in test, which leaks"
    ):
        RidgeTRF(0, 0.04, 50, [1.0, 10.0], cv=[([0, 1], [6, 7])]).fit(x + x, y + y, groups=[*range(6)] * 2)


def test_it_is_a_scikit_learn_estimator():
    trf = RidgeTRF(0.0, 0.1, 50.0, [1.0, 3.0], cv=3)
    assert clone(trf).get_params() == trf.get_params()
    assert clone(trf).set_params(tmax=0.2).tmax == 0.2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: ([], []), "empty list"),
        (lambda x, y: (x, y[:-1]), "6 presentations, responses 5"),
        (lambda x, y: ([x[0][:-1], *x[1:]], y), "presentation 0"),
        (lambda x, y: ([x[0] * np.inf, *x[1:]], y), "infinite"),
        (lambda x, y: ([x[0] * np.nan, *x[1:]], y), "NaN among its features"),
        (lambda x, y: (x, [y[0] * np.inf, *y[1:]]), "infinite"),
        (lambda x, y: (x, [y[0][:, :2], *y[1:]]), "columns of features and 4 of responses"),
        (lambda x, y: (x, [np.c_[v[:, :2], np.full(len(v), np.nan)] for v in y]), "no valid sample"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_sentence(change, message):
    with pytest.raises(BrainalignError, match=message):
        RidgeTRF(0, 0.04, 50, [1.0, 2.0], cv=3).fit(*change(*data()))


@pytest.mark.parametrize("alphas", [[], [0.0], [-1.0], [np.nan]])
def test_alphas_must_be_positive(alphas):
    with pytest.raises(BrainalignError, match="alphas"):
        RidgeTRF(alphas=alphas).fit(*data())


def test_a_grid_in_any_order_chooses_by_value_and_shrinks_most_where_nothing_is_known():
    rng = np.random.default_rng(9)
    x = [rng.normal(size=(40, 3)) for _ in range(6)]
    y = [np.c_[v[:, :1] + rng.normal(size=(40, 1)), np.full(40, 0.3)] for v in x]  # the second never varies
    for grid in ([1.0, 1e5, 10.0], [1e5, 10.0, 1.0], [10.0, 1.0, 1e5]):
        trf = RidgeTRF(tmax=0.04, alphas=grid, cv=3).fit(x, y)
        assert trf.alpha_[1] == 1e5 and np.isnan(trf.cv_scores_[:, 1]).all()
        best = trf.cv_scores_[:, 0].argmax()
        assert trf.alpha_[0] == grid[best]


def test_a_window_in_milliseconds_is_refused_in_one_sentence():
    x = [np.ones((300, 1))]
    with pytest.raises(
        BrainalignError, match=r"reaches over 3,800 frames.*longest presentation has 300 \(30 s\); both are in seconds"
    ):
        RidgeTRF(tmax=380, rate=10.0).fit(x, x)
