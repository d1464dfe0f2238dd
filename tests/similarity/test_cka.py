"""CKA from moments: equal to the literal n x n computation, unbiased, and indifferent to what it must not see."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.errors import BrainalignError
from brainalign.similarity import CKA, cka


def literal_hsic(k, l, debiased):  # noqa: E741
    """Straight from the papers, with kernels of rows by rows."""
    n = len(k)
    if not debiased:
        h = np.eye(n) - 1 / n
        return np.trace(k @ h @ l @ h) / (n - 1) ** 2
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))  # noqa: E741
    one = np.ones(n)
    return (
        np.trace(k @ l) + (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (one @ k @ l @ one)
    ) / (n * (n - 3))


def literal_cka(x, y, debiased):
    k, l = x @ x.T, y @ y.T  # noqa: E741
    return literal_hsic(k, l, debiased) / np.sqrt(literal_hsic(k, k, debiased) * literal_hsic(l, l, debiased))


@settings(deadline=None, max_examples=40)
@given(
    n=st.integers(5, 60), p=st.integers(1, 40), q=st.integers(1, 40), debiased=st.booleans(), seed=st.integers(0, 2**20),
    shift=st.sampled_from([0.0, 3.0]),
)  # fmt: skip
def test_equals_the_literal_computation(n, p, q, debiased, seed, shift):
    rng = np.random.default_rng(seed)
    s = rng.normal(size=(n, 1))
    x, y = rng.normal(size=(n, p)) + s + shift, rng.normal(size=(n, q)) - 2 * s
    expected = literal_cka(x, y, debiased)
    assert cka(x, y, debiased=debiased) == pytest.approx(expected, rel=1e-9, abs=1e-10, nan_ok=True)


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(1, 99), max_size=5, unique=True), debiased=st.booleans())
def test_batches_give_what_all_rows_give(cuts, debiased):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 100, 12)) + 5
    y = y + x
    measure = CKA(debiased)
    for a, b in zip(np.split(x, sorted(cuts)), np.split(y, sorted(cuts)), strict=True):
        measure.partial_fit(a, b)
    assert measure.score() == pytest.approx(cka(x, y, debiased=debiased), rel=1e-11)


@pytest.mark.parametrize("debiased", [True, False])
@pytest.mark.parametrize("unit", [1e-15, 1e-6, 1.0, 1e15])
def test_one_up_to_rotation_shift_and_scale(debiased, unit):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 10))
    rotation, _ = np.linalg.qr(rng.normal(size=(10, 10)))
    assert cka(x, unit * (x @ rotation + 7), debiased=debiased) == pytest.approx(1, abs=1e-9)


def test_unrelated_wide_representations_share_nothing():
    rng = np.random.default_rng(2)
    draws = np.array([[cka(*rng.normal(size=(2, 50, 200)), debiased=d) for d in (True, False)] for _ in range(60)])
    unbiased, plain = draws.T
    assert abs(unbiased.mean()) < 3.3 * unbiased.std() / np.sqrt(60)  # p < .001
    assert (plain > 0.5).all()


def test_debiased_hsic_is_unbiased_for_a_dependence():
    """Mean over draws of few rows equals the value of many."""
    rng = np.random.default_rng(3)
    mixing = rng.normal(size=(4, 30))

    def draw(n):
        x = rng.normal(size=(n, 30))
        return x, x @ mixing.T @ mixing + 3 * rng.normal(size=(n, 30))

    def hsic(n):
        measure = CKA().partial_fit(*draw(n))
        measure._origin = {"x": (np.zeros(30), 1.0), "y": (np.zeros(30), 1.0)}
        measure._sums = {}
        return measure.partial_fit(*draw(n))._sums["xy"].hsic(debiased=True)

    few = np.array([hsic(20) for _ in range(1500)])
    many = np.array([hsic(4000) for _ in range(20)])
    assert abs(few.mean() - many.mean()) < 3.3 * np.hypot(few.std() / np.sqrt(1500), many.std() / np.sqrt(20))


def test_float32_agrees():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(2000, 64))
    y = x @ rng.normal(size=(64, 32)) + rng.normal(size=(2000, 32))
    assert cka(x.astype(np.float32), y.astype(np.float32)) == pytest.approx(cka(x, y), abs=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (np.ones((3, 2)), np.ones((3, 2)), "3 row"),
        (np.ones((9, 2)), np.ones((8, 2)), "9 rows and y has 8"),
        (np.array([[np.nan], [1], [2], [3], [4]]), np.ones((5, 1)), "not finite"),
    ],
)
def test_bad_input_is_one_sentence(x, y, said):
    with pytest.raises(BrainalignError, match=said):
        cka(x, y)


def test_a_constant_side_has_no_similarity():
    assert np.isnan(cka(np.full((20, 3), 0.1), np.random.default_rng(0).normal(size=(20, 3))))
