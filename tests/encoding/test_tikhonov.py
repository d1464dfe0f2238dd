"""The smoothness penalty over lags: mTRFpy's with one feature, a dense solve with several, and what it is for."""

import numpy as np
import pytest
from mtrf import TRF

from brainalign.data.splits.split import split_groups
from brainalign.encoding import DecodingTRF, RidgeTRF
from brainalign.encoding.banded_nested import fit_banded
from brainalign.encoding.design import Design
from brainalign.encoding.nested import Search, fit_outer
from brainalign.encoding.plan import plan_fit
from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.lags import convolve, lag_matrix

FS, TMAX, LAGS = 64, 0.125, np.arange(9)
SMOOTH = Search(penalty="tikhonov")


def data(d, lengths=(120, 90, 100, 110, 95, 105), c=2, seed=0):
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(n, d)) * (1 + np.arange(d)) + 2 for n in lengths]
    kernel = rng.normal(size=(len(LAGS), d, c))
    return x, [convolve(v, kernel, LAGS) + rng.normal(size=(len(v), c)) + 5 for v in x]


def smooth(alpha=30.0, **changes):
    return RidgeTRF(**{"tmax": TMAX, "rate": FS, "alphas": alpha, "cv": 3, "penalty": "tikhonov", **changes})


def dense(x, y, alpha, ratios=None):
    """(lags, d, c) weights and (c,) intercepts by NumPy: the penalty matrix written out."""
    d, m = x[0].shape[1], len(LAGS)
    big, target = np.vstack([lag_matrix(v, LAGS) for v in x]), np.vstack(y)
    keep = np.isfinite(target).all(axis=1)
    big, target = big[keep], target[keep]
    change = np.diff(np.eye(m), axis=0)
    penalty = alpha / 2 * np.kron(change.T @ change, np.diag(np.ones(d) if ratios is None else ratios))
    centred = big - big.mean(0)
    w = np.linalg.solve(centred.T @ centred + penalty, centred.T @ (target - target.mean(0)))
    return w.reshape(m, d, -1), target.mean(0) - big.mean(0) @ w


def test_with_one_feature_it_is_mtrfpys_forward_and_backward():
    x, y = data(1, lengths=(300,), c=1)
    for direction, trf, sides in (
        (1, smooth(), (x, y)),
        (-1, DecodingTRF(0.0, TMAX, FS, 30.0, penalty="tikhonov"), (y, x)),
    ):
        peer = TRF(direction=direction, method="tikhonov")
        peer.train(x[0], y[0], FS, 0.0, TMAX, regularization=30.0 / FS)
        trf.fit(*sides)
        np.testing.assert_allclose(
            trf.coef_.ravel() * FS, peer.weights.ravel(), rtol=0, atol=1e-8 * np.abs(peer.weights).max()
        )
        assert np.ptp(trf.coef_) > 1e-3


@pytest.mark.parametrize("d", [1, 3, 40])  # the last has several tiles, and its neighbours at a lag lie in two of them
def test_with_several_features_it_is_a_dense_solve(d):
    x, y = data(d)
    y[1][30:50] = np.nan
    w, b = dense(x, y, 30.0)
    trf = smooth().fit(x, y)
    np.testing.assert_allclose(trf.coef_, w, rtol=0, atol=1e-9)
    np.testing.assert_allclose(trf.intercept_, b, rtol=0, atol=1e-8)


def test_neither_order_nor_rotation_of_the_features_changes_a_prediction():
    x, y = data(3)
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    plain = np.vstack(smooth().fit(x, y).predict(x))
    for change in (np.eye(3)[[2, 0, 1]], turn):
        turned = [v @ change for v in x]
        np.testing.assert_allclose(np.vstack(smooth().fit(turned, y).predict(turned)), plain, atol=1e-9)


def nested(x, y):
    names = [f"s{i}" for i in range(len(x))]
    return Design(names, y, split_groups(names, [len(v) for v in y], 3, 0, "stimulus")), dict(
        zip(names, x, strict=True)
    )


def test_nested_fits_choose_by_it_and_bands_keep_their_ratios():
    x, y = data(3)
    design, frames = nested(x, y)
    alphas, ratios = [1.0, 300.0], [0.01, 100.0]
    found = fit_outer(design, frames, LAGS, alphas, search=SMOOTH, keep_weights=True)
    narrow, wide = ({k: v[:, part] for k, v in frames.items()} for part in (slice(0, 1), slice(1, 3)))
    banded = fit_banded(design, [((narrow, wide), range(3))], 2, ratios, LAGS, alphas, search=SMOOTH, keep_weights=True)
    for scores, ratio in ((found, np.ones((3, 2))), (banded.scores, banded.ratio[1])):
        for f, fold in enumerate(design.split.folds):
            train = [i for i in range(len(x)) if design.split.segments[i][0] not in fold.test]
            rows = np.vstack([x[i] for i in train])
            scaled = [(x[i] - rows.mean(0)) / rows.std(0) for i in train]
            for e in range(2):
                w, _ = dense(scaled, [y[i][:, [e]] for i in train], scores.alpha[f, e], [1, *[ratio[f, e]] * 2])
                np.testing.assert_allclose(scores.weights[f][:, :, e] * design.unit[e], w[:, :, 0], atol=1e-5)


def test_all_components_are_the_features_themselves():
    x, y = data(4)
    design, frames = nested(x, y)
    whole, some = (fit_outer(design, frames, LAGS, [10.0], search=SMOOTH, components=q).r2 for q in (None, 0.9999999))
    np.testing.assert_allclose(whole, some, atol=1e-9)


def test_a_smooth_response_is_found_better_than_by_ridge_in_much_noise():
    """Simulated: r of the response with its noise about .25, six data sets; both choose their alpha by cross-validation."""
    lags, grid = np.arange(32), np.logspace(-1, 7, 9)
    kernel = np.exp(-0.5 * ((lags - 12) / 4) ** 2) - 0.7 * np.exp(-0.5 * ((lags - 20) / 4) ** 2)
    worse = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        x = [rng.normal(size=(400, 1)) for _ in range(4)]
        y = [convolve(v, kernel[:, None, None], lags) for v in x]
        y = [v + 4 * v.std() * rng.normal(size=v.shape) for v in y]
        error = [
            np.linalg.norm(smooth(grid, tmax=31 / FS, cv=4, penalty=p).fit(x, y).coef_.ravel() - kernel)
            for p in ("tikhonov", "ridge")
        ]
        worse.append(error[1] / error[0])
    assert np.min(worse) > 1 and np.median(worse) > 1.5


def test_a_feature_that_does_not_vary_has_no_weight():
    x, y = data(3)
    silent = [np.column_stack([v, np.zeros(len(v))]) for v in x]
    np.testing.assert_allclose(
        smooth().fit(silent, y).coef_, np.pad(dense(x, y, 30.0)[0], ((0, 0), (0, 1), (0, 0))), atol=1e-9
    )
    design, frames = nested([np.column_stack([v, np.full(len(v), 1e3)]) for v in x], y)
    found = fit_outer(design, frames, LAGS, [30.0], search=SMOOTH, keep_weights=True)
    np.testing.assert_allclose(found.r2, fit_outer(*nested(x, y), LAGS, [30.0], search=SMOOTH).r2, atol=1e-9)
    assert np.abs(np.stack(found.weights)[:, :, 3]).max() < 1e-9


@pytest.mark.parametrize(
    ("given", "changes", "said"),
    [
        (slice(0, 3), {"tmax": 0.0}, "one lag"), (slice(0, 3), {"solver": "dual"}, "solver=dual"),
        (slice(0, 3), {"penalty": "lasso"}, "'lasso'"),
        ([0, 1, 2, 0], {}, "does not determine"), (slice(0, 3), {"alphas": 1e25}, "does not determine"),
    ],
)  # fmt: skip
def test_refuses_what_is_not_determined(given, changes, said):
    x, y = data(3)
    with pytest.raises(BrainalignError, match=said):
        smooth(**changes).fit([v[:, given] for v in x], y)


def test_more_features_than_rows_are_refused_and_the_plan_is_of_a_factor_for_each_alpha():
    x, y = data(120, lengths=(30, 30, 30))
    with pytest.raises(BrainalignError, match="depend on the others"):
        smooth().fit(x, y)
    design, _ = nested(x, y)
    plan = plan_fit(design, 120, len(LAGS), 25, Arithmetic(), SMOOTH)
    assert not plan.method.dual and not plan.method.eigh and plan.method.size == 120 * len(LAGS)
    assert plan.memory > 8 * plan.features**2
