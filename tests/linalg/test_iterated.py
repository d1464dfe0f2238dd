"""Conjugate gradients without a matrix, against the matrix and its factors."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from brainalign.data.splits.split import split_groups
from brainalign.encoding import BandedRidgeTRF, RidgeTRF, inner
from brainalign.encoding.design import Design, SegmentMoments
from brainalign.encoding.inner import Search, choose, inner_curves
from brainalign.errors import BrainalignError
from brainalign.linalg import convolution, iterated
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.bands import Bands, banded_scores, solve_banded
from brainalign.linalg.conjugate_gradients import largest_eigenvalue, shifted_solutions
from brainalign.linalg.convolution import by_transform, lag_products
from brainalign.linalg.held_out import HeldOut
from brainalign.linalg.lagged_gram import LaggedGram
from brainalign.linalg.moments import moments, total
from brainalign.linalg.ridge import Problem
from brainalign.linalg.stack import Segment

ALPHAS = [1e-2, 1.0, 100.0, 1e4, 1e5]
BANDS = Bands((4, 3, 5), np.array([(1.0, *r) for r in product([0.1, 1.0, 10.0], repeat=2)]))


@pytest.fixture(scope="module")
def world():
    """More unknowns than rows, smooth features, and more noise than signal: what small alphas drown in."""
    rng, lags = np.random.default_rng(0), np.arange(-2, 18)
    kernel = rng.normal(size=(12, 8)) * np.repeat([1.0, 0.3, 0.1], BANDS.widths)[:, None]

    def rows(n=40):
        x = np.cumsum(rng.normal(size=(n, 12)), axis=0) * 0.3 + 1
        y = x @ kernel + 6 * rng.normal(size=(n, 8))
        weight = rng.integers(0, 3, n).astype(float)  # repeats and gaps
        return Segment(x, weight, y * weight[:, None], (weight[:, None] * y**2).sum(axis=0))

    train, *tests = (total(moments([rows() for _ in range(k)], lags) for _ in range(2)) for k in (3, 1, 1))
    return Problem(train, *train.scale(), intercept_alpha=0.7), [HeldOut(t) for t in tests]


def solutions(problem, combinations, alphas, arithmetic):
    found = []
    solve_banded(problem, BANDS, combinations, alphas, lambda mine, s: found.append((mine, s)), arithmetic)
    coef, intercept = torch.empty(20, 13, 8).double(), torch.empty(8).double()
    for mine, solution in found:
        coef[:, : solution.coef.shape[1], mine], intercept[mine] = solution.coef, solution.intercept
    return coef[:, : found[0][1].coef.shape[1]], intercept


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_the_product_is_that_of_the_matrix(world, dtype, tolerance):
    problem, _ = world
    basis = torch.linalg.qr(torch.randn(12, 5, generator=torch.Generator().manual_seed(0)).double())[0]
    for system in (problem.primal(), replace(problem, basis=basis).primal()):
        upper, _ = system.upper(torch.float64)
        whole, w = torch.triu(upper) + torch.triu(upper, 1).T, system.rhs()
        expected = whole @ w
        found = LaggedGram(system, dtype) @ w.to(dtype)
        assert found.dtype == dtype and float((found - expected).abs().max() / expected.abs().max()) < tolerance
        top = float(torch.linalg.eigvalsh(whole)[-1])
        assert top <= LaggedGram(system, dtype).largest < 2 * top


def test_all_shifts_are_solved_by_the_products_of_the_smallest():
    rng = np.random.default_rng(1)
    root = torch.from_numpy(rng.normal(size=(60, 40)) * np.logspace(0, -2, 40))
    s, y = root.T @ root, torch.from_numpy(rng.normal(size=(40, 3)))
    y[:, 1] = 0.0  # a response without anything to explain
    products = []

    def multiply(w):
        products.append(w)
        return s @ w

    alphas = [1.0, 1e-3, 30.0]
    found = {n: x for n, x, _ in shifted_solutions(multiply, y, alphas, 1e-11, 200)}
    assert list(found) == [2, 0, 1] and len(products) < 200  # all three in one run
    for n, x in found.items():
        exact = torch.linalg.solve(s + alphas[n] * torch.eye(40).double(), y)
        torch.testing.assert_close(x, exact, rtol=0, atol=1e-8 * float(exact.abs().max()))
    assert not list(shifted_solutions(lambda w: s @ w, y, [1e-9], 1e-11, 3))
    assert largest_eigenvalue(lambda w: s @ w, y) >= float(torch.linalg.eigvalsh(s)[-1])


def test_scores_are_those_of_factors_and_what_is_not_waited_for_is_never_chosen(world):
    problem, tests = world
    factors = 1 / np.stack([BANDS.scale(i) for i in range(len(BANDS.ratios))])
    exact = banded_scores(problem, BANDS, tests, ALPHAS, Arithmetic(solver="cholesky"))
    found = iterated.iterated_scores(problem, factors, tests, ALPHAS)
    np.testing.assert_array_equal(found.argmax(axis=1), exact.argmax(axis=1))
    best = exact.argmax(axis=1)[:, None]
    np.testing.assert_allclose(*(np.take_along_axis(v, best, axis=1) for v in (found, exact)), rtol=0, atol=1e-4)
    waited = np.abs(found - exact).max(axis=(0, 2)).reshape(9, len(ALPHAS)) < 1e-3
    assert waited[:, -1].all() and not waited[:, 0].any()
    float32 = iterated.iterated_scores(problem, factors, tests, ALPHAS, Arithmetic(dtype="float32"))
    np.testing.assert_array_equal(float32.argmax(axis=1), best[:, 0])


def test_alphas_that_do_not_settle_are_said_and_not_chosen(world, monkeypatch, caplog):
    problem, tests = world
    monkeypatch.setattr(iterated, "MOST", 20)
    monkeypatch.setattr(iterated, "FALLEN", 1e6)
    found = iterated.iterated_scores(problem, np.ones((1, 12)), tests, [1e-6, 1e4])
    assert np.isneginf(found[:, 0]).all() and np.isfinite(found[:, 1]).all()
    assert "encoding.alphas up to 1e-06 took no part in some choices: with them 240 unknowns" in caplog.text


def test_each_electrode_is_solved_with_its_own_penalties(world, monkeypatch):
    problem, _ = world
    combinations, alphas = np.array([0, 8, 3, 3, 1, 5, 7, 2]), np.array([1.0, 100, 100, 1e4, 1, 1e5, 1e4, 1e4])
    coef, intercept = solutions(problem, combinations, alphas, Arithmetic(solver="cholesky"))
    method = Bands.method
    monkeypatch.setattr(Bands, "method", lambda self, **o: replace(method(self, **o), iterated=1))
    for dtype, tolerance in (("float64", 1e-5), ("float32", 1e-3)):
        other, moved = solutions(problem, combinations, alphas, Arithmetic(dtype=dtype))
        scale = coef.abs().amax(dim=(0, 1))
        assert float(((other - coef).abs().amax(dim=(0, 1)) / scale).max()) < tolerance
        torch.testing.assert_close(moved, intercept, rtol=0, atol=10 * tolerance)


def test_it_is_taken_on_demand_alone_and_counts_a_third_of_a_factors_operations():
    def method(width, solver, lags=20):
        bands = replace(BANDS, widths=(width,) * 3)
        return bands.method(lags=lags, rows=30_000, test_rows=[10_000] * 2, electrodes=90, alphas=7, solver=solver)

    large, exact = method(768, "iterative"), method(768, "cholesky")
    assert large.iterated and exact.eliminated and large.flops < exact.flops / 3
    assert "conjugate gradients" in str(large)
    assert method(768, "auto") == exact
    single = replace(BANDS, widths=(768,), ratios=np.ones((1, 1)))
    rows = {"lags": 20, "rows": 30_000, "test_rows": [10_000], "electrodes": 90, "alphas": 7}
    assert single.method(**rows, solver="iterative") == single.method(**rows, solver="auto")


def test_an_alpha_that_one_fold_left_out_is_not_chosen(monkeypatch):
    rng = np.random.default_rng(0)
    heard = [f"s{i}" for i in range(8)]
    x = {s: rng.normal(size=(40, 4)) for s in heard}
    design = Design(heard, [rng.normal(size=(40, 3)) for _ in heard], split_groups(heard, [40] * 8, 4, 0, "stimulus"))
    calls = []

    def scores(problem, bands, tests, alphas, arithmetic, enough):
        calls.append(len(tests))
        found = np.repeat([0.1, 0.9], [1, len(alphas) - 1])[None, :, None] * np.ones((len(tests), 1, 3))
        if len(calls) == 1:  # of the first pair of folds
            found[0, 1] = -np.inf
        return found

    monkeypatch.setattr(inner, "banded_scores", scores)
    sums = SegmentMoments(np.arange(2)).of(design.groups[0], x)
    curves = inner_curves(
        sums, design.split, [1.0, 10.0], range(4), Arithmetic(), Search(), Bands((4,), np.ones((1, 1)))
    )
    assert sorted(choose(curves[f]).tolist() for f in range(4)) == [[0, 0, 0]] + [[1, 1, 1]] * 3


@pytest.mark.parametrize("estimator", [RidgeTRF, BandedRidgeTRF])
def test_estimators_search_all_alphas(estimator):
    options = {"bands": [2, 2]} if estimator is BandedRidgeTRF else {}
    with pytest.raises(BrainalignError, match="solver=iterative is for sets of features"):
        estimator(tmin=0, tmax=0.02, rate=100, solver="iterative", **options).fit(
            [np.eye(40)[:, :4]], [np.eye(40)[:, :2]]
        )


def test_lag_products_are_transformed_where_that_pays():
    assert [by_transform(*size) for size in ((19, 8, 9), (20, 8, 9), (20, 768, 92), (64, 768, 769))] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("most", [2**6, 2**14, 2**23])  # of bytes: a column and a block at a time, some, all
def test_lag_products_in_pieces_are_the_products_lag_by_lag(monkeypatch, most):
    monkeypatch.setattr(convolution, "BYTES", most)
    monkeypatch.setattr(convolution, "ROW_BYTES", most)
    rng = np.random.default_rng(0)
    h, v = torch.from_numpy(rng.normal(size=(150, 3))), torch.from_numpy(rng.normal(size=(131, 5)))
    found = lag_products(h, v, np.arange(-2, 18))
    for k in range(20):  # the last lag begins with the first row
        np.testing.assert_allclose(found[k], h[19 - k : 150 - k].T @ v, atol=1e-11)
