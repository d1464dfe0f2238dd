"""Cluster-based permutation: p by enumeration of all flips, uniform under the null, and planted clusters found."""

from itertools import product

import numpy as np
import pytest
from scipy import sparse
from scipy.ndimage import gaussian_filter1d
from scipy.sparse.csgraph import connected_components
from scipy.stats import binom, ttest_1samp
from scipy.stats import t as student

from brainalign.errors import BrainalignError
from brainalign.stats import cluster_test, neighbours

LINE = np.eye(5, k=1) + np.eye(5, k=-1)


def smooth(n, seed, places=5, lags=12):
    return gaussian_filter1d(np.random.default_rng(seed).normal(size=(n, places, lags)), 1.5, axis=2)


def largest(t, threshold, graph, tails=2):
    """Masses of all clusters of a flip, by scipy's connected components of the graph of points."""
    found = [0.0]
    for side in (t > threshold, t < -threshold)[:tails]:
        at = np.flatnonzero(side)
        count, label = connected_components(graph[np.ix_(at, at)])
        found += [abs(t[at[label == k]].sum()) for k in range(count)]
    return np.array(found)


@pytest.mark.parametrize("side", ["both", "above"])
@pytest.mark.parametrize("n", [3, 4, 6])
def test_p_is_the_share_of_all_flips(n, side):
    maps = smooth(n, 1) + 0.3
    graph = sparse.csr_array(
        sparse.kron(sparse.eye(5), sparse.diags([1, 1], [1, -1], shape=(12, 12), dtype=float))
        + sparse.kron(LINE, sparse.eye(12))
    )
    tails = 2 if side == "both" else 1
    threshold, flat = student.isf(0.1 / tails, n - 1), maps.reshape(n, -1)
    null = [
        largest(ttest_1samp(flat * np.array(s)[:, None], 0).statistic, threshold, graph, tails).max()
        for s in product((1, -1), repeat=n)
    ]
    own = np.sort(largest(ttest_1samp(flat, 0).statistic, threshold, graph, tails)[1:])[::-1]
    found = cluster_test(maps, LINE, level=0.1, side=side)
    assert found.exact and found.smallest == tails * 2.0**-n and len(found.table) == len(own) > 0
    np.testing.assert_allclose(np.sort(np.abs(found.table["mass"].to_numpy(float)))[::-1], own)
    for mass, p in found.table[["mass", "p"]].to_numpy(float):
        assert p == pytest.approx(np.mean(np.array(null) >= abs(mass) * (1 - 1e-9)))
    inside = np.zeros((5, 12), dtype=bool)
    for mask in found.masks:
        inside |= mask
    size = np.abs(found.t) if side == "both" else found.t
    assert (found.p[~inside] == 1).all() and (size[inside] > threshold).all()
    tfce = cluster_test(maps, LINE, "tfce", side=side)
    assert side == "both" or (tfce.p[tfce.t <= 0] == 1).all()
    assert side == "both" or (cluster_test(-np.abs(maps), LINE, "tfce", side=side).p == 1).all()


def test_p_is_uniform_under_smooth_noise():
    p = np.array(
        [cluster_test(smooth(5, seed, 4, 10), np.eye(4, k=1) + np.eye(4, k=-1)).p.min() for seed in range(100)]
    )
    for level in (1 / 16, 4 / 16):  # p comes in sixteenths; a map without cluster has 1
        low, high = binom.ppf([0.0005, 0.9995], len(p), level)
        assert low <= (p <= level + 1e-9).sum() <= high


@pytest.mark.parametrize("method", ["cluster", "tfce", "max_t"])
def test_finds_what_is_planted(method):
    maps = smooth(8, 3, lags=16)
    maps[:, 1:4, 6:13] -= 2.0
    found = cluster_test(maps, LINE, method)
    there = found.p <= 0.05
    planted = np.zeros((5, 16), dtype=bool)
    planted[1:4, 6:13] = True
    assert there[planted].mean() > 0.8 and there[~planted].mean() < 0.1 and (found.t[there] < 0).all()
    assert found.p.min() >= found.smallest
    if method == "cluster":
        first = found.table.iloc[0]
        assert (
            first["places"] >= 3
            and found.masks[0].sum() == first["points"]
            and 1 <= first["peak_place"] <= 3
            and first["mass"] < 0
        )


def test_places_without_lags_and_drawn_flips():
    maps = np.random.default_rng(4).normal(size=(14, 5))
    maps[:, 2:4] += 1.5
    found = cluster_test(maps, LINE, permutations=500)
    again = cluster_test(maps, LINE, permutations=500)
    assert (
        not found.exact and found.smallest == 1 / 500 and found.masks[0].tolist() == [False, False, True, True, False]
    )
    np.testing.assert_array_equal(found.p, again.p)
    alone = cluster_test(maps, None, permutations=500)
    assert len(alone.table) >= 2 and set(alone.table["points"]) == {1}


def test_neighbours_are_those_within_reach():
    grid = np.array(list(product(range(3), range(4))), dtype=float)
    found = neighbours(grid)
    distance = np.linalg.norm(grid[:, None] - grid, axis=2)
    np.testing.assert_array_equal(found.toarray(), (distance > 0) & (distance <= 1.5))
    assert neighbours(grid, 1.0).sum() == 2 * 17
    pairs = neighbours(np.repeat(grid, 2, axis=0)).toarray()
    np.testing.assert_array_equal(pairs[::2, ::2], found.toarray())
    assert pairs[0, 1] == 1 and pairs[0, 0] == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"maps": np.ones((1, 3))}, "two participants"), ({"maps": np.array([[1.0, np.nan], [1.0, 2.0]])}, "1 of 2 participants"),
        ({"adjacency": np.eye(4)}, "5 places"), ({"method": "clusters"}, "method"), ({"level": 1.0}, "level=1.0"),
    ],
)  # fmt: skip
def test_refuses(change, said):
    with pytest.raises(BrainalignError, match=said):
        cluster_test(**({"maps": smooth(4, 0), "adjacency": LINE} | change))


def test_positions_are_needed():
    with pytest.raises(BrainalignError, match="drop places"):
        neighbours(np.array([[0.0, np.nan], [1.0, 1.0]]))


@pytest.mark.parametrize("method", ["cluster", "tfce"])
def test_one_value_in_all_participants_has_no_t_and_is_refused(method):
    maps = np.random.default_rng(0).normal(size=(6, 4, 3))
    maps[:, 1, 2] = 0.5
    with pytest.raises(BrainalignError, match="at 1 of 12 points all 6 participants have one value"):
        cluster_test(maps, method=method)
