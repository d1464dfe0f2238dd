"""The Cholesky factor, whole and by tiles, against scipy, for every alpha from the same memory."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.linalg import cho_factor, cho_solve

from brainalign.linalg.cholesky import TILE, Cholesky, NotPositiveDefinite


@pytest.fixture(autouse=True)
def one_thread():
    """In which LAPACK makes what is not asked for by tiles."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def gram(q, rows, seed):
    x = np.random.default_rng(seed).normal(size=(rows, q))
    return x.T @ x


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 40), st.integers(1, 60), st.integers(1, 5), st.none() | st.integers(1, 13), st.integers(0, 10**6))
def test_solves_as_scipy_does_for_one_alpha_after_the_other(q, rows, c, tile, seed):
    s, rng = gram(q, rows, seed), np.random.default_rng(seed)
    upper = torch.from_numpy(np.triu(s) + np.tril(rng.normal(size=(q, q)), -1))  # below the diagonal is anything
    rhs = rng.normal(size=(q, c))
    factor = Cholesky(upper, tile=tile)
    for alpha in (10.0, 0.5, 3.0):
        expected = cho_solve(cho_factor(s + alpha * np.eye(q)), rhs)
        found = factor.factor(alpha).solve(torch.from_numpy(rhs)).numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("tile", [None, 240])
@pytest.mark.parametrize("dtype, close", [(torch.float32, 1e-3), (torch.float64, 1e-9)])
def test_hundreds_of_rows_in_both_ways_and_precisions(tile, dtype, close):
    q = 2 * TILE["cpu"] + 37
    s = gram(q, q // 2, 0)
    rhs = np.random.default_rng(1).normal(size=(q, 3))
    factor = Cholesky(torch.from_numpy(np.triu(s)).to(dtype), tile=tile)
    for alpha in (50.0, 2.0):  # the second finds S where it was
        w = factor.factor(alpha).solve(torch.from_numpy(rhs).to(dtype)).double().numpy()
        np.testing.assert_allclose(s @ w + alpha * w, rhs, atol=close)


@pytest.mark.parametrize("tile", [None, 2])
def test_what_is_not_positive_definite_is_refused(tile):
    factor = Cholesky(torch.from_numpy(-np.eye(3)), tile=tile)
    with pytest.raises(NotPositiveDefinite):
        factor.factor(0.5)
    assert factor.factor(2.0).solve(torch.ones(3, 1, dtype=torch.float64)).ravel().tolist() == [1, 1, 1]
