"""Alphas from the largest down: the choices of the whole grid, with fewer of them solved for."""

import numpy as np
import pytest

from brainalign.data.splits.split import split_groups
from brainalign.encoding import inner
from brainalign.encoding.design import Design, SegmentMoments
from brainalign.encoding.inner import Search, choose, inner_curves
from brainalign.encoding.nested import fit_outer
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.bands import Bands
from brainalign.linalg.lags import lag_matrix

LAGS, GRID = np.arange(3), [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6]
ONE = Bands((30,), np.ones((1, 1)))


def world(seed=0, c=6, missing=False):
    """A design whose electrodes follow the features more or less, and the features."""
    rng = np.random.default_rng(seed)
    names = [f"s{i}" for i in range(8)]
    x = {s: rng.normal(size=(60, 30)) for s in names}
    kernel = rng.normal(size=(90, c)) * np.geomspace(0.01, 0.06, c)
    y = [lag_matrix(x[s], LAGS) @ kernel + rng.normal(size=(60, c)) for s in names]
    if missing:
        y[2][10:40, 1:3] = np.nan
    return Design(names, y, split_groups(names, [60] * 8, 4, 0, "stimulus")), x


@pytest.fixture
def tried(monkeypatch):
    """How many alphas each path was asked for, and how many it tried."""
    found, scores = [], inner.banded_scores

    def counted(*given):
        r2 = scores(*given)
        found.append((len(given[3]), r2.shape[1]))
        return r2

    monkeypatch.setattr(inner, "banded_scores", counted)
    return found


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_choices_and_scores_are_those_of_the_whole_grid(dtype, missing, tried):
    design, x = world(missing=missing)
    how = Arithmetic(dtype=dtype, solver="cholesky")
    whole = fit_outer(design, x, LAGS, GRID, how)
    assert set(tried) == {(7, 7)}
    tried.clear()
    found = fit_outer(design, x, LAGS, GRID, how, Search(descend=True))
    for name in ("alpha", "inner", "r", "r2"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))
    assert len(np.unique(whole.alpha)) > 2 and 0 < sum(n for _, n in tried) < 0.9 * 7 * len(tried)


def test_an_alpha_that_all_share_is_searched_in_the_whole_grid(tried):
    design, x = world(1, missing=True)  # groups of electrodes that end at different alphas have no mean in common
    fit_outer(design, x, LAGS, GRID, Arithmetic(solver="cholesky"), Search(rule="shared", descend=True))
    assert {n for _, n in tried} == {7}


def curves_of(planted, monkeypatch):
    """What the search makes of planted curves: fold pair (by their count) -> R2 from the largest alpha down, and the paths it asked for."""
    design, x = world(c=1)
    asked, pairs = [], {}

    def scores(problem, bands, tests, alphas, arithmetic, enough):
        pair = pairs.setdefault(tuple(sorted(float(t.moments.ysum.sum()) for t in tests)), len(pairs))
        r2 = np.tile(np.asarray(planted(pair))[None, :, None], (len(tests), 1, 1))
        at = [GRID[::-1].index(alpha) for alpha in alphas]
        asked.append((pair, alphas))
        for n in range(1, len(at) + 1):
            if enough is not None and enough(r2[:, at[:n]]):
                return r2[:, at[:n]]
        return r2[:, at]

    monkeypatch.setattr(inner, "banded_scores", scores)
    sums = SegmentMoments(LAGS).of(design.groups[0], x)
    curve = inner_curves(sums, design.split, GRID, range(4), Arithmetic(), Search(descend=True), ONE)
    return curve, asked


def test_where_the_mean_still_rises_the_paths_that_stopped_go_on(monkeypatch):
    early, late = [0.5, 0.4, 0.3, 0.2, 0.1, 0.0, -0.1], [0.0, 0.2, 0.5, 0.9, 0.8, 0.1, 0.0]
    curve, asked = curves_of(lambda pair: early if pair == 0 else late, monkeypatch)
    # of folds 0 and 1 one path is early and two are late: the mean is highest at the fourth from the top, and seen to fall at the fifth
    np.testing.assert_allclose(curve[0, ::-1, 0][:5], [0.5 / 3, 0.8 / 3, 1.3 / 3, 2.0 / 3, 1.7 / 3])
    assert np.isnan(curve[0, :2]).all() and choose(curve[0]).tolist() == [3]
    assert [alphas for pair, alphas in asked if pair == 0][1:] == [[1e4], [1e3], [100.0]]
    assert all(len(alphas) == 7 for pair, alphas in asked if pair)


def test_a_path_without_any_score_is_not_asked_again(monkeypatch):
    curve, asked = curves_of(
        lambda pair: [np.nan] * 7 if pair == 0 else [0.0, 0.2, 0.5, 0.9, 0.8, 0.1, 0.0], monkeypatch
    )
    assert len(asked) == 6 and choose(curve[0]).tolist() == [3]


@pytest.mark.parametrize(("depth", "chosen"), [(0.005, 4), (0.02, 6)])
def test_an_alpha_beyond_a_shallow_valley_is_found_and_beyond_a_deep_one_is_not(depth, chosen, monkeypatch):
    curve, _ = curves_of(lambda pair: [0.1, 0.1 - depth, 0.3, 0.2, 0.1, 0.0, 0.0], monkeypatch)
    assert choose(curve[0]).tolist() == [chosen]
