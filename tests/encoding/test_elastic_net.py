"""ElasticNetTRF against scikit-learn's ElasticNet and Lasso on the literal lagged matrix."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import ElasticNet, Lasso
from sklearn.model_selection import KFold

from brainalign.encoding import ElasticNetTRF, RidgeTRF
from brainalign.errors import BrainalignError
from brainalign.linalg.lags import lag_matrix

TIGHT = {"tol": 1e-13, "max_iter": 20000}


def data(lengths=(60, 45, 70, 52, 66, 58), d=3, c=4, seed=0):
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(n, d)) + 0.7 for n in lengths]
    kernel = rng.normal(size=(4, d, c)) * (rng.random((4, d, c)) < 0.5)
    y = [lag_matrix(v, np.arange(4)) @ kernel.reshape(-1, c) + 2 * rng.normal(size=(len(v), c)) - 3 for v in x]
    return x, y


def literal(x, y, lags, alpha, ratio, electrode=0):
    big, target = np.vstack([lag_matrix(v, lags) for v in x]), np.vstack(y)[:, electrode]
    keep = np.isfinite(target)
    model = Lasso(alpha, **TIGHT) if ratio == 1 else ElasticNet(alpha, l1_ratio=ratio, **TIGHT)
    return model.fit(big[keep], target[keep])


def assert_same(trf, electrode, model):
    found = trf.coef_[:, :, electrode].ravel()
    np.testing.assert_allclose(found, model.coef_, atol=1e-6)
    np.testing.assert_array_equal(found != 0, model.coef_ != 0)
    assert trf.intercept_[electrode] == pytest.approx(model.intercept_, abs=1e-6)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("masked", [False, True])
def test_equals_scikit_learn_on_ragged_and_masked_presentations(alpha, ratio, masked):
    x, y = data()
    if masked:
        rng = np.random.default_rng(1)
        for v in y:
            v[rng.random(v.shape) < 0.2] = np.nan
        y[2][:, 3] = np.nan
    trf = ElasticNetTRF(-0.02, 0.06, 50.0, alpha, ratio, **TIGHT).fit(x, y)
    zeros = 0
    for e in range(4):
        model = literal(x, y, np.arange(-1, 4), alpha, ratio, e)
        assert_same(trf, e, model)
        zeros += (model.coef_ == 0).sum()
    assert alpha < 0.5 or ratio < 0.5 or 0 < zeros < trf.coef_.size
    assert (trf.n_iter_ > 0).all() and (trf.dual_gap_ < 1e-10).all()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(2, 30), min_size=1, max_size=5),
    st.integers(-5, 4), st.integers(1, 6), st.floats(0.05, 2.0), st.sampled_from([0.2, 0.7]), st.integers(0, 10**6),
)  # fmt: skip
def test_equals_scikit_learn_whatever_the_shapes_and_lags(lengths, first, n_lags, alpha, ratio, seed):
    x, y = data(lengths, c=2, seed=seed)
    lags = np.arange(first, first + n_lags)
    assume(np.abs(lags).max() < max(lengths))  # a window beyond all presentations is refused
    trf = ElasticNetTRF(lags[0] / 50, lags[-1] / 50, 50.0, alpha, ratio, **TIGHT).fit(x, y)
    for e in range(2):
        model = literal(x, y, lags, alpha, ratio, e)
        np.testing.assert_allclose(trf.coef_[:, :, e].ravel(), model.coef_, atol=1e-6)
        assert trf.intercept_[e] == pytest.approx(model.intercept_, abs=1e-5)


@pytest.mark.parametrize("rule", ["local", "shared"])
def test_chooses_what_a_literal_loop_over_scikit_learn_chooses(rule):
    x, y = data(seed=2)
    y = [v + np.random.default_rng(i).normal(size=v.shape) * [0, 1, 4, 16] for i, v in enumerate(y)]
    alphas, ratios, lags = [0.02, 1.0, 0.1, 0.3], [0.3, 1.0], np.arange(5)
    folds = list(KFold(3).split(x))
    trf = ElasticNetTRF(0.0, 0.08, 50.0, alphas, ratios, cv=folds, alpha_rule=rule, **TIGHT).fit(x, y)
    candidates = [(a, r) for a in alphas for r in ratios]
    np.testing.assert_array_equal(trf.candidates_, candidates)
    curve = np.zeros((len(candidates), 4))
    for train, test in folds:
        xs, ys = np.vstack([lag_matrix(x[i], lags) for i in test]), np.vstack([y[i] for i in test])
        mean = np.vstack([y[i] for i in train]).mean(axis=0)
        for k, (alpha, ratio) in enumerate(candidates):
            for e in range(4):
                model = literal([x[i] for i in train], [y[i] for i in train], lags, alpha, ratio, e)
                error = ys[:, e] - model.predict(xs)
                curve[k, e] += (1 - (error**2).sum() / ((ys[:, e] - mean[e]) ** 2).sum()) / 3
    np.testing.assert_allclose(trf.cv_scores_, curve, atol=1e-6)
    best = curve.argmax(axis=0) if rule == "local" else np.full(4, curve.mean(axis=1).argmax())
    assert rule == "shared" or len(set(best)) > 1
    np.testing.assert_array_equal(np.c_[trf.alpha_, trf.l1_ratio_], np.array(candidates)[best])
    for e in range(4):
        assert_same(trf, e, literal(x, y, lags, trf.alpha_[e], trf.l1_ratio_[e], e))


def test_more_lagged_features_than_rows():
    x, y = data(lengths=(12, 9), d=8)
    trf = ElasticNetTRF(0.0, 0.06, 50.0, 0.2, 0.8, **TIGHT).fit(x, y)
    assert trf.coef_[:, :, 0].size > 21
    for e in range(4):
        assert_same(trf, e, literal(x, y, np.arange(4), 0.2, 0.8, e))


def test_constant_and_duplicate_columns():
    x, y = data()
    odd = [np.c_[v, np.full(len(v), 1e3), v[:, :1], np.zeros(len(v))] for v in x]
    trf = ElasticNetTRF(0.0, 0.0, 50.0, 0.1, 0.5, **TIGHT).fit(odd, y)
    assert not trf.coef_[:, [3, 5]].any()
    for e in range(4):
        np.testing.assert_allclose(
            trf.coef_[:, :, e].ravel(), literal(odd, y, np.arange(1), 0.1, 0.5, e).coef_, atol=1e-6
        )
    lasso = ElasticNetTRF(0.0, 0.0, 50.0, 0.1, 1.0, **TIGHT).fit(odd, y)  # only the sum of the twins is determined
    for e in range(4):
        model = literal(odd, y, np.arange(1), 0.1, 1.0, e)
        predicted = np.concatenate([p[:, e] for p in lasso.predict(odd)])
        np.testing.assert_allclose(predicted, model.predict(np.vstack(odd)), atol=1e-6)


def test_a_large_alpha_leaves_the_intercept_alone():
    x, y = data()
    trf = ElasticNetTRF(alphas=1e4, tmax=0.04).fit(x, y)
    assert not trf.coef_.any() and not trf.n_iter_.any()
    np.testing.assert_allclose(trf.intercept_, np.vstack(y).mean(axis=0))


def test_with_hardly_any_l1_penalty_it_is_the_ridge_of_n_alpha():
    x, y = data()
    n, alpha, ratio = sum(map(len, y)), 0.5, 1e-9
    trf = ElasticNetTRF(0.0, 0.06, 50.0, alpha, ratio, **TIGHT).fit(x, y)
    ridge = RidgeTRF(0.0, 0.06, 50.0, n * alpha * (1 - ratio), dtype="float64").fit(x, y)
    np.testing.assert_allclose(trf.coef_, ridge.coef_, atol=1e-7)


def test_what_has_not_converged_is_said_once_with_its_count(caplog):
    x, y = data()
    ElasticNetTRF(0.0, 0.06, 50.0, [0.001, 0.01], cv=3, tol=1e-12, max_iter=1).fit(x, y)
    said = [r.getMessage() for r in caplog.records if "did not converge" in r.getMessage()]
    assert len(said) == 1 and "28 fits" in said[0] and "max_iter=1 " in said[0]


def test_an_electrode_that_misses_a_fold_is_chosen_on_the_others():
    x, y = data()
    for i in (0, 1):
        y[i][:, 0] = np.nan
    trf = ElasticNetTRF(0.0, 0.04, 50.0, [0.01, 0.1], cv=[([2, 3, 4, 5], [0, 1]), ([0, 1, 2, 3], [4, 5])]).fit(x, y)
    assert np.isfinite(trf.cv_scores_).all()


def test_clone_save_and_load(tmp_path):
    x, y = data()
    trf = ElasticNetTRF(0.0, 0.06, 50.0, [0.05, 0.2], [0.5, 1.0], cv=3)
    assert clone(trf).get_params() == trf.get_params()
    trf.fit(x, y).save(tmp_path / "trf.npz")
    again = ElasticNetTRF.load(tmp_path / "trf.npz")
    assert again.l1_ratios == [0.5, 1.0]
    for name in ("coef_", "intercept_", "alpha_", "l1_ratio_", "n_iter_", "dual_gap_", "cv_scores_", "candidates_"):
        np.testing.assert_array_equal(getattr(again, name), getattr(trf, name))
    np.testing.assert_array_equal(again.predict(x)[0], trf.predict(x)[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alphas": [0.0]}, "alphas"),
        ({"alphas": []}, "alphas"),
        ({"alphas": [1.0, np.nan]}, "alphas"),
        ({"l1_ratios": [0.0]}, "RidgeTRF"),
        ({"l1_ratios": [0.5, 1.1]}, "l1_ratios"),
        ({"alpha_rule": "locale"}, "did you mean 'local'"),
        ({"tol": 0.0}, "tol"),
        ({"max_iter": 0}, "max_iter"),
        ({"device": "gpu"}, "device"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(change, message):
    with pytest.raises(BrainalignError, match=message):
        ElasticNetTRF(**change).fit(*data())
