"""Voxels in blocks: what streams gives what is held gives, and nothing as wide as all voxels is held but what is asked for."""

import numpy as np
import pytest

from brainalign.data.splits.split import split_blocks, split_groups
from brainalign.encoding import RidgeTRF, nested, tables
from brainalign.encoding.design import Design
from brainalign.encoding.fingerprint import fingerprint
from brainalign.encoding.nested import fit_outer
from brainalign.encoding.plan import plan_fit
from brainalign.encoding.summed import Summed
from brainalign.encoding.tables import pooled_r
from brainalign.linalg import arithmetic as arithmetic_module
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.lags import lag_matrix

LAGS, ALPHAS = np.arange(3), [1.0, 30.0, 1000.0]
NAMES = ("r", "r2", "inner", "alpha", "constant", "n")


def stream(monkeypatch, at_once):
    """All blocks of so many voxels."""
    for module in (arithmetic_module, nested, tables):
        monkeypatch.setattr(module, "AT_ONCE", at_once)
    monkeypatch.setattr(arithmetic_module, "HELD", at_once)


def world(seed=0, c=11, missing=True):
    """Six runs, one of them scanned three times; two voxels lack some volumes."""
    rng = np.random.default_rng(seed)
    x = {f"run{i}": rng.normal(size=(int(rng.integers(30, 40)), 4)) for i in range(6)}
    heard = [*x, "run1", "run1"]
    kernel = rng.normal(size=(12, c))
    y = [lag_matrix(x[s], LAGS) @ kernel + 4 * rng.normal(size=(len(x[s]), c)) + 7 for s in heard]
    if missing:
        y[2][5:9, 3], y[6][:, 10] = np.nan, np.nan
    return heard, x, y


def fitted(heard, x, y, kind, repeats, **how):
    lengths = [len(v) for v in y]
    blocks = (
        split_blocks(heard, lengths, 3, 3, skip=3) if kind == "blocks" else split_groups(heard, lengths, 3, 1, kind)
    )
    design = Design(heard, y, blocks, repeats=repeats)
    return design, fit_outer(design, x, LAGS, ALPHAS, Arithmetic(**how), keep_weights=True)


@pytest.mark.parametrize(
    ("kind", "repeats", "solver"),
    [("stimulus", "all", "eigh"), ("stimulus", "average", "dual"), ("blocks", "first", "cholesky"), ("presentation", "average", "auto")],
)  # fmt: skip
def test_scores_predictions_and_weights_are_those_of_voxels_held_together(kind, repeats, solver, monkeypatch):
    design, held = fitted(*world(), kind, repeats, solver=solver)
    stream(monkeypatch, 2)
    again, streamed = fitted(*world(), kind, repeats, solver=solver)
    for name in NAMES:
        np.testing.assert_allclose(getattr(streamed, name), getattr(held, name), atol=1e-6, err_msg=name)
    for a, b in zip(streamed.predictions, held.predictions, strict=True):
        assert a.keys() == b.keys() and len(a)
        for stimulus in a:
            np.testing.assert_allclose(a[stimulus], b[stimulus], atol=1e-4)
    np.testing.assert_allclose(np.stack(streamed.weights), np.stack(held.weights), atol=1e-5)
    np.testing.assert_allclose(pooled_r(again, streamed), pooled_r(design, held), atol=1e-6)


def test_the_estimator_streams_and_keeps_float32_responses(monkeypatch):
    heard, x, y = world(1)
    features, low = [x[s] for s in heard], [v.astype(np.float32) for v in y]
    held = RidgeTRF(tmax=0.04, alphas=ALPHAS, cv=3).fit(features, y, groups=heard)
    stream(monkeypatch, 2)
    streamed = RidgeTRF(tmax=0.04, alphas=ALPHAS, cv=3).fit(features, low, groups=heard)
    np.testing.assert_array_equal(streamed.alpha_, held.alpha_)
    np.testing.assert_allclose(streamed.coef_, held.coef_, atol=1e-5)
    np.testing.assert_allclose(streamed.intercept_, held.intercept_, atol=1e-4)
    np.testing.assert_allclose(streamed.cv_scores_, held.cv_scores_, atol=1e-5)
    again = RidgeTRF(tmax=0.04, alphas=ALPHAS, cv=3).fit(features, low, groups=heard)
    for name in ("alpha_", "coef_", "intercept_", "cv_scores_"):
        np.testing.assert_array_equal(getattr(streamed, name), getattr(again, name))  # bit for bit


def test_memory_mapped_responses_give_the_same_bits(monkeypatch, tmp_path):
    heard, x, y = world(2)
    for i, values in enumerate(y):
        np.save(tmp_path / f"{i}.npy", values.astype(np.float32))
    stream(monkeypatch, 3)
    fits = [
        fitted(heard, x, [np.load(tmp_path / f"{i}.npy", mmap_mode=mode) for i in range(len(y))], "stimulus", "all")[1]
        for mode in (None, "r")
    ]
    for name in NAMES:
        np.testing.assert_array_equal(getattr(fits[0], name), getattr(fits[1], name))


def test_no_array_of_all_voxels_is_made_but_predictions(monkeypatch):
    stream(monkeypatch, 4)
    widths = []
    read = Summed.__getitem__

    def spy(self, key):
        found = read(self, key)
        widths.append(found.shape[1])
        return found

    monkeypatch.setattr(Summed, "__getitem__", spy)
    heard, x, y = world(c=11, missing=False)
    design, _ = fitted(heard, x, y, "stimulus", "all")
    assert widths and max(widths) == 4
    assert all(given is mine for given, mine in zip(y, design.responses.given, strict=True))  # no copy of the responses


def test_the_fingerprint_of_a_design_reads_the_responses_once_and_tells_any_change(monkeypatch):
    heard, _, y = world(missing=False)
    split = split_groups(heard, [len(v) for v in y], 3, 1, "stimulus")
    before = fingerprint(Design(heard, y, split))
    read = []
    plain = np.ascontiguousarray
    monkeypatch.setattr(np, "ascontiguousarray", lambda v: read.append(v.nbytes) or plain(v))
    assert fingerprint(Design(heard, [v.copy() for v in y], split)) == before
    assert sum(read) < 1.5 * sum(v.nbytes for v in y)
    y[3][7, 5] += 1e-9
    assert fingerprint(Design(heard, y, split)) != before


def test_the_plan_of_a_hundred_thousand_voxels_is_below_8_gib_with_float32_responses():
    rng = np.random.default_rng(0)
    heard, rows, voxels = [f"run{i}" for i in range(5)], 720, 100_000
    flat = rng.normal(size=(rows, 1)).astype(np.float32)
    y = [np.broadcast_to(flat, (rows, 8)) for _ in heard]
    design = Design(heard, y, split_groups(heard, [rows] * 5, 5, 0, "stimulus"))
    design.center = np.zeros(voxels)
    design.groups = [type(g)(np.arange(voxels), g.segments) for g in design.groups]
    plan = plan_fit(design, 768, 4, 20, Arithmetic(dtype="float32"))
    assert plan.electrodes == voxels and plan.method.dual and plan.method.eigh
    responses = rows * 5 * voxels * 4
    assert plan.memory + 2 * responses < 8 * 2**30  # of the recording and of the grid
