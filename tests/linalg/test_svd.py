"""Singular values where LAPACK's faster method gives up."""

import numpy as np
import pytest

from brainalign.linalg.svd import svd
from brainalign.similarity import canonical_summary, procrustes


@pytest.fixture
def stuck(monkeypatch):
    """The faster method finds nothing, as it does on some matrices of low rank."""

    def give_up(*_, **__):
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr(np.linalg, "svd", give_up)


def test_the_slower_method_gives_the_same(monkeypatch, request):
    x = np.random.default_rng(0).normal(size=(30, 5)) @ np.random.default_rng(1).normal(size=(5, 20))
    _, fast, _ = svd(x)
    request.getfixturevalue("stuck")
    u, slow, vt = svd(x)
    np.testing.assert_allclose(slow, fast, atol=1e-12)
    np.testing.assert_allclose((u * slow) @ vt, x, atol=1e-12)


def test_similarities_do_not_end_where_it_gives_up(stuck):
    rng = np.random.default_rng(0)
    x, groups = rng.normal(size=(40, 5)), np.arange(40) // 4
    assert procrustes(x, x @ np.linalg.qr(rng.normal(size=(5, 5)))[0], groups=groups) == pytest.approx(0, abs=1e-6)
    assert canonical_summary(x, x, groups).held_out == pytest.approx(1)
