"""Factors, triangular systems and products in place, against SciPy's own, in parts of larger matrices."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.linalg import cholesky, solve_triangular

from brainalign.linalg.triangular import factor_, multiply_, solve_


@pytest.fixture(autouse=True, params=[1, 2])
def threads(request):
    """LAPACK in one thread, torch in two."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("dtype, close", [(torch.float32, 2e-4), (torch.float64, 1e-11)])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 30), st.integers(0, 6), st.booleans(), st.booleans(), st.integers(0, 10**6))
def test_a_part_of_a_matrix_is_factored_solved_and_multiplied_and_the_rest_is_left(
    dtype, close, q, c, upper, transposed, seed
):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2 * q, q))
    s = (x.T @ x + q * np.eye(q)).astype(np.float32).astype(np.float64)  # the same numbers in both precisions
    wide = torch.full((q + 3, q + 2), 7.0, dtype=dtype)
    part = wide[1 : q + 1, 2:]
    keep = np.triu(s) if upper else np.tril(s)
    part.copy_(
        torch.from_numpy(keep + (np.tril(np.full((q, q), 5.0), -1) if upper else np.triu(np.full((q, q), 5.0), 1)))
    )
    assert factor_(part, upper)
    triangle = torch.triu if upper else torch.tril
    expected = cholesky(s, lower=not upper)
    np.testing.assert_allclose(triangle(part).double(), expected, rtol=close, atol=close)
    rest = torch.tril(part, -1) if upper else torch.triu(part, 1)
    assert (
        (rest[rest != 0] == 5).all()
        and (wide[0] == 7).all()
        and (wide[:, :2] == 7).all()
        and (wide[q + 1 :] == 7).all()
    )

    columns = torch.full((q, c + 2), 3.0, dtype=dtype)
    rhs = rng.normal(size=(q, c)).astype(np.float32).astype(np.float64)
    columns[:, 1:-1] = torch.from_numpy(rhs)
    found = solve_(part, columns[:, 1:-1], upper, transposed)
    if c:
        wanted = solve_triangular(expected, rhs, trans=int(transposed), lower=not upper)
        np.testing.assert_allclose(found.double(), wanted, rtol=close, atol=close)
    columns[:, 1:-1] = torch.from_numpy(rhs)
    product = multiply_(part, columns[:, 1:-1], upper)
    np.testing.assert_allclose(product.double(), expected @ rhs, rtol=close, atol=close)
    assert (columns[:, 0] == 3).all() and (columns[:, -1] == 3).all()


def test_no_factor_is_said():
    assert not factor_(torch.tensor([[1.0, 2.0], [2.0, 1.0]]))
    assert not factor_(torch.tensor([[1.0, float("nan")], [float("nan"), 1.0]], dtype=torch.float64))


def test_what_lies_otherwise_in_memory_is_refused(threads):
    if threads > 1:
        pytest.skip("torch takes any strides")
    a = torch.eye(4, dtype=torch.float64)
    for wrong in (lambda: factor_(a[:, ::2][:2]), lambda: solve_(a, torch.ones(3, 4, dtype=torch.float64).T),
                  lambda: solve_(a, torch.ones(4, 2)), lambda: factor_(torch.eye(3, dtype=torch.float16))):  # fmt: skip
        with pytest.raises(ValueError, match="float"):
            wrong()
