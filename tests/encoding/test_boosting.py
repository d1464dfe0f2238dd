"""BoostingTRF against a plain loop over the lagged matrix, and against what is planted."""

import numpy as np
import pytest
from sklearn.base import clone

from brainalign.config.encoding import boosting_of
from brainalign.data.splits.split import split_groups
from brainalign.encoding import BoostingTRF, RidgeTRF
from brainalign.encoding.design import Design
from brainalign.encoding.inner import Search
from brainalign.encoding.nested import fit_outer
from brainalign.encoding.plan import plan_fit
from brainalign.errors import BrainalignError
from brainalign.linalg.boosting import _Absolutes, _responses, _spread, _Squares, boost
from brainalign.linalg.boosting_rule import Boosting
from brainalign.linalg.gram import transform
from brainalign.linalg.lags import convolve, lag_matrix
from brainalign.linalg.moments import moments
from brainalign.linalg.stack import Segment

LAGS = np.arange(-1, 4)
FOLDS = [([1, 2, 3], [0]), ([0, 2, 3], [1]), ([0, 1, 3], [2]), ([0, 1, 2], [3])]


def data(lengths=(90, 70, 110, 80), d=3, c=2, seed=0, noise=1.5):
    rng = np.random.default_rng(seed)
    x = [np.convolve(rng.normal(size=n * d), [0.5, 1, 0.5], "same").reshape(n, d) + 2 for n in lengths]
    kernel = np.zeros((5, d, c))
    kernel[2, 0], kernel[3, 1, 0], kernel[0, 2, 1] = 1.0, -0.8, 0.5
    y = [convolve(v, kernel, LAGS) + noise * rng.standard_t(3, size=(len(v), c)) + 4 for v in x]
    return x, y


def loop(x, y, folds, delta, error, smallest=None, patience=0):
    """(lags, d) weights of one response by the plainest loop: every step is tried on all rows (selective stopping: only at once)."""
    d, keep = x[0].shape[1], [np.isfinite(v) for v in y]
    size = (lambda e: np.abs(e).sum()) if error == "l1" else (lambda e: (e**2).sum())
    rows, target = (
        np.vstack([v[k] for v, k in zip(x, keep, strict=True)]),
        np.concatenate([v[k] for v, k in zip(y, keep, strict=True)]),
    )
    spread = (lambda v: np.abs(v - v.mean(0)).mean(0)) if error == "l1" else (lambda v: v.std(0))
    sx, sy = spread(rows), spread(target)
    big = [
        (lag_matrix(v, LAGS)[k] - np.tile(rows.mean(0), len(LAGS))) / np.tile(sx, len(LAGS))
        for v, k in zip(x, keep, strict=True)
    ]
    small = [(v[k] - target.mean()) / sy for v, k in zip(y, keep, strict=True)]
    found = []
    for train, test in folds:
        (a, ya), (b, yb) = (
            (np.vstack([big[i] for i in p]), np.concatenate([small[i] for i in p])) for p in (train, test)
        )
        w, step, used = np.zeros(a.shape[1]), delta, np.ones(d, dtype=bool)
        path, last = [(w.copy(), size(ya), size(yb))], None  # those that were not undone
        for n in range(1, 3000):
            tries = [
                (size(ya - a @ w - s * step * a[:, j]), j, s * step)
                for j in range(len(w))
                if used[j % d]
                for s in (1, -1)
            ]
            lowest, j, move = min(tries)
            if lowest >= path[-1][1]:
                step /= 2
                if smallest is None or step < smallest:
                    break
                path.append(path[-1])  # a round in which nothing moved
                last = None
                continue
            if last == (j, -move):
                break
            w[j] += move
            last = j, move
            path.append((w.copy(), lowest, size(yb - b @ w)))
            if n >= 2 and path[-1][2] > path[-2][2]:
                if patience:
                    used[j % d] = False
                    if not used.any():
                        break
                    path.pop()
                    w, last = path[-1][0].copy(), None
                elif n > 10 and path[-1][2] > path[-3][2]:
                    break
        best = int(np.argmin([held for _, _, held in path]))
        if best:
            found.append(path[best][0])
    return (np.mean(found, axis=0) if found else np.zeros(len(w))).reshape(len(LAGS), d) * sy / sx


@pytest.mark.parametrize("error", ["l2", "l1"])
@pytest.mark.parametrize(("smallest", "patience"), [(None, 0), (None, 1), (0.004, 0)])
def test_takes_the_steps_of_a_plain_loop_on_ragged_and_masked_presentations(error, smallest, patience):
    x, y = data(noise=0.05 if smallest else 1.5)
    y[1][20:40, 1], y[2][:15] = np.nan, np.nan
    trf = BoostingTRF(-0.02, 0.06, 50.0, 0.03, smallest, error, patience, FOLDS).fit(x, y)
    for e in range(2):
        expected = loop(x, [v[:, e] for v in y], FOLDS, 0.03, error, smallest, patience)
        np.testing.assert_allclose(trf.coef_[:, :, e], expected, atol=1e-12)
        assert np.abs(expected).max() > 0.3
    residual = np.vstack(y) - np.vstack(trf.predict(x))
    assert (
        np.abs(np.nanmean(residual, axis=0)) < 0.2
    ).all()  # the intercept is on the scale of what came: the mean is 4 + 2 sum w


def test_steps_are_of_one_size_errors_fall_and_the_best_step_is_restored():
    x, y = data(noise=2.5)
    parts = [Segment(v, np.ones(len(v)), r, (r**2).sum(0)) for v, r in zip(x, y, strict=True)]
    train, test, whole = (moments(p, LAGS) for p in (parts[:3], parts[3:], parts))
    for kind, error in ((_Squares, "l2"), (_Absolutes, "l1")):
        rule = Boosting(error, 0.02)
        mean, scale = _spread(whole, rule)
        centre, unit = _responses(whole, rule)
        for grown in kind(train, test, transform(mean, scale), 0 * mean).grow(slice(0, 2), centre, unit, rule):
            steps = grown.coef / 0.02
            np.testing.assert_allclose(steps, steps.round(), atol=1e-9)
            assert np.abs(steps).sum() <= grown.best + 1e-9
            assert (np.diff(grown.train) < 0).all()
            assert grown.best == grown.held_out.argmin() < len(grown.held_out) - 1  # it went too far, and back
        found = boost(whole, [(train, test)], rule, padded=True)
        assert (found.score > 0).all() and (found.steps > 2).all()


def test_recovers_a_sparse_response_that_ridge_smears():
    rng = np.random.default_rng(1)
    x = [
        np.convolve(rng.normal(size=500), np.hanning(8), "same")[:, None] for _ in range(6)
    ]  # an envelope is as smooth
    kernel = np.zeros((16, 1, 1))
    kernel[4], kernel[10] = 1.0, -0.7
    y = [convolve(v, kernel, np.arange(16)) for v in x]
    y = [v + 2 * v.std() * rng.normal(size=v.shape) for v in y]
    sparse = BoostingTRF(0.0, 0.3, 50.0, cv=6).fit(x, y).coef_.ravel()
    ridge = RidgeTRF(0.0, 0.3, 50.0, alphas=np.logspace(-2, 6, 17), cv=6).fit(x, y).coef_.ravel()
    assert sorted(np.argsort(-np.abs(sparse))[:2].tolist()) == [4, 10]
    wrong = [np.abs(np.delete(w, [4, 10])).sum() / np.abs(w).sum() for w in (sparse, ridge)]
    assert wrong[0] < 0.15 < 0.5 < wrong[1]


def test_where_nothing_helps_weights_are_zero():
    x = [np.random.default_rng(i).normal(size=(60, 2)) for i in range(4)]
    trf = BoostingTRF(0.0, 0.0, 50.0, cv=FOLDS).fit(x, [np.full((60, 1), 3.0) for _ in x])
    assert not trf.coef_.any() and trf.intercept_ == pytest.approx(3.0) and not trf.n_steps_.any()
    assert np.isnan(trf.cv_scores_).all()


def test_nested_boosting_is_the_estimator_on_the_outer_training_set():
    x, y = data((80,) * 6, seed=3)
    names = [str(i) for i in range(6)]
    split = split_groups(names, [80] * 6, 3, 0, "stimulus")
    design = Design(names, y, split)
    scores = fit_outer(
        design,
        dict(zip(names, x, strict=True)),
        LAGS,
        [1.0],
        search=Search(boosting=Boosting(delta=0.02)),
        keep_weights=True,
    )
    training = [
        i
        for i in range(6)
        if i not in {int(a) for a, seg in enumerate(split.segments) if seg[0] in split.folds[0].test}
    ]
    there = [x[i] for i in training]
    centre = np.vstack(there).mean(0)
    inner = [[n for n, i in enumerate(training) if split.segments[i][0] in split.folds[f].test] for f in (1, 2)]
    trf = BoostingTRF(-0.02, 0.06, 50.0, 0.02, cv=[(inner[1], inner[0]), (inner[0], inner[1])])
    trf.fit([v - centre for v in there], [y[i] for i in training])
    expected = trf.coef_ * np.vstack(there).std(0)[:, None] / design.unit
    np.testing.assert_allclose(scores.weights[0], expected, atol=1e-6)
    np.testing.assert_allclose(scores.inner[0], trf.cv_scores_.mean(0))
    assert (scores.r > 0.2).all() and np.isnan(scores.alpha).all()


def test_clone_and_disk_and_a_plain_vector(tmp_path):
    x, y = data()
    trf = BoostingTRF(-0.02, 0.06, 50.0, cv=2)
    trf = clone(trf).fit(x, y)
    trf.save(tmp_path / "trf.npz")
    again = BoostingTRF.load(tmp_path / "trf.npz")
    np.testing.assert_array_equal(again.predict(x)[0], trf.predict(x)[0])
    assert again.get_params() == trf.get_params()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"delta": 0.0}, "delta=0.0"), ({"mindelta": 0.1}, "mindelta=0.1"), ({"error": "l3"}, "error='l3'"),
        ({"selective_stopping": -1}, "selective_stopping=-1"), ({"cv": 9}, "cv=9"),
    ],
)  # fmt: skip
def test_refuses(change, said):
    with pytest.raises(BrainalignError, match=said):
        BoostingTRF(**change).fit(*data())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("l1", "encoding.boosting=l1"), ({"deta": 0.1}, "encoding.boosting.deta.*delta"), ({"error": "l3"}, "encoding.boosting.*l3"),
        ({"delta": 2.0}, "encoding.boosting.*delta=2.0"),
    ],
)  # fmt: skip
def test_options_of_a_run_are_refused_by_their_key(given, said):
    with pytest.raises(BrainalignError, match=said):
        boosting_of(given)


@pytest.mark.parametrize("error", ["l2", "l1"])
def test_plan_counts_partitions_and_no_alphas(error):
    y, names = data((80,) * 6)[1], [str(i) for i in range(6)]
    plan = plan_fit(
        Design(names, y, split_groups(names, [80] * 6, 3, 0, "stimulus")),
        3,
        5,
        7,
        search=Search(boosting=Boosting(error)),
    )
    assert (
        (plan.paths, plan.alphas, plan.features) == (6, 0, 15) and "boosting" in str(plan) and "alphas" not in str(plan)
    )


def test_absolute_errors_of_summed_repeats_are_refused():
    x, y = data((80,) * 6)
    names = ["a", "a", "b", "b", "c", "c"]
    design = Design(names, y, split_groups(names, [80] * 6, 3, 0, "stimulus"))
    with pytest.raises(BrainalignError, match="average them"):
        fit_outer(design, {n: x[i] for i, n in enumerate(names)}, LAGS, [1.0], search=Search(boosting=Boosting("l1")))
