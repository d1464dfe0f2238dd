"""What all TRF estimators are to a scikit-learn user, and peers on shared problems."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from brainalign.encoding import BandedRidgeTRF, DecodingTRF, RidgeTRF
from brainalign.errors import BrainalignError
from brainalign.linalg.lags import lag_matrix

INSTANT = {"tmin": 0.0, "tmax": 0.0}


def data(n=8, d=3, c=4, seed=0):
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(int(rng.integers(25, 40)), d)) for _ in range(n)]
    kernel = rng.normal(size=(3 * d, c))
    return x, [lag_matrix(v, np.arange(3)) @ kernel + 3 * rng.normal(size=(len(v), c)) + 5 for v in x]


NAMES = "the arguments are called features and responses"


# without lags, for which the order of rows matters
@parametrize_with_checks(
    [RidgeTRF(**INSTANT), DecodingTRF(**INSTANT)],
    expected_failed_checks=lambda _: {"check_fit_score_takes_y": NAMES, "check_n_features_in_after_fitting": NAMES},
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_a_plain_pair_of_arrays_is_one_presentation():
    x, y = data()
    settings = {"tmin": 0.0, "tmax": 0.04, "alphas": 3.0}
    lists, plain = RidgeTRF(**settings).fit(x[:1], y[:1]), RidgeTRF(**settings).fit(x[0], y[0])
    np.testing.assert_array_equal(lists.coef_, plain.coef_)
    np.testing.assert_array_equal(plain.predict(x[1]), lists.predict([x[1]])[0])
    flat = RidgeTRF(**settings).fit(x[0], y[0][:, 1])
    assert flat.predict(x[1]).shape == (len(x[1]),)
    assert flat.score(x[1], y[1][:, 1]) == pytest.approx(plain.score(x[1], y[1])[1], abs=1e-6)
    with pytest.raises(BrainalignError, match="cv=5, but there are 1 stimuli"):
        RidgeTRF(alphas=[1.0, 2.0]).fit(x[0], y[0])


@pytest.mark.parametrize(
    "trf", [RidgeTRF(tmax=0.04, alphas=[1.0, 9.0], cv=4), BandedRidgeTRF([1, 2], tmax=0.04, alphas=[1.0, 9.0])]
)
def test_to_disk_and_back(trf, tmp_path):
    x, y = data()
    trf.fit(x, y).save(tmp_path / "trf.npz")
    again = type(trf).load(tmp_path / "trf.npz")
    assert again.get_params() == trf.get_params() | ({"bands": [1, 2]} if "bands" in trf.get_params() else {})
    for a, b in zip(again.predict(x), trf.predict(x), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(again.alpha_, trf.alpha_)
    other = BandedRidgeTRF if isinstance(trf, RidgeTRF) else RidgeTRF
    with pytest.raises(BrainalignError, match=f"holds a {type(trf).__name__}"):
        other.load(tmp_path / "trf.npz")
    (tmp_path / "trf.npz").write_bytes(b"PK nothing")
    with pytest.raises(BrainalignError, match="no saved TRF"):
        RidgeTRF.load(tmp_path / "trf.npz")


def test_a_shared_alpha_is_the_best_on_average():
    x, y = data()
    grid = np.logspace(-1, 4, 11)
    local = RidgeTRF(tmax=0.04, alphas=grid, cv=4).fit(x, y)
    shared = RidgeTRF(tmax=0.04, alphas=grid, cv=4, alpha_rule="shared").fit(x, y)
    assert set(shared.alpha_) == {grid[local.cv_scores_.mean(axis=1).argmax()]}
    assert len(set(local.alpha_)) > 1


def test_choices_on_the_edge_of_the_grid_are_counted(caplog):
    x, y = data()
    RidgeTRF(tmax=0.04, alphas=[1e4, 1e8], cv=4).fit(x, y)
    assert "alpha: 4 of 4 electrodes chose the smallest alpha (10000) and 0 the largest" in caplog.text
    caplog.clear()
    RidgeTRF(tmax=0.04, alphas=np.logspace(-3, 7, 11), cv=4).fit(x, y)
    assert not caplog.text


@pytest.mark.parametrize("solver", ["cholesky", "eigh", "dual"])
def test_an_electrode_that_misses_a_fold_is_judged_by_the_others(solver):
    x, y = data(n=4)
    y[0] = y[0].copy()
    y[0][:, 0] = np.nan
    settings = {"tmax": 0.04, "alphas": [1.0, 50.0], "solver": solver, "dtype": "float64"}
    found = RidgeTRF(cv=[([1, 2, 3], [0]), ([0, 1, 2], [3])], **settings).fit(x, y)
    alone = RidgeTRF(cv=[([0, 1], [2])], **settings).fit(x[1:], [v[:, :1] for v in y[1:]])
    np.testing.assert_allclose(found.cv_scores_[:, 0], alone.cv_scores_[:, 0], atol=1e-10)
    assert np.isfinite(found.cv_scores_).all()


def test_scaling_a_feature_with_its_penalty_changes_no_prediction():
    x, y = data()
    plain = BandedRidgeTRF([1, 2], tmax=0.04, alphas=4.0, dtype="float64").fit(x, y)
    scaled = [v * np.array([1.0, 3.0, 3.0]) for v in x]
    found = BandedRidgeTRF([1, 2], tmax=0.04, alphas=[4.0, 36.0], cv=4, dtype="float64").fit(scaled, y)
    row = int(np.flatnonzero((found.candidates_ == [4.0, 36.0]).all(axis=1))[0])
    whole = BandedRidgeTRF([1, 2], tmax=0.04, alphas=[4.0], cv=4, dtype="float64").fit(x, y)
    assert np.isfinite(found.cv_scores_[row]).all()
    curve = RidgeTRF(tmax=0.04, alphas=[4.0, 5.0], cv=4, dtype="float64").fit(x, y).cv_scores_[0]
    np.testing.assert_allclose(found.cv_scores_[row], curve, atol=1e-10)
    np.testing.assert_allclose(plain.coef_, whole.coef_, atol=1e-12)


def test_himalaya_chooses_the_same_alphas_from_the_same_scores():
    ridge = pytest.importorskip("himalaya.ridge")
    from himalaya.scoring import r2_score

    x, y = data(n=10, c=12)
    grid, lags = np.logspace(-1, 4, 8), np.arange(3)
    starts = np.cumsum([0, *map(len, x)])
    rows = [np.arange(a, b) for a, b in pairwise(starts)]
    pairs = [(np.setdiff1d(range(10), [f, f + 5]), [f, f + 5]) for f in range(5)]
    folds = [(np.concatenate([rows[i] for i in a]), np.concatenate([rows[i] for i in b])) for a, b in pairs]
    lagged = np.vstack([lag_matrix(v, lags) for v in x])
    peer = ridge.RidgeCV(alphas=grid, cv=folds, fit_intercept=True, solver_params={"score_func": r2_score})
    peer.fit(lagged, np.vstack(y))
    trf = RidgeTRF(0.0, 0.04, 50.0, grid, cv=pairs).fit(x, y)
    np.testing.assert_allclose(trf.alpha_, peer.best_alphas_)
    np.testing.assert_allclose(np.vstack(trf.predict(x)), peer.predict(lagged), atol=1e-4)


def test_mtrfpy_gives_the_same_weights_where_it_solves_the_same_problem():
    mtrf = pytest.importorskip("mtrf.model")
    x, y = data(n=1)
    peer = mtrf.TRF(direction=1)
    peer.train(x[0], y[0], 50, 0.0, 0.04, regularization=0.5)
    # mTRFpy scales lambda and weights by the rate, and leaves the constant column unpenalised
    trf = RidgeTRF(0.0, 0.04, 50.0, 0.5 * 50, dtype="float64").fit(x[0], y[0])
    np.testing.assert_allclose(trf.coef_.transpose(1, 0, 2) * 50, peer.weights, rtol=1e-6, atol=1e-8)
