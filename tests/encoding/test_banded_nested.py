"""Nested banded ridge against a literal loop, and against plain nested ridge where there is nothing to choose."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from brainalign.data.splits.split import split_groups
from brainalign.encoding import BandedRidgeTRF
from brainalign.encoding.banded_nested import fit_banded, side_by_side
from brainalign.encoding.design import Design, Sums
from brainalign.encoding.inner import Search
from brainalign.encoding.nested import fit_outer
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.bands import Bands
from brainalign.linalg.lags import lag_matrix

LAGS, ALPHAS, RATIOS = np.arange(3), [1.0, 30.0, 1000.0], [0.01, 1.0, 100.0]


def world(seed=0, widths=(2, 3, 2), strength=(1.0, 0.2, 0.0), n=12, c=5, noise=1.5):
    """Bands of features, of which the electrodes follow some strongly and some weakly."""
    rng = np.random.default_rng(seed)
    names = [f"s{i}" for i in range(n)]
    lengths = {s: int(rng.integers(20, 35)) for s in names}
    bands = [{s: rng.normal(size=(t, d)) * 3 + 1 for s, t in lengths.items()} for d in widths]
    heard = [*names, "s0", "s1"]
    kernels = [rng.normal(size=(3 * d, c)) / 3 * rng.choice([0.05, 1.0], size=c) for d in widths]
    y = []
    for s in heard:
        signal = sum(a * lag_matrix(b[s], LAGS) @ k for a, b, k in zip(strength, bands, kernels, strict=True))
        y.append(signal + noise * rng.normal(size=signal.shape))
    design = Design(heard, y, split_groups(heard, [len(v) for v in y], 4, 0, "stimulus"))
    return design, bands, heard, y


def literal(design, bands, heard, y, electrode, ratios):
    """Every step with scikit-learn on the scaled lagged columns: (ratios, alpha, inner score, outer r2) of each fold."""
    widths = [next(iter(b.values())).shape[1] for b in bands]
    x, fold_of = side_by_side(bands), [a[0] for a in design.split.segments]
    k = len(design.split.folds)

    def r2(train, test, alpha, row):
        frames = np.vstack([x[heard[i]] for i in train])
        scale = frames.std(axis=0) * np.sqrt(np.repeat(row, widths))
        big = [
            np.vstack([lag_matrix((x[heard[i]] - frames.mean(axis=0)) / scale, LAGS) for i in t]) for t in (train, test)
        ]
        target, actual = (np.concatenate([y[i][:, electrode] for i in t]) for t in (train, test))
        guess = Ridge(alpha).fit(big[0], target).predict(big[1])
        return 1 - ((actual - guess) ** 2).sum() / ((actual - target.mean()) ** 2).sum()

    out = []
    for f in range(k):
        curve = {}
        for later in product(ratios, repeat=len(bands) - 1):
            for alpha in ALPHAS:
                found = []
                for j in (j for j in range(k) if j != f):
                    train = [i for i in range(len(y)) if fold_of[i] not in (f, j)]
                    found.append(r2(train, [i for i in range(len(y)) if fold_of[i] == j], alpha, (1.0, *later)))
                curve[(1.0, *later), alpha] = np.mean(found)
        row, alpha = max(curve, key=curve.get)
        train, test = ([i for i in range(len(y)) if (fold_of[i] == f) == held] for held in (False, True))
        out.append((row, alpha, curve[row, alpha], r2(train, test, alpha, row)))
    return out


@pytest.mark.parametrize("eliminated", [False, True])
@pytest.mark.parametrize("n_bands", [2, 3])
def test_equals_a_literal_nested_loop_over_all_combinations(n_bands, eliminated, monkeypatch):
    method = Bands.method  # at this size a path for each combination counts less; the other way must give the same
    monkeypatch.setattr(
        Bands, "method", lambda self, **o: replace(method(self, **o), by_gram=False, eliminated=eliminated)
    )
    design, bands, heard, y = world(strength=(1.0, 0.2, 0.0)[:n_bands], widths=(2, 3, 2)[:n_bands])
    found = fit_banded(design, [(bands, range(4))], n_bands, RATIOS, LAGS, ALPHAS)
    chosen = set()
    for e in range(5 if n_bands == 2 else 3):
        for f, (row, alpha, inner, r2) in enumerate(literal(design, bands, heard, y, e, RATIOS)):
            np.testing.assert_array_equal(found.ratio[:, f, e], row)
            assert found.scores.alpha[f, e] == alpha
            assert found.scores.inner[f, e] == pytest.approx(inner, abs=1e-8)
            assert found.scores.r2[f, e] == pytest.approx(r2, abs=1e-6)  # predictions are kept in float32
            chosen.add(row)
    assert len(chosen) > 1  # there was a choice to make
    np.testing.assert_array_equal(found.alpha, found.ratio * found.scores.alpha)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ratio_one_alone_is_plain_ridge_bit_for_bit(dtype):
    design, bands, *_ = world(1)
    arithmetic = Arithmetic(dtype=dtype)
    plain = fit_outer(design, side_by_side(bands), LAGS, ALPHAS, arithmetic)
    found = fit_banded(design, [(bands, range(4))], 3, [1.0], LAGS, ALPHAS, arithmetic).scores
    for name in ("r", "r2", "inner", "alpha", "n"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name))
    for a, b in zip(found.predictions, plain.predictions, strict=True):
        assert all(np.array_equal(a[s], b[s], equal_nan=True) for s in b)


def test_folds_with_features_of_their_own_choose_as_if_alone():
    design, bands, *_ = world(2)
    others = [{s: np.abs(v) for s, v in band.items()} for band in bands]
    mixed = fit_banded(design, [(bands, [0, 2]), (others, [1, 3])], 3, RATIOS, LAGS, ALPHAS)
    for some, folds in ((bands, [0, 2]), (others, [1, 3])):
        alone = fit_banded(design, [(some, range(4))], 3, RATIOS, LAGS, ALPHAS)
        np.testing.assert_array_equal(mixed.ratio[:, folds], alone.ratio[:, folds])
        np.testing.assert_allclose(mixed.scores.r2[folds], alone.scores.r2[folds], atol=1e-12)


def test_a_weak_band_beside_a_strong_one_is_shrunk_on_its_own():
    design, bands, *_ = world(4, widths=(4, 30), strength=(1.0, 0.0), n=24, c=20, noise=4.0)
    banded = fit_banded(design, [(bands, range(4))], 2, RATIOS, LAGS, ALPHAS)
    plain = fit_outer(design, side_by_side(bands), LAGS, ALPHAS)
    assert (banded.ratio[1] == 100).mean() > 0.8
    assert banded.scores.r2.mean() > plain.r2.mean() + 0.005


def test_the_fit_of_a_fold_is_that_of_the_banded_estimator():
    design, bands, heard, y = world(5, widths=(2, 3), strength=(1.0, 0.3))
    found = fit_banded(design, [(bands, range(4))], 2, [10.0], LAGS, [30.0])
    train = [i for i, a in enumerate(design.split.segments) if a[0] != 1]
    x = side_by_side(bands)
    frames = np.vstack([x[heard[i]] for i in train])
    z = {s: (v - frames.mean(axis=0)) / frames.std(axis=0) for s, v in x.items()}
    kept = BandedRidgeTRF([2, 3], 0.0, 0.04, 50.0, alphas=[30.0, 300.0], cv=2, dtype="float64")
    kept.fit([z[heard[i]] for i in train], [y[i] for i in train])
    best = np.flatnonzero((kept.alpha_ == [[30.0], [300.0]]).all(axis=0))
    assert len(best)  # electrodes for which the estimator itself chose these
    for e in best:
        for i, segments in enumerate(design.split.segments):
            if segments[0] == 1:
                mine = found.scores.predictions[1][heard[i]][:, e] * design.unit[e] + design.center[e]
                np.testing.assert_allclose(mine, kept.predict([z[heard[i]]])[0][:, e], atol=1e-5)


def test_lag_products_are_computed_once_for_all_combinations(monkeypatch):
    design, bands, *_ = world(6)
    made = []
    monkeypatch.setattr(Sums, "_moments", lambda self, a, real=Sums._moments: made.append(a) or real(self, a))
    fit_banded(design, [(bands, range(4))], 3, RATIOS, LAGS, ALPHAS)
    assert len(made) == design.split.n_segments


def test_one_choice_for_all_electrodes():
    design, bands, *_ = world(7)
    found = fit_banded(design, [(bands, range(4))], 3, RATIOS, LAGS, ALPHAS, search=Search(rule="shared"))
    assert (found.alpha == found.alpha[:, :, :1]).all()


def test_the_outer_test_rows_have_no_say_in_the_choice():
    design, bands, heard, y = world(8)
    rng = np.random.default_rng(0)
    swapped = [rng.normal(size=v.shape) * 50 if a[0] == 2 else v for v, a in zip(y, design.split.segments, strict=True)]
    a = fit_banded(design, [(bands, range(4))], 3, RATIOS, LAGS, ALPHAS)
    b = fit_banded(Design(heard, swapped, design.split), [(bands, range(4))], 3, RATIOS, LAGS, ALPHAS)
    np.testing.assert_array_equal(a.alpha[:, 2], b.alpha[:, 2])
    assert not np.allclose(a.scores.r2[2], b.scores.r2[2])
