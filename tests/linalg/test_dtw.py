"""Warping of many pairs at once equals the literal double loop, for every distance of frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.special import rel_entr, softmax

from brainalign.linalg.dtw import dtw, frame_distances, pair_distances


def literal(cost):
    """The recursion cell by cell, then the path walked back from its end."""
    n, m = cost.shape
    total = np.full((n, m), np.inf)
    for i in range(n):
        for j in range(m):
            steps = [total[a, b] for a, b in ((i - 1, j - 1), (i, j - 1), (i - 1, j)) if a >= 0 and b >= 0]
            total[i, j] = cost[i, j] + (min(steps) if steps else 0.0)
    i, j, cells = n - 1, m - 1, 1
    while i or j:
        steps = [(a, b) for a, b in ((i - 1, j - 1), (i, j - 1), (i - 1, j)) if a >= 0 and b >= 0]
        i, j = min(steps, key=lambda step: total[step])
        cells += 1
    return total[-1, -1] / cells


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**31), st.booleans())
def test_dtw_equals_a_literal_double_loop(n, m, seed, ties):
    rng = np.random.default_rng(seed)
    cost = rng.integers(0, 3, size=(4, n, m)).astype(float) if ties else rng.random((4, n, m))
    lengths = np.column_stack([rng.integers(1, n + 1, 4), rng.integers(1, m + 1, 4)])
    expected = [literal(c[:a, :b]) for c, (a, b) in zip(cost, lengths, strict=True)]
    np.testing.assert_allclose(dtw(cost, lengths), expected, atol=1e-10, rtol=0)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["cosine", "angular", "kl"]), st.integers(0, 2**31))
def test_pairs_of_stretches_equal_each_on_its_own(kind, seed):
    rng = np.random.default_rng(seed)
    segments = [rng.normal(size=(rng.integers(1, 12), 5)).astype(np.float32) for _ in range(8)]
    pairs = rng.integers(0, 8, size=(30, 2))
    expected = [literal(frame_distances(segments[a], segments[b], kind)) for a, b in pairs]
    # where a stretch meets itself, arccos turns 1e-16 into 1e-8
    np.testing.assert_allclose(
        pair_distances(segments, pairs, kind), expected, atol=3e-8 if kind == "angular" else 1e-10
    )


def test_batches_do_not_matter(monkeypatch):
    rng = np.random.default_rng(0)
    segments = [rng.normal(size=(n, 3)) for n in (1, 4, 9, 2, 7)]
    pairs = [(a, b) for a in range(5) for b in range(5)]
    whole = pair_distances(segments, pairs)
    monkeypatch.setattr("brainalign.linalg.dtw.BATCH", 1)
    np.testing.assert_allclose(pair_distances(segments, pairs), whole, atol=1e-13)


def test_distances_of_frames_are_those_of_scipy():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(4, 6)), rng.normal(size=(3, 6))
    np.testing.assert_allclose(frame_distances(x, y, "cosine"), cdist(x, y, "cosine"), atol=1e-12)
    np.testing.assert_allclose(
        frame_distances(x, y, "angular"), np.arccos(1 - cdist(x, y, "cosine")) / np.pi, atol=1e-12
    )
    p, q = softmax(x, axis=1)[:, None], softmax(y, axis=1)[None]
    both = (rel_entr(p, q).sum(axis=2) + rel_entr(q, p).sum(axis=2)) / 2
    np.testing.assert_allclose(frame_distances(x, y, "kl"), both, atol=1e-12)


@pytest.mark.parametrize(("kind", "distance"), [("cosine", 1.0), ("angular", 0.5)])
def test_a_frame_of_zeros_has_no_direction(kind, distance):
    assert frame_distances(np.zeros((1, 2)), np.eye(2), kind).tolist() == [[distance, distance]]
