"""An electrode's own p: uniform without signal, small with it, right in its parts."""

from itertools import product

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import binom, kstest

from brainalign.analysis.validation.guarded import LAGS as SHORT
from brainalign.analysis.validation.guarded import slow, unrelated
from brainalign.data.splits.split import split_groups
from brainalign.encoding.design import Design
from brainalign.encoding.nested import fit_outer
from brainalign.stats import permutation, shift_p
from brainalign.study.significance import electrode_p

LAGS = np.arange(10)


def fitted(seed, signal=0.0, electrodes=1000, folds=5, memory=0.8):
    """Autocorrelated responses to 50 stimuli, the first 4 heard three times, and nested ridge TRFs that were really fitted."""
    rng = np.random.default_rng(seed)

    def series(n, d):
        return lfilter([np.sqrt(1 - memory**2)], [1, -memory], rng.normal(size=(n + 50, d)), axis=0)[50:]

    features = {f"s{i:02d}": series(int(rng.integers(50, 90)), 8) for i in range(50)}
    heard = [*features, *list(features)[:4] * 2]
    weights = signal * rng.normal(size=(8, electrodes))
    responses = [features[s] @ weights + series(len(features[s]), electrodes) for s in heard]
    design = Design(heard, responses, split_groups(heard, [len(y) for y in responses], folds, seed, "stimulus"))
    return design, fit_outer(design, features, LAGS, [1.0, 100.0, 1e4])


@pytest.fixture(scope="module")
def silent():
    return fitted(0)


def distance(p):
    return kstest(p, "uniform").statistic * np.sqrt(len(p))


def test_p_is_uniform_without_signal(silent):
    p = electrode_p(*silent, window=len(LAGS), draws=500, seed=0).p
    assert distance(p) < 1.949  # Kolmogorov's distribution at .001
    assert 0.03 < (p <= 0.05).mean() < 0.072  # binomial bounds at .001, below a little more


def test_shifts_alone_would_call_too_many_significant(silent, monkeypatch):
    """Folds train each other: their scores correlate 1 / (folds - 1) without signal, and shifts of single folds do not know."""
    between = np.corrcoef(silent[1].r)[np.triu_indices(5, 1)]
    assert between.mean() == pytest.approx(1 / 4, abs=0.05)
    monkeypatch.setattr(permutation, "WIDER", 1.0)
    p = electrode_p(*silent, window=len(LAGS), draws=500, seed=0).p
    assert distance(p) > 1.949 and (p <= 0.05).mean() > 0.09


def test_planted_signal_is_found():
    design, scores = fitted(1, signal=0.1, electrodes=60)
    p = electrode_p(design, scores, window=len(LAGS), draws=500, seed=0).p
    assert 0.1 < np.nanmean(scores.r) < 0.4 and (p <= 0.05).mean() > 0.9
    assert p.min() == 1 / 501


def test_one_fold_is_every_shift_written_out():
    rng = np.random.default_rng(2)
    y, f = rng.normal(size=(2, 80, 3))
    f[:, 1] += y[:, 1]
    p, m, _ = shift_p([y], [f], window=6, draws=1000, seed=0)
    for e in range(3):
        null = [np.corrcoef(f[:, e], np.roll(y[:, e], s))[0, 1] for s in range(7, 80 - 7 + 1)]
        assert m[e] == len(null) == 67
        assert p[e] == (1 + np.sum(null >= np.corrcoef(f[:, e], y[:, e])[0, 1])) / 68


def test_two_folds_are_the_widened_sum_of_theirs():
    """With as many draws as pairs of shifts there are, p comes close to that of all pairs."""
    rng = np.random.default_rng(3)
    y, f = (list(part) for part in rng.normal(size=(2, 2, 70, 20)))
    p, m, _ = shift_p(y, f, window=6, draws=5000, seed=0)
    assert (m == 57**2).all()
    for e in range(20):
        r = [[np.corrcoef(b[:, e], np.roll(a[:, e], s))[0, 1] for s in range(70)] for a, b in zip(y, f, strict=True)]
        null = np.array([r[0][i] + r[1][j] for i, j in product(range(7, 64), repeat=2)])
        widened = null.mean() + np.sqrt(2) * (null - null.mean())
        assert p[e] == pytest.approx((1 + np.sum(widened >= r[0][0] + r[1][0])) / (1 + 57**2), abs=0.04)


def test_shifts_exceed_window_and_own_autocorrelation():
    """A slow electrode has fewer shifts than a fast one; both have fewer the longer the window."""
    rng = np.random.default_rng(4)
    fast = rng.normal(size=(400, 1))
    slow = lfilter([1], [1, -0.97], rng.normal(size=(600, 1)), axis=0)[200:]
    y, f = np.hstack([fast, slow]), rng.normal(size=(400, 2))
    m = shift_p([y], [f], window=20, draws=10_000, seed=0)[1]
    assert m[0] == 400 - 2 * 21 + 1 and 200 <= m[1] < m[0]
    assert shift_p([y], [f], window=60, draws=10_000, seed=0)[1][0] == 400 - 2 * 61 + 1


def test_missing_rows_are_left_out_and_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(5)
    y, f = ([rng.normal(size=(n, 7)) for n in (90, 120)] for _ in range(2))
    y[0][:, 3] = np.nan  # an electrode not recorded in a fold
    y[1][10:30, 4] = np.nan
    y[0][:, 5], y[1][:, 5] = np.nan, np.nan
    whole = shift_p(y, f, window=5, draws=200, seed=1)[0]
    monkeypatch.setattr(permutation, "BLOCK", 2)
    np.testing.assert_array_equal(whole, shift_p(y, f, window=5, draws=200, seed=1)[0])
    keep = np.isfinite(y[1][:, 4])
    alone = shift_p([y[0][:, 4:5], y[1][keep, 4:5]], [f[0][:, 4:5], f[1][keep, 4:5]], window=5, draws=200, seed=1)[0]
    assert whole[4] == alone[0]
    assert whole[3] == shift_p([y[1][:, 3:4]], [f[1][:, 3:4]], window=5, draws=200, seed=1)[0][0]
    assert np.isnan(whole[5]) and np.isfinite(whole[[0, 1, 2, 3, 4, 6]]).all()


def test_a_constant_prediction_is_never_significant_and_a_short_fold_has_no_p():
    y = np.random.default_rng(6).normal(size=(100, 1))
    assert shift_p([y, y], [np.ones_like(y)] * 2, window=5, draws=99, seed=0)[0][0] == 1.0
    assert np.isnan(shift_p([y[:20]], [y[:20]], window=5, draws=99, seed=0)[0][0])


def test_repeats_of_a_stimulus_do_not_land_on_themselves():
    """The same response three times over would match its own prediction at two shifts; averaged, it stands once."""
    rng = np.random.default_rng(7)
    response = rng.normal(size=(80, 1))
    names = ["a"] * 3 + ["b", "c"]
    values = [response] * 3 + [rng.normal(size=(80, 1)) for _ in range(2)]
    design = Design(names, values, split_groups(names, [80] * 5, 3, 0, "stimulus"))
    predictions = [
        {design.stimuli[i]: design.responses[i].astype(np.float32) for i, _ in design.test_rows(f)} for f in range(3)
    ]
    scores = fit_outer(design, {s: rng.normal(size=(80, 1)) for s in "abc"}, np.arange(2), [1.0])
    scores.predictions = predictions
    assert electrode_p(design, scores, window=5, draws=999, seed=0).p[0] == 1 / 1000


@pytest.mark.parametrize(("folds", "frames", "memory"), [(10, 60, 0.9), (5, 72, 0.9)])
def test_folds_that_are_short_beside_the_autocorrelation_have_no_p(folds, frames, memory):
    design, scores = unrelated(0, folds, frames, memory, 60)
    found = electrode_p(design, scores, window=len(SHORT), draws=199, seed=0)
    assert np.isnan(found.p).mean() > 0.9 and np.nanmedian(found.independent) < permutation.INDEPENDENT


def test_folds_that_are_long_enough_have_one_and_independent_shifts_are_bartletts():
    design, scores = unrelated(1, 5, 800, 0.9, 60)
    found = electrode_p(design, scores, window=len(SHORT), draws=199, seed=0)
    assert np.isfinite(found.p).all() and (found.p < 0.05).sum() <= binom.ppf(0.9999, 60, 0.05)
    y, f = (slow(np.random.default_rng(s), 20_000, 20, 0.8) for s in (1, 2))
    n = permutation.shift_p([y], [f], window=5, draws=9, seed=0).independent
    assert np.median(n) == pytest.approx(20_000 * (1 - 0.8**2) / (1 + 0.8**2), rel=0.1)


def test_chance_agreement_of_smooth_series_is_more_than_that_of_white_ones():
    rng = np.random.default_rng(0)
    a, b = slow(rng, 300, 100, 0.9), slow(rng, 300, 100, 0.9)
    null = permutation.shifted_agreement(a, b, window=5)
    direct = np.mean([np.corrcoef(x, y)[0, 1] ** 2 for x, y in zip(a.T, b.T, strict=True)])
    assert null.mean() == pytest.approx(direct, rel=0.35) and null.mean() > 5 / 300
    assert np.isnan(permutation.shifted_agreement(a, np.ones_like(b), window=5)).all()


@pytest.mark.parametrize("n", [96, 97, 101])  # of small factors, and prime
def test_shifts_go_in_a_circle_whatever_the_number_of_rows(n):
    rng = np.random.default_rng(n)
    y, f = rng.normal(size=(2, n, 3)).cumsum(axis=1)
    r, lag, variance = permutation._all_shifts(y, f)
    by_hand = [[np.corrcoef(np.roll(y[:, i], shift), f[:, i])[0, 1] for i in range(3)] for shift in range(n)]
    np.testing.assert_allclose(r, by_hand, atol=1e-12)
    own = np.array([[np.corrcoef(np.roll(y[:, i], shift), y[:, i])[0, 1] for i in range(3)] for shift in range(n)])
    assert lag.tolist() == (own < permutation.FADED).argmax(axis=0).tolist()
    other = np.array([[np.corrcoef(np.roll(f[:, i], shift), f[:, i])[0, 1] for i in range(3)] for shift in range(n)])
    near = np.minimum(np.arange(n), n - np.arange(n))[:, None] < lag
    np.testing.assert_allclose(variance, np.maximum((near * own * other).sum(axis=0), 1) / n, atol=1e-12)
