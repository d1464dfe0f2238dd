"""BandedRidgeTRF against scikit-learn on scaled features, himalaya's multiple kernels' closed form, and RidgeTRF."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold

from brainalign.encoding import BandedRidgeTRF, RidgeTRF
from brainalign.errors import BrainalignError
from brainalign.linalg.lags import lag_matrix

LAGS = np.arange(3)
WINDOW = {"tmin": 0.0, "tmax": 0.04, "rate": 50.0, "dtype": "float64"}


def data(seed=0, n=9, c=4):
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(int(rng.integers(20, 40)), 5)) for _ in range(n)]
    kernel = rng.normal(size=(3, 5, c))
    kernel[:, 2:] *= 0.1  # the second band matters less
    y = [lag_matrix(v, LAGS) @ kernel.reshape(-1, c) + 2 * rng.normal(size=(len(v), c)) + 1 for v in x]
    return x, y


def test_equals_scikit_learns_ridge_on_scaled_features_for_every_combination():
    x, y = data()
    grid, folds = [0.5, 20.0, 800.0], list(KFold(3).split(x))
    trf = BandedRidgeTRF(bands=[2, 3], alphas=grid, cv=folds, **WINDOW).fit(x, y)
    assert trf.candidates_.tolist() == [[a, b] for a in grid for b in grid]

    def lagged(a, b, which):
        return np.vstack([lag_matrix(x[i] / np.sqrt([a, a, b, b, b]), LAGS) for i in which])

    for row, (a, b) in enumerate(trf.candidates_):
        curve = 0
        for train, test in folds:
            target, actual = np.vstack([y[i] for i in train]), np.vstack([y[i] for i in test])
            error = actual - Ridge(1.0).fit(lagged(a, b, train), target).predict(lagged(a, b, test))
            curve += (1 - (error**2).sum(0) / ((actual - target.mean(0)) ** 2).sum(0)) / 3
        np.testing.assert_allclose(trf.cv_scores_[row], curve, atol=1e-10)
    best = trf.cv_scores_.argmax(axis=0)
    np.testing.assert_array_equal(trf.alpha_, trf.candidates_[best].T)
    for e in range(4):
        a, b = trf.alpha_[:, e]
        ridge = Ridge(1.0).fit(lagged(a, b, range(9)), np.vstack(y)[:, e])
        coef = ridge.coef_.reshape(3, 5) / np.sqrt([a, a, b, b, b])
        np.testing.assert_allclose(trf.coef_[:, :, e], coef, atol=1e-10)
        assert trf.intercept_[e] == pytest.approx(ridge.intercept_, abs=1e-10)


def test_one_band_or_equal_alphas_are_the_plain_ridge():
    x, y = data(1)
    one = BandedRidgeTRF(bands=[5], alphas=[1.0, 30.0], cv=3, **WINDOW).fit(x, y)
    plain = RidgeTRF(alphas=[1.0, 30.0], cv=3, **WINDOW).fit(x, y)
    np.testing.assert_allclose(one.cv_scores_, plain.cv_scores_, atol=1e-12)
    np.testing.assert_allclose(one.coef_, plain.coef_, atol=1e-12)
    two = BandedRidgeTRF(bands=[2, 3], alphas=30.0, **WINDOW).fit(x, y)
    np.testing.assert_allclose(two.coef_, RidgeTRF(alphas=30.0, **WINDOW).fit(x, y).coef_, atol=1e-12)


@pytest.mark.parametrize("solver", ["cholesky", "eigh", "dual"])
def test_solvers_agree_on_bands_and_masks(solver):
    x, y = data(2)
    y = [v.copy() for v in y]
    y[1][3:9, 2] = np.nan
    a = BandedRidgeTRF(bands=[2, 3], alphas=[1.0, 50.0], cv=3, solver=solver, **WINDOW).fit(x, y)
    b = BandedRidgeTRF(bands=[2, 3], alphas=[1.0, 50.0], cv=3, **WINDOW).fit(x, y)
    np.testing.assert_allclose(a.cv_scores_, b.cv_scores_, atol=1e-9)
    np.testing.assert_allclose(a.coef_, b.coef_, atol=1e-9)


@pytest.mark.parametrize("intercept_alpha", [0.0, 40.0])
def test_elimination_finds_what_a_path_for_each_ratio_finds(intercept_alpha):
    ways = []

    class Watched(BandedRidgeTRF):
        def _eliminates(self, *args):
            ways.append(super()._eliminates(*args))
            return ways[-1]

    class Paths(BandedRidgeTRF):
        def _eliminates(self, *args):
            return False

    rng = np.random.default_rng(5)
    x = [rng.normal(size=(100, 60)) + 1 for _ in range(6)]
    y = [v @ rng.normal(size=(60, 3)) * [0.1, 1, 3] + 9 * rng.normal(size=(100, 3)) for v in x]
    y[1][3:9, 2] = np.nan
    given = {
        "bands": [25, 35],
        "alphas": [5.0, 80.0, 900.0, 2e4],
        "cv": 3,
        "intercept_alpha": intercept_alpha,
        **WINDOW,
    }
    found, other = Watched(**given).fit(x, y), Paths(**given).fit(x, y)
    assert any(ways)
    np.testing.assert_allclose(found.cv_scores_, other.cv_scores_, atol=1e-10)
    np.testing.assert_array_equal(found.alpha_, other.alpha_)
    np.testing.assert_allclose(found.coef_, other.coef_, atol=1e-10)
    np.testing.assert_allclose(found.intercept_, other.intercept_, atol=1e-9)


def test_a_planted_band_is_told_from_an_unrelated_one():
    rng = np.random.default_rng(3)
    x = [rng.normal(size=(60, 40)) for _ in range(8)]
    kernel = rng.normal(size=(2, 10))
    y = [v[:, :2] @ kernel + 2 * rng.normal(size=(60, 10)) for v in x]
    window = WINDOW | {"tmax": 0.0}
    banded = BandedRidgeTRF(bands=[2, 38], alphas=[0.1, 10.0, 1e5], cv=4, **window).fit(x[:6], y[:6])
    plain = RidgeTRF(alphas=[0.1, 10.0, 1e5], cv=4, **window).fit(x[:6], y[:6])
    assert (banded.alpha_[0] < banded.alpha_[1]).all() and (banded.alpha_[1] == 1e5).mean() > 0.8
    assert (banded.score(x[6:], y[6:]) > plain.score(x[6:], y[6:])).mean() > 0.8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bands": [2, 2]}, r"bands=\[2, 2\] must be counts of features that add up to 5"),
        ({"bands": [6, -1]}, "must be counts"),
        ({"bands": [1] * 5, "alphas": np.logspace(0, 6, 7)}, "7 alphas for 5 bands are 16,807 combinations.* 4 alphas"),
        ({"alphas": [0.0]}, "above 0"),
        ({"alpha_rule": "locl"}, "did you mean 'local'"),
    ],
)
def test_what_cannot_be_searched_is_refused(change, message):
    with pytest.raises(BrainalignError, match=message):
        BandedRidgeTRF(**({"bands": [2, 3], "cv": 3, **WINDOW} | change)).fit(*data())
