"""Nested selection against a literal loop, and proof that the outer test rows have no say in any choice."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from brainalign.data.splits.split import Fold, Split, split_blocks, split_groups
from brainalign.encoding.design import Design
from brainalign.encoding.inner import Search
from brainalign.encoding.layers import LayerSelection
from brainalign.encoding.nested import fit_outer
from brainalign.encoding.scores import over_folds, score
from brainalign.encoding.tables import pooled_r
from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.lags import lag_matrix

LAGS, ALPHAS = np.arange(4), [1.0, 30.0, 1000.0]


def world(seed=0, n=10, repeats=(0, 1), c=5, d=3, noise=2.0):
    """Stimuli, features and presentations; the electrodes follow the features through a kernel."""
    rng = np.random.default_rng(seed)
    names = [f"s{i}" for i in range(n)]
    x = {s: rng.normal(size=(int(rng.integers(20, 40)), d)) + 0.5 for s in names}
    heard = names + [names[i] for i in repeats]
    kernel = rng.normal(size=(4 * d, c))
    y = [lag_matrix(x[s], LAGS) @ kernel + noise * rng.normal(size=(len(x[s]), c)) + 4 for s in heard]
    return heard, x, y


def literal(heard, x, y, split, electrode):
    """Every step of nested selection with scikit-learn on the lagged matrix, standardised on training rows before lagging."""
    k = len(split.folds)

    def fit_and_predict(train_segments, test_segments, alpha):
        rows = {a: [i for i, v in enumerate(split.segments) if v[0] in a] for a in (train_segments, test_segments)}
        frames = np.vstack([x[heard[i]] for i in rows[train_segments]])
        mean, sd = frames.mean(axis=0), frames.std(axis=0)
        big = {a: np.vstack([lag_matrix((x[heard[i]] - mean) / sd, LAGS) for i in r]) for a, r in rows.items()}
        target = {a: np.concatenate([y[i][:, electrode] for i in r]) for a, r in rows.items()}
        model = Ridge(alpha).fit(big[train_segments], target[train_segments])
        return target[test_segments], model.predict(big[test_segments]), target[train_segments].mean()

    out = []
    for f in range(k):
        others = [j for j in range(k) if j != f]
        curve = []
        for alpha in ALPHAS:
            r2 = []
            for j in others:
                actual, guess, mean = fit_and_predict(tuple(a for a in others if a != j), (j,), alpha)
                r2.append(1 - ((actual - guess) ** 2).sum() / ((actual - mean) ** 2).sum())
            curve.append(np.mean(r2))
        alpha = ALPHAS[int(np.argmax(curve))]
        actual, guess, mean = fit_and_predict(tuple(others), (f,), alpha)
        r2 = 1 - ((actual - guess) ** 2).sum() / ((actual - mean) ** 2).sum()
        out.append((alpha, max(curve), np.corrcoef(actual, guess)[0, 1], r2))
    return np.array(out)


def test_equals_a_literal_nested_loop_with_scikit_learn():
    heard, x, y = world()
    split = split_groups(heard, [len(v) for v in y], 4, 0, "stimulus")
    found = fit_outer(Design(heard, y, split), x, LAGS, ALPHAS)
    for e in range(5):
        alpha, inner, r, r2 = literal(heard, x, y, split, e).T
        np.testing.assert_array_equal(found.alpha[:, e], alpha)
        np.testing.assert_allclose(found.inner[:, e], inner, atol=1e-10)
        np.testing.assert_allclose(found.r[:, e], r, atol=1e-6)  # predictions are kept in float32
        np.testing.assert_allclose(found.r2[:, e], r2, atol=1e-6)


def test_features_given_fold_by_fold_give_the_same():
    heard, x, y = world(1)
    design = Design(heard, y, split_groups(heard, [len(v) for v in y], 4, 0, "stimulus"))
    a, b = fit_outer(design, x, LAGS, ALPHAS), fit_outer(design, lambda _: x, LAGS, ALPHAS)
    np.testing.assert_allclose(a.r, b.r, atol=1e-12)
    np.testing.assert_array_equal(a.alpha, b.alpha)


def test_electrodes_with_missing_rows_are_fitted_as_if_alone():
    heard, x, y = world(2)
    rng = np.random.default_rng(0)
    y = [v.copy() for v in y]
    for v in y:
        v[rng.random(len(v)) < 0.3, 1:3] = np.nan  # two electrodes share a mask
    for i in (4, 7):
        y[i][:, 4] = np.nan  # a participant did not hear two of them
    lengths = [len(v) for v in y]
    split = split_groups(heard, lengths, 4, 0, "stimulus")
    whole = fit_outer(Design(heard, y, split), x, LAGS, ALPHAS)
    assert len(Design(heard, y, split).groups) == 3
    for e in range(5):
        alone = fit_outer(Design(heard, [v[:, [e]] for v in y], split), x, LAGS, ALPHAS)
        np.testing.assert_allclose(whole.r[:, e], alone.r[:, 0], atol=1e-9)
        np.testing.assert_array_equal(whole.n[e], sum(np.isfinite(v[:, e]).sum() for v in y))


def test_a_participant_who_heard_only_some_stimuli_is_scored_on_those_alone():
    heard, x, y = world(7, n=12, repeats=())
    split = split_groups(heard, [len(v) for v in y], 4, 0, "stimulus")
    part = [v.copy() for v in y]
    for v, segments in zip(part, split.segments, strict=True):
        if segments[0] == 1:
            v[:, 3:] = np.nan  # the last two electrodes have nothing in fold 1
    found = fit_outer(Design(heard, part, split), x, LAGS, ALPHAS)
    assert np.isnan(found.r[1, 3:]).all() and np.isfinite(np.delete(found.r, 1, axis=0)).all()
    # as if fold 1 did not exist: its three stimuli are dropped, the other folds keep their names
    keep = [i for i, segments in enumerate(split.segments) if segments[0] != 1]
    again = {0: 0, 2: 1, 3: 2}
    small = Split(
        "stimulus", tuple(np.full(len(y[i]), again[int(split.segments[i][0])]) for i in keep),
        tuple(Fold(frozenset({f}), frozenset({f})) for f in range(3)),
    )  # fmt: skip
    alone = fit_outer(Design([heard[i] for i in keep], [y[i][:, 3:] for i in keep], small), x, LAGS, ALPHAS)
    np.testing.assert_array_equal(found.alpha[[0, 2, 3], 3:], alone.alpha)
    np.testing.assert_allclose(found.r[[0, 2, 3], 3:], alone.r, atol=1e-9)
    np.testing.assert_allclose(over_folds(found.r)[3:], alone.r.mean(axis=0), atol=1e-9)


def test_an_electrode_recorded_in_one_fold_alone_has_no_score_there():
    heard, x, y = world(8, n=12, repeats=())
    split = split_groups(heard, [len(v) for v in y], 4, 0, "stimulus")
    part = [v.copy() for v in y]
    for v, segments in zip(part, split.segments, strict=True):
        if segments[0] != 2:
            v[:, 4] = np.nan
    found = fit_outer(Design(heard, part, split), x, LAGS, ALPHAS)
    assert np.isnan(found.r[:, 4]).all() and np.isfinite(found.r[:, :4]).all()


def test_swapping_the_outer_test_responses_changes_no_choice_and_no_prediction():
    heard, x, y = world(3)
    split = split_groups(heard, [len(v) for v in y], 4, 0, "stimulus")
    rng = np.random.default_rng(9)
    fold = 2
    swapped = [rng.normal(size=v.shape) * 50 if a[0] == fold else v for v, a in zip(y, split.segments, strict=True)]
    selections = []
    for responses in (y, swapped):
        selection = LayerSelection()
        # the grand mean that Design takes off must not matter either
        for layer, width in ((0, 1), (1, 2), (2, 3)):
            frames = {s: v[:, :width] for s, v in x.items()}
            selection.add(layer, fit_outer(Design(heard, responses, split), frames, LAGS, ALPHAS))
        selections.append(selection.nested)
    (a, layer_a), (b, layer_b) = selections
    np.testing.assert_array_equal(layer_a[fold], layer_b[fold])
    np.testing.assert_array_equal(a.alpha[fold], b.alpha[fold])
    np.testing.assert_allclose(a.inner[fold], b.inner[fold], atol=1e-9)
    assert not np.allclose(a.r[fold], b.r[fold])  # while the score itself does see the test rows


def test_nested_choice_finds_the_generating_layer_and_the_maximum_is_never_below_it():
    heard, x, y = world(4, n=20, noise=3.0)
    split = split_groups(heard, [len(v) for v in y], 5, 0, "stimulus")
    design, selection = Design(heard, y, split), LayerSelection()
    rng = np.random.default_rng(0)
    for layer, spoil in enumerate((3.0, 0.0, 1.0)):
        frames = {s: v + spoil * rng.normal(size=v.shape) for s, v in x.items()}
        selection.add(layer, fit_outer(design, frames, LAGS, ALPHAS))
    nested, layer = selection.nested
    assert (layer == 1).mean() > 0.9
    optimistic, _ = selection.optimum()
    assert (optimistic.r.mean(axis=0) >= nested.r.mean(axis=0) - 1e-12).all()
    for f, fold in enumerate(nested.predictions):  # predictions are those of the chosen layers
        rows = design.test_rows(f)
        actual = np.vstack([design.responses[i][m] for i, m in rows])
        guess = np.vstack([fold[design.stimuli[i]][m] for i, m in rows]).astype(float)
        np.testing.assert_allclose(score(actual, guess, np.zeros(5)).r, nested.r[f], atol=1e-9)
    assert pooled_r(design, nested).shape == (5,)


def test_unrelated_features_score_zero_on_average():
    rng = np.random.default_rng(5)
    heard, x, y = world(5, n=20)
    noise = {s: rng.normal(size=v.shape) for s, v in x.items()}
    y = [rng.normal(size=(len(v), 60)) for v in y]
    split = split_groups(heard, [len(v) for v in y], 4, 0, "stimulus")
    found = fit_outer(Design(heard, y, split), noise, LAGS, ALPHAS)
    rows = np.mean([sum(len(y[i]) for i, _ in Design(heard, y, split).test_rows(f)) for f in range(4)])
    # electrodes and folds are independent: 3.3 standard errors are broken by chance in less than 1 of 1000
    assert abs(found.r.mean()) < 3.3 / np.sqrt(rows * found.r.size)


def test_blocks_of_one_story_leave_the_gap_out_of_training():
    rng = np.random.default_rng(6)
    x = {"story": rng.normal(size=(200, 3))}
    y = [lag_matrix(x["story"], LAGS) @ rng.normal(size=(12, 2)) + rng.normal(size=(200, 2))]
    split = split_blocks(["story"], [200], 4, gap=4, skip=4)
    found = fit_outer(Design(["story"], y, split), x, LAGS, ALPHAS)
    (segments,) = split.segments
    for f in range(4):
        train, test = np.isin(segments, split.training(f)), np.isin(segments, list(split.folds[f].test))
        mean, sd = x["story"][train].mean(axis=0), x["story"][train].std(axis=0)
        big = lag_matrix((x["story"] - mean) / sd, LAGS)
        for e in range(2):
            guess = Ridge(found.alpha[f, e]).fit(big[train], y[0][train, e]).predict(big[test])
            assert found.r[f, e] == pytest.approx(np.corrcoef(guess, y[0][test, e])[0, 1], abs=1e-6)


def test_a_constant_prediction_scores_zero_and_is_counted():
    y = np.random.default_rng(0).normal(size=(30, 2))
    y[:, 1] = 5.0
    result = score(y, np.ones((30, 2)), y.mean(axis=0))
    assert result.r[0] == 0.0 and result.constant.all()
    assert np.isnan(result.r[1]) and np.isnan(result.r2[1])


def test_two_folds_leave_nothing_to_choose_on():
    heard, x, y = world()
    split = split_groups(heard, [len(v) for v in y], 2, 0, "stimulus")
    with pytest.raises(BrainalignError, match="at least 3"):
        fit_outer(Design(heard, y, split), x, LAGS, ALPHAS)


@pytest.mark.parametrize(
    ("inner_folds", "chosen_by"), [(1, [[1], [2], [3], [0]]), (2, [[1, 2], [2, 3], [3, 0], [0, 1]])]
)
def test_fewer_inner_folds_are_the_next_ones(inner_folds, chosen_by):
    heard, x, y = world()
    split = split_groups(heard, [len(v) for v in y], 4, 0, "stimulus")
    search = Search(inner_folds)
    found = fit_outer(Design(heard, y, split), x, LAGS, ALPHAS, search=search)
    fold_of = np.array([a[0] for a in split.segments])
    for f, inner in enumerate(chosen_by):
        assert search.chosen_by(4, f) == inner
        curve = 0.0
        for j in inner:
            train = [i for i in range(len(y)) if fold_of[i] not in (f, j)]
            test = [i for i in range(len(y)) if fold_of[i] == j]
            frames = np.vstack([x[heard[i]] for i in train])
            z = {s: (v - frames.mean(axis=0)) / frames.std(axis=0) for s, v in x.items()}
            big = [np.vstack([lag_matrix(z[heard[i]], LAGS) for i in which]) for which in (train, test)]
            target, actual = (np.vstack([y[i] for i in which]) for which in (train, test))
            errors = [actual - Ridge(a).fit(big[0], target).predict(big[1]) for a in ALPHAS]
            total = ((actual - target.mean(axis=0)) ** 2).sum(axis=0)
            curve = curve + np.array([1 - (e**2).sum(axis=0) / total for e in errors]) / len(inner)
        np.testing.assert_array_equal(found.alpha[f], np.array(ALPHAS)[curve.argmax(axis=0)])
        np.testing.assert_allclose(found.inner[f], curve.max(axis=0), atol=1e-10)


def test_a_shared_alpha_is_the_best_on_average_over_all_mask_groups():
    heard, x, y = world(1)
    y = [v.copy() for v in y]
    y[3][:9, 4] = np.nan
    split = split_groups(heard, [len(v) for v in y], 4, 0, "stimulus")
    design = Design(heard, y, split)
    assert len(design.groups) == 2
    fixed = [fit_outer(design, x, LAGS, [a]).inner for a in ALPHAS]  # (alphas, folds, c)
    found = fit_outer(design, x, LAGS, ALPHAS, search=Search(rule="shared"))
    best = np.array(ALPHAS)[np.mean(fixed, axis=2).argmax(axis=0)]
    np.testing.assert_array_equal(found.alpha, np.repeat(best[:, None], 5, axis=1))


@pytest.mark.parametrize("solver", ["cholesky", "eigh", "dual"])
def test_every_solver_makes_the_same_choices(solver):
    heard, x, y = world(2)
    split = split_groups(heard, [len(v) for v in y], 4, 0, "stimulus")
    design = Design(heard, y, split)
    a, b = (fit_outer(design, x, LAGS, ALPHAS, Arithmetic(solver=s)) for s in ("auto", solver))
    np.testing.assert_array_equal(a.alpha, b.alpha)
    np.testing.assert_allclose(a.r, b.r, atol=1e-7)
