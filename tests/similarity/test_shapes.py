"""Procrustes, mutual neighbours and canonical summaries against scipy, literal loops and planted truths."""

import numpy as np
import pytest
import scipy.spatial

from brainalign.errors import BrainalignError
from brainalign.similarity import canonical_summary, mutual_knn, procrustes


def test_procrustes_equals_scipy():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 6))
    y = x @ rng.normal(size=(6, 6)) + rng.normal(size=(40, 6))
    *_, disparity = scipy.spatial.procrustes(x, y)
    assert np.sin(procrustes(x, y)) ** 2 == pytest.approx(disparity, abs=1e-10)


def test_procrustes_is_a_metric():
    rng = np.random.default_rng(1)
    for _ in range(50):
        x, y, z = rng.normal(size=(3, 30, 5))
        y = y + rng.normal() * x
        assert procrustes(x, z) <= procrustes(x, y) + procrustes(y, z) + 1e-9
        assert procrustes(x, y) == pytest.approx(procrustes(y, x), abs=1e-9)


@pytest.mark.parametrize("groups", [None, np.arange(60) // 6])
def test_procrustes_is_zero_up_to_rotation(groups):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 7))
    rotation, _ = np.linalg.qr(rng.normal(size=(7, 7)))
    assert procrustes(x, 1e9 * (x @ rotation - 3), groups=groups) < 1e-6


def test_held_out_procrustes_shows_what_the_plain_one_hides():
    rng = np.random.default_rng(3)
    plain, held = zip(
        *((procrustes(x, y), procrustes(x, y, groups=np.arange(80) // 8)) for x, y in rng.normal(size=(30, 2, 80, 60))),
        strict=True,
    )
    assert np.mean(plain) < 1.0  # unrelated, yet far nearer than a right angle
    assert abs(np.mean(held) - np.pi / 2) < 3.3 * np.std(held) / np.sqrt(30)


def test_mutual_neighbours_equal_a_literal_loop():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(40, 5))
    y = x + rng.normal(size=(40, 5))
    groups = np.arange(40) // 4

    def near(rows, i):
        c = rows - rows.mean(0)
        cosine = c @ c[i] / np.linalg.norm(c, axis=1)
        cosine[groups == groups[i]] = -np.inf
        return set(np.argsort(-cosine)[:6])

    expected = np.mean([len(near(x, i) & near(y, i)) / 6 for i in range(40)])
    assert mutual_knn(x, y, k=6, groups=groups) == pytest.approx(expected)


def test_unrelated_rows_share_neighbours_by_chance():
    rng = np.random.default_rng(5)
    found = np.array([mutual_knn(*rng.normal(size=(2, 101, 20)), k=10) for _ in range(50)])
    assert abs(found.mean() - 0.1) < 3.3 * found.std() / np.sqrt(50)


def test_shared_space_raises_every_measure_in_order():
    """Three models that share 10, 30 and 60 % of their variance with a fourth come out in this order, in 20 of 20 seeds."""
    from brainalign.similarity import cka, rsa

    groups = np.arange(300) // 10
    for seed in range(20):
        rng = np.random.default_rng(seed)
        common = rng.normal(size=(300, 10))
        x = common @ rng.normal(size=(10, 40)) / np.sqrt(10) + 0.5 * rng.normal(size=(300, 40))

        def other(share, common=common, rng=rng):
            mixed = common @ rng.normal(size=(10, 50)) / np.sqrt(10)
            return np.sqrt(share) * mixed + np.sqrt(1 - share) * rng.normal(size=(300, 50))

        models = [other(share) for share in (0.1, 0.3, 0.6)]
        for measure in (
            cka,
            lambda a, b: rsa(a, b, metric="euclidean"),
            lambda a, b: -procrustes(a, b, groups=groups),
            mutual_knn,
            lambda a, b: canonical_summary(a, b, groups).held_out,
        ):
            found = [measure(x, y) for y in models]
            assert found == sorted(found), (seed, measure, found)


def test_canonical_summaries_of_a_linear_map():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(200, 8))
    found = canonical_summary(x, x @ rng.normal(size=(8, 8)), np.arange(200) // 5, variance=1.0)
    assert found.held_out == pytest.approx(1, abs=1e-9)
    assert found.svcca == pytest.approx(1, abs=1e-9)
    assert found.pwcca == pytest.approx(1, abs=1e-9)
    assert found.k == 8


def test_canonical_summaries_of_unrelated_rows():
    rng = np.random.default_rng(7)
    found = [canonical_summary(*rng.normal(size=(2, 150, 30)), np.arange(150) // 5) for _ in range(30)]
    held = np.array([f.held_out for f in found])
    assert abs(held.mean()) < 3.3 * held.std() / np.sqrt(30)
    assert min(f.svcca for f in found) > 0.3
    assert min(f.pwcca for f in found) > 0.3


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x: mutual_knn(x, x, k=20), "k=20"),
        (lambda x: procrustes(x, x[:9]), "20 rows and y has 9"),
        (lambda x: procrustes(x, x, groups=[0] * 20), "1 different labels"),
        (lambda x: procrustes(x, x, groups=[0] * 19), "19 labels for 20 rows"),
        (lambda x: canonical_summary(x, x, [0, 1] * 10), "too few for 5 folds"),
        (lambda x: procrustes(x, 0 * x), "the same in all 20 rows"),
    ],
)
def test_bad_input_is_one_sentence(call, said):
    with pytest.raises(BrainalignError, match=said):
        call(np.random.default_rng(0).normal(size=(20, 3)))


def test_a_fold_in_which_one_side_is_constant_tells_nothing_and_the_others_do():
    rng = np.random.default_rng(0)
    groups = np.arange(100) // 10
    x = np.where(np.isin(groups, [0, 5]), 0.0, rng.normal(size=100))[:, None]  # one fold of two stimuli without a word
    y = x + 0.1 * rng.normal(size=(100, 1))
    assert canonical_summary(x, y, groups).held_out > 0.9
