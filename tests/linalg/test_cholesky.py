"""The tiled Cholesky factor against scipy, for every alpha from the same memory."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import cho_factor, cho_solve

from brainalign.linalg.cholesky import TILE, Cholesky, NotPositiveDefinite


def gram(q, rows, seed):
    x = np.random.default_rng(seed).normal(size=(rows, q))
    return x.T @ x


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(1, 5), st.integers(1, 13), st.integers(0, 10**6))
def test_solves_as_scipy_does_for_one_alpha_after_the_other(q, rows, c, tile, seed):
    s, rng = gram(q, rows, seed), np.random.default_rng(seed)
    upper = torch.from_numpy(np.triu(s) + np.tril(rng.normal(size=(q, q)), -1))  # below the diagonal is anything
    rhs = rng.normal(size=(q, c))
    before, TILE["cpu"] = TILE["cpu"], tile
    try:
        factor = Cholesky(upper)
        for alpha in (10.0, 0.5, 3.0):
            expected = cho_solve(cho_factor(s + alpha * np.eye(q)), rhs)
            found = factor.factor(alpha).solve(torch.from_numpy(rhs)).numpy()
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
    finally:
        TILE["cpu"] = before


def test_many_tiles_of_the_real_size():
    q = 2 * TILE["cpu"] + 37
    s = gram(q, q // 2, 0)
    rhs = np.random.default_rng(1).normal(size=(q, 3))
    w = Cholesky(torch.from_numpy(np.triu(s))).factor(2.0).solve(torch.from_numpy(rhs)).numpy()
    np.testing.assert_allclose(s @ w + 2 * w, rhs, atol=1e-9)


def test_what_is_not_positive_definite_is_refused():
    s = torch.from_numpy(-np.eye(3))
    with pytest.raises(NotPositiveDefinite):
        Cholesky(s).factor(0.5)
    assert Cholesky(s).factor(2.0).solve(torch.ones(3, 1, dtype=torch.float64)).ravel().tolist() == [1, 1, 1]
