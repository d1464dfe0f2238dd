"""Coordinate descent on the Gram matrix against its optimality conditions and scikit-learn's own."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import enet_path

from brainalign.linalg import elastic_net as module
from brainalign.linalg.elastic_net import elastic_net


def problem(n, p, c, seed, smooth=0.0, nonzero=0.3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    for j in range(1, p):  # collinear neighbours, as lagged features have
        x[:, j] = smooth * x[:, j - 1] + np.sqrt(1 - smooth**2) * x[:, j]
    y = x @ (rng.normal(size=(p, c)) * (rng.random((p, c)) < nonzero)) + rng.normal(size=(n, c))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return x, y, [torch.from_numpy(v) for v in (x.T @ x, x.T @ y, (y**2).sum(axis=0))]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 60), st.integers(1, 90), st.integers(1, 5), st.floats(0.02, 3.0), st.floats(0.05, 1.0),
    st.sampled_from([0.0, 0.9]), st.integers(0, 10**6),
)  # fmt: skip
def test_the_conditions_of_the_optimum_hold(n, p, c, alpha, ratio, smooth, seed):
    x, y, given_ = problem(n, p, c, seed, smooth)
    fit = elastic_net(*given_, n, alpha, ratio, tol=1e-13, max_iter=20000)
    assert fit.converged.all()
    w = fit.coef.numpy()
    slope = x.T @ (y - x @ w) / n - alpha * (1 - ratio) * w  # in alpha ratio times the subdifferential of |w|_1
    room = 1e-5 * np.sqrt((y**2).mean(axis=0)) * np.ones_like(w)
    assert (np.abs(slope) <= alpha * ratio + room).all()
    assert (np.abs(slope - alpha * ratio * np.sign(w))[w != 0] <= room[w != 0]).all()


@pytest.mark.parametrize("smooth", [0.0, 0.95])
@pytest.mark.parametrize("ratio", [0.2, 1.0])
def test_path_equals_scikit_learns_and_a_warm_start_the_cold_one(smooth, ratio):
    x, y, given_ = problem(300, 80, 6, 0, smooth)
    alphas = np.array([1.0, 0.3, 0.1, 0.03])
    theirs = enet_path(x, y[:, 0], l1_ratio=ratio, alphas=alphas, tol=1e-13, max_iter=50000)[1]
    start = None
    for k, alpha in enumerate(alphas):
        warm = elastic_net(*given_, 300, alpha, ratio, start, tol=1e-13, max_iter=5000)
        cold = elastic_net(*given_, 300, alpha, ratio, tol=1e-13, max_iter=5000)
        start = warm.coef
        np.testing.assert_allclose(warm.coef.numpy(), cold.coef.numpy(), atol=1e-6)
        np.testing.assert_array_equal(warm.coef.numpy() != 0, cold.coef.numpy() != 0)
        np.testing.assert_allclose(warm.coef[:, 0].numpy(), theirs[:, k], atol=1e-6)
        np.testing.assert_array_equal(warm.coef[:, 0].numpy() != 0, theirs[:, k] != 0)
    assert 0 < np.count_nonzero(theirs[:, 0]) < 80


def test_the_gap_is_scikit_learns_and_bounds_the_distance_to_the_minimum():
    x, y, given_ = problem(200, 40, 3, 1, 0.9)

    def objective(w):
        penalty = 0.05 * (0.5 * np.abs(w).sum(axis=0) + 0.25 * (w**2).sum(axis=0))
        return ((y - x @ w) ** 2).sum(axis=0) / 400 + penalty

    best = elastic_net(*given_, 200, 0.05, 0.5, tol=1e-14, max_iter=10000)
    for tol in (1e-1, 1e-3, 1e-5):
        rough = elastic_net(*given_, 200, 0.05, 0.5, tol=tol)
        excess = objective(rough.coef.numpy()) - objective(best.coef.numpy())
        assert (excess <= rough.gap.numpy() + 1e-12).all() and (excess > 0).any()
        assert (rough.gap * 200 <= tol * given_[2]).all()
    first = elastic_net(*given_, 200, 0.05, 0.5, tol=1e-14, max_iter=1)
    gap = enet_path(x, y[:, 0], l1_ratio=0.5, alphas=[0.05], coef_init=first.coef[:, 0].numpy(), tol=1e3)[2]
    assert not first.converged.any() and (first.iterations == 1).all()
    assert float(first.gap[0]) == pytest.approx(gap[0], rel=1e-9)


def test_a_leap_never_raises_the_objective_and_saves_sweeps(monkeypatch):
    _, _, (gram, cross, yy) = problem(400, 120, 8, 2, 0.97)
    whole, fell = module._Problem(gram, cross, yy, l1=2.0, l2=2.0), 0
    for seed in range(20):  # from anywhere: sweeps that converge, and moves that make no sense
        w = torch.from_numpy(np.random.default_rng(seed).normal(size=(120, 8)))
        past = []
        for _ in range(6):
            residual = cross - gram @ w
            past.append((w, residual))
            w = w.clone()
            if seed % 2:
                whole.sweep(w, residual.clone())
            else:
                w += 0.1 * torch.from_numpy(np.random.default_rng(seed).normal(size=w.shape))
        found, residual = whole.leap(past)
        before, after = _value(whole, past[-1][0]), _value(whole, found)
        assert (after <= before + 1e-9 * before.abs()).all()
        np.testing.assert_allclose(residual.numpy(), (cross - gram @ found).numpy(), atol=1e-7)
        nearby = [_value(whole, past[-1][0] + t * (found - past[-1][0])) for t in (0.999, 1.001)]
        assert (after <= torch.minimum(*nearby) + 1e-9 * before.abs()).all()  # the minimum along the way
        fell += int((after < before - 1e-6 * before.abs()).sum())
    assert fell > 80
    quick = elastic_net(gram, cross, yy, 400, 0.01, 0.5, tol=1e-10)
    monkeypatch.setattr(module, "MEMORY", 10**9)
    slow = elastic_net(gram, cross, yy, 400, 0.01, 0.5, tol=1e-10, max_iter=10000)
    np.testing.assert_allclose(quick.coef.numpy(), slow.coef.numpy(), atol=1e-4)
    assert slow.iterations.sum() > 1.5 * quick.iterations.sum()


def _value(whole, w):
    smooth = (w * (whole.gram @ w)).sum(0) / 2 - (w * whole.cross).sum(0)
    return smooth + whole.l1 * w.abs().sum(0) + whole.l2 * w.square().sum(0) / 2


@pytest.mark.parametrize("ratio", [0.5, 1.0])
def test_zero_and_duplicate_columns(ratio):
    x, _, _ = problem(100, 30, 2, 3)
    x = np.c_[x, np.zeros(100), x[:, :5], x[:, :5]]
    rng = np.random.default_rng(0)
    y = x @ rng.normal(size=(41, 2)) + rng.normal(size=(100, 2))
    y -= y.mean(axis=0)
    fit = elastic_net(
        *(torch.from_numpy(v) for v in (x.T @ x, x.T @ y, (y**2).sum(axis=0))), 100, 0.05, ratio, tol=1e-13
    )
    assert fit.converged.all() and not fit.coef[30].any()
    for e in range(2):
        theirs = enet_path(x, y[:, e], l1_ratio=ratio, alphas=[0.05], tol=1e-13, max_iter=50000)[1][:, 0]
        np.testing.assert_allclose(x @ fit.coef[:, e].numpy(), x @ theirs, atol=1e-5)


def test_a_response_that_does_not_vary_has_no_weights():
    _, _, (gram, cross, yy) = problem(50, 10, 2, 4)
    cross[:, 1], yy[1] = 0.0, 0.0
    fit = elastic_net(gram, cross, yy, 50, 0.01, 0.5)
    assert not fit.coef[:, 1].any() and fit.converged.all() and fit.coef[:, 0].any()


@pytest.mark.parametrize("alone", [0, 10**6])
def test_compiled_loops_and_those_of_a_gpu_find_the_same_weights(alone, monkeypatch):
    from brainalign.linalg import coordinate_descent

    monkeypatch.setattr(coordinate_descent, "ALONE", alone)  # all by matrix products, or each on a matrix of its own
    monkeypatch.setattr(coordinate_descent, "TILE", 32)
    _, _, (gram, cross, yy) = problem(400, 120, 8, 5, 0.9)
    gram[7], gram[:, 7], cross[7] = 0.0, 0.0, 0.0  # a constant column
    whole = module._Problem(gram, cross, yy, 400 * 0.02 * 0.5, 400 * 0.02 * 0.5)
    bound, budget = 1e-13 * yy, torch.full((8,), 20000)
    theirs, _ = module._descend(whole.coordinates(gram.diagonal() > 0), torch.zeros(119, 8).double(), bound, budget)
    fit = elastic_net(gram, cross, yy, 400, 0.02, 0.5, tol=1e-13, max_iter=20000)
    assert fit.converged.all() and not fit.coef[7].any() and len(set(fit.iterations.tolist())) > 1
    np.testing.assert_allclose(np.delete(fit.coef.numpy(), 7, axis=0), theirs.numpy(), atol=1e-6)
    again = [
        elastic_net(gram, cross[:, e : e + 1], yy[e : e + 1], 400, 0.02, 0.5, tol=1e-13, max_iter=20000) for e in (0, 5)
    ]
    for e, one in zip((0, 5), again, strict=True):
        np.testing.assert_allclose(one.coef[:, 0].numpy(), fit.coef[:, e].numpy(), atol=1e-7)
