"""Shared and rest together are the truncated space; silence is silent; the null knows no pairing."""

import numpy as np
import pytest

from brainalign.spaces import PairedRows, SharedSpace
from brainalign.spaces.projected import ProjectedSpace


def models(seed=0, n=600, shared=3, private=5):
    rng = np.random.default_rng(seed)
    s = rng.normal(size=(n, shared))
    return [
        np.hstack([s + 0.3 * rng.normal(size=s.shape), rng.normal(size=(n, private))])
        @ rng.normal(size=(shared + private, shared + private))
        for _ in range(2)
    ]


def test_shared_and_rest_span_the_truncated_space():
    x, y = models()
    space = SharedSpace(k=3, variance=1.0).fit(x, y)
    part = {p: space.transform(x[:50], "x", p) for p in ("shared", "rest", "truncated")}
    assert part["shared"].shape[1] == 3 and part["rest"].shape[1] == 5
    np.testing.assert_array_equal(np.hstack([part["shared"], part["rest"]]), part["truncated"])
    both = np.c_[part["truncated"], np.ones(50)]
    residual = x[:50] - both @ np.linalg.lstsq(both, x[:50], rcond=None)[0]
    assert np.abs(residual).max() < 1e-9
    u, v = space.transform(x, "x", "shared"), space.transform(y, "y", "shared")
    np.testing.assert_allclose(np.diag(np.corrcoef(u.T, v.T)[:3, 3:]), space.cca.rho[:3], atol=1e-9)


def test_nothing_of_the_test_rows_can_change_the_fit():
    x, y = models()
    rows = PairedRows({"a": x[:300], "b": x[300:]}, {"a": y[:300], "b": y[300:]})
    swapped = PairedRows({"a": x[:300], "b": -7 * x[300:]}, {"a": y[:300], "b": y[300:] + 5})
    keep = {"a": np.ones(300, bool)}
    fits = [SharedSpace(k=3).fit(*r.take(keep)[:2]) for r in (rows, swapped)]
    np.testing.assert_array_equal(fits[0].cca.rho, fits[1].cca.rho)
    np.testing.assert_array_equal(fits[0].cca.x.basis, fits[1].cca.x.basis)


def test_held_out_correlation_of_shared_variates_beats_the_null_and_of_private_ones_does_not():
    x, y = models(n=1500)
    space = SharedSpace(k=3, variance=1.0).fit(x[:1000], y[:1000])
    table = space.canonical_table((x[1000:], y[1000:], [100] * 5), 200, np.random.default_rng(0))
    assert (table["held_out"][:3] > 0.8).all() and (table["null_95"] < 0.2).all()
    # 5 private components: the chance that one of them passes its 95th percentile by a lot is small
    assert (table["held_out"][3:] < 0.2).all()


def test_k_leaves_a_rest():
    x, y = models()
    assert SharedSpace(k=50, variance=1.0).fit(x, y).k_ == 7


@pytest.mark.parametrize("sizes", [[90] * 10, [450, 450]])  # whole stimuli, and stretches of two long ones
def test_a_projection_keeps_the_directions_that_the_other_space_has(sizes):
    rng = np.random.default_rng(0)
    y = rng.normal(size=(900, 2))
    x = np.hstack([y + 0.3 * rng.normal(size=y.shape), rng.normal(size=(900, 3))])
    found = ProjectedSpace.fit(x, y, sizes, rng)
    assert found.n == 2 and (found.held_out > 0.9).all() and (found.null < 0.3).all()
    assert ProjectedSpace.fit(x[:, 2:], y, sizes, rng).n == 0


def test_directions_are_held_out_and_their_null_shuffles_the_stretches_of_each_stimulus():
    x, y = models(n=115)
    sizes = [40, 55, 20]  # stretches of five groups begin and end inside the stimuli
    found = ProjectedSpace.fit(x, y, sizes, np.random.default_rng(3))
    rng, ends = np.random.default_rng(3), np.cumsum(sizes)
    tables = []
    for start in range(0, 115, 23):
        inside = np.arange(start, start + 23)
        outside = np.setdiff1d(np.arange(115), inside)
        own = [n for n in (np.searchsorted(ends, inside, side="right") == s for s in range(3)) if n.any()]
        space = SharedSpace(k=1, variance=1.0).fit(x[outside], y[outside])
        tables.append(space.canonical_table((x[inside], y[inside], [int(n.sum()) for n in own]), 100, rng))
    np.testing.assert_allclose(found.held_out, np.mean([t["held_out"] for t in tables], axis=0))
    np.testing.assert_allclose(found.null, np.mean([t["null_95"] for t in tables], axis=0))
