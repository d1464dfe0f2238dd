"""Moments by recursion against the literal lagged matrix."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.linalg.gram import upper_gram
from brainalign.linalg.held_out import HeldOut
from brainalign.linalg.lags import convolve, lag_matrix, lags_of
from brainalign.linalg.moments import FAR, far_centre, moments, total
from brainalign.linalg.primal import Primal
from brainalign.linalg.stack import Segment

shapes = st.lists(st.integers(1, 25), min_size=1, max_size=5)


def problem(lengths, d, c, seed, most=2):
    rng = np.random.default_rng(seed)
    out = []
    for length in lengths:
        weight = rng.integers(0, most + 1, size=length).astype(float)
        y = rng.normal(size=(length, c)) * weight[:, None]
        out.append(Segment(rng.normal(size=(length, d)) + 1.5, weight, y, (y**2).sum(axis=0)))
    return out


def literal(segments, lags, with_ones=True):
    blocks = [np.c_[s.values, np.ones(len(s.values))] if with_ones else s.values for s in segments]
    return (
        np.vstack([lag_matrix(b, lags) for b in blocks]),
        np.concatenate([s.weight for s in segments]),
        np.vstack([s.response for s in segments]),
    )


@settings(max_examples=80, deadline=None)
@given(
    shapes,
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(-6, 6),
    st.sampled_from([1, 2, 5, 8, 32, 45]),
    st.integers(0, 10**6),
)
def test_moments_equal_the_literal_lagged_matrix(lengths, d, c, first, n_lags, seed):
    segments, lags = problem(lengths, d, c, seed), np.arange(first, first + n_lags)
    x, w, y = literal(segments, lags)
    found, p = moments(segments, lags), x.shape[1]
    same = torch.eye(d + 1, dtype=torch.float64)
    gram, norm = upper_gram(found, same, None, torch.float64)
    np.testing.assert_allclose(np.triu(gram.numpy()), np.triu(x.T @ (w[:, None] * x)), atol=1e-10)
    assert norm == pytest.approx(np.linalg.norm(x.T @ (w[:, None] * x)))
    np.testing.assert_allclose(found.cross.reshape(p, c).numpy(), x.T @ y, atol=1e-10)
    np.testing.assert_allclose(found.xsum.reshape(p).numpy(), w @ x, atol=1e-10)
    np.testing.assert_allclose(found.ysum.numpy(), y.sum(axis=0), atol=1e-10)
    assert found.n == w.sum()


@settings(max_examples=40, deadline=None)
@given(shapes, st.integers(0, 10**6))
def test_normal_equations_are_those_of_features_standardised_before_lagging(lengths, seed):
    segments, lags = problem([*lengths, 30], 3, 2, seed), np.arange(-2, 4)
    data = moments(segments, lags)
    mean, sd = data.scale()
    frames = np.vstack([np.repeat(s.values, s.weight.astype(int), axis=0) for s in segments])
    np.testing.assert_allclose(mean.numpy(), frames.mean(axis=0))
    np.testing.assert_allclose(sd.numpy(), frames.std(axis=0))
    ready = [Segment((s.values - mean.numpy()) / sd.numpy(), s.weight, s.response, s.power) for s in segments]
    x, w, y = literal(ready, lags, with_ones=False)
    xc, yc = x - w @ x / w.sum(), y - w[:, None] * y.sum(axis=0) / w.sum()
    system = Primal(data, mean, sd)
    gram, _ = system.upper(torch.float64)
    np.testing.assert_allclose(np.triu(gram.numpy()), np.triu(xc.T @ (w[:, None] * xc)), atol=1e-9)
    np.testing.assert_allclose(system.rhs().numpy(), xc.T @ yc, atol=1e-9)


@pytest.mark.parametrize("edge_bytes", [1, 2**27])
def test_moments_of_parts_add_up_however_many_edges_are_held_at_a_time(edge_bytes, monkeypatch):
    monkeypatch.setattr("brainalign.linalg.gram.EDGE_BYTES", edge_bytes)
    a, b, lags = problem([20, 9], 3, 2, 0), problem([15], 3, 2, 1), np.arange(-2, 3)
    same = torch.eye(4, dtype=torch.float64)
    parts, _ = upper_gram(total([moments(a, lags), moments(b, lags)]), same, None, torch.float64)
    x, w, _ = literal(a + b, lags)
    np.testing.assert_allclose(np.triu(parts.numpy()), np.triu(x.T @ (w[:, None] * x)), atol=1e-10)


def test_a_constant_feature_is_standardised_to_zero_not_to_infinity():
    s = problem([30], 2, 1, 0)[0]
    flat = Segment(np.c_[s.values, np.full(30, 7.3)], s.weight, s.response, s.power)
    mean, sd = moments([flat], np.arange(2)).scale()
    assert sd[2] == 1.0 and mean[2] == pytest.approx(7.3)


@given(st.integers(1, 12), st.integers(-14, 5), st.integers(1, 12), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_convolve_is_the_product_with_the_lagged_matrix(length, first, n_lags, seed):
    rng = np.random.default_rng(seed)
    values, lags = rng.normal(size=(length, 3)), np.arange(first, first + n_lags)
    coef = rng.normal(size=(n_lags, 3, 2))
    expected = lag_matrix(values, lags) @ coef.reshape(-1, 2)
    np.testing.assert_allclose(convolve(values, coef, lags), expected, atol=1e-12)


def test_the_papers_window_has_twenty_lags():
    assert lags_of(0.0, 0.38, 50.0).tolist() == list(range(20))
    assert lags_of(-0.1, 0.1, 50.0).tolist() == list(range(-5, 6))


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_only_a_feature_whose_mean_is_many_deviations_off_is_centred_first(unit):
    rng = np.random.default_rng(0)
    parts = [
        unit * (rng.normal(size=(80, 4)) * [1.0, 1.0, 5.0, 0.0] + [0.0, 1.1 * FAR, 1.1 * FAR, 0.0]) for _ in range(3)
    ]
    centre = far_centre(parts)
    assert centre == pytest.approx([0.0, np.concatenate(parts)[:, 1].mean(), 0.0, 0.0], rel=1e-12)
    assert far_centre([p[:, [0, 2, 3]] for p in parts]) is None  # a feature of zeros has nothing to take off


def test_rows_to_score_on_go_to_the_device_that_is_asked_for():
    here = HeldOut(moments(problem([9], 2, 3, 0), np.arange(3)))
    assert here.to(torch.device("cpu")) is here
    assert here.to(torch.device("meta")).moments.products.device.type == "meta"
