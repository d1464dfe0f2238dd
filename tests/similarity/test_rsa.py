"""Distances and their comparison against scipy and closed forms; crossnobis is unbiased."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import pearsonr, spearmanr

from brainalign.errors import BrainalignError
from brainalign.similarity import compare_rdms, crossnobis, rdm, rsa


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 8))
    return x, x[:, :4] + rng.normal(size=(30, 4))


@pytest.mark.parametrize("metric", ["euclidean", "correlation", "cosine"])
def test_equals_scipy(pair, metric):
    x, y = pair
    a, b = (
        pdist(x - x.mean(0) if metric == "euclidean" else x, metric),
        pdist(y - y.mean(0) if metric == "euclidean" else y, metric),
    )
    assert rsa(x, y, metric=metric, compare="spearman") == pytest.approx(spearmanr(a, b)[0], abs=1e-10)
    assert rsa(x, y, metric=metric, compare="pearson") == pytest.approx(pearsonr(a, b)[0], abs=1e-10)


def test_rho_a_is_spearman_under_random_breaking_of_ties():
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 4, size=60).astype(float), rng.normal(size=60)
    broken = [spearmanr(a + 1e-6 * rng.normal(size=60), b)[0] for _ in range(4000)]
    assert compare_rdms(a, b, "rho_a") == pytest.approx(np.mean(broken), abs=3.3 * np.std(broken) / np.sqrt(4000))
    assert abs(compare_rdms(a, b, "rho_a")) < abs(compare_rdms(a, b, "spearman"))


@pytest.mark.parametrize("compare", ["spearman", "pearson", "rho_a"])
def test_rotation_scale_and_shift_change_nothing(pair, compare):
    x, _ = pair
    rotation, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(8, 8)))
    assert rsa(x, 1e-12 * (x @ rotation + 5), metric="euclidean", compare=compare) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("noise", [None, np.eye(6) + 0.3])
def test_crossnobis_is_zero_where_conditions_do_not_differ(noise):
    rng = np.random.default_rng(3)
    null = np.array([crossnobis(2 * rng.normal(size=(3, 12, 6)), noise).mean() for _ in range(200)])
    assert abs(null.mean()) < 3.3 * null.std() / np.sqrt(200)


def test_crossnobis_is_the_true_distance_on_average():
    rng = np.random.default_rng(4)
    means = rng.normal(size=(8, 6))
    covariance = np.eye(6) + 0.4
    draws = rng.multivariate_normal(np.zeros(6), covariance, size=(2000, 3, 8))
    found = np.array([crossnobis(means + noise, covariance) for noise in draws])
    truth = pdist(means, "mahalanobis", VI=np.linalg.inv(covariance)) ** 2 / 6
    assert (np.abs(found.mean(axis=0) - truth) < 4.2 * found.std(axis=0) / np.sqrt(2000)).all()


def test_crossnobis_equals_the_sum_over_pairs_of_repeats():
    x = np.random.default_rng(4).normal(size=(4, 5, 3))
    d = lambda m, i, j: x[m, i] - x[m, j]  # noqa: E731
    literal = [
        sum(d(m, i, j) @ d(k, i, j) for m in range(4) for k in range(4) if m != k) / (4 * 3 * 3)
        for i in range(5) for j in range(i + 1, 5)
    ]  # fmt: skip
    assert crossnobis(x) == pytest.approx(np.array(literal), abs=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: rsa(np.ones((9, 3)), np.ones((9, 3))), "the same in all 9 rows"),
        (lambda: rsa(np.arange(8.0), np.arange(8.0)), "same in all dimensions"),
        (lambda: rdm(np.eye(4), "manhattan"), "manhattan"),
        (lambda: compare_rdms([1, 2, 3], [1, 2]), "3 distances and b has 2"),
        (lambda: crossnobis(np.ones((1, 5, 2))), r"\(1, 5, 2\)"),
        (lambda: crossnobis(np.ones((2, 5, 2)), np.eye(3)), r"\(2, 2\) is needed"),
        (lambda: crossnobis(np.ones((2, 5, 2)), -np.eye(2)), "positive definite"),
    ],
)
def test_bad_input_is_one_sentence(call, said):
    with pytest.raises(BrainalignError, match=said):
        call()
