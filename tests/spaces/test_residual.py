"""Residual context: the planted context comes back, its lexical part is gone, and test stimuli change nothing."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from brainalign.errors import BrainalignError
from brainalign.spaces import ResidualContext
from brainalign.spaces.residual import _folds, _r2

NAMES = [f"s{i:02d}" for i in range(30)]


def planted(seed=0, names=NAMES, n=60, past=0.0):
    """Lexical e, context of its own, and c = e A + past (e of three words before) B + own."""
    rng = np.random.default_rng(seed)
    a, b, d = rng.normal(size=(6, 8)), rng.normal(size=(6, 8)), rng.normal(size=(4, 8))
    e = {s: rng.normal(size=(n, 6)) for s in names}
    own = {s: rng.normal(size=(n, 4)) @ d for s in names}
    before = {s: np.vstack([np.zeros((3, 6)), e[s][:-3]]) for s in names}
    return e, {s: e[s] @ a + past * before[s] @ b + own[s] for s in names}, own


def stacked(words):
    return np.vstack([words[s] for s in sorted(words)])


def r2(truth, found):
    return 1 - ((truth - found) ** 2).sum() / ((truth - truth.mean(axis=0)) ** 2).sum()


def test_the_planted_context_comes_back_and_the_lexical_part_is_gone():
    e, c, own = planted()
    train, test = NAMES[:24], NAMES[24:]
    space = ResidualContext().fit({s: e[s] for s in train}, {s: c[s] for s in train})
    held_out = space.transform({s: e[s] for s in test}, {s: c[s] for s in test})
    assert r2(stacked({s: own[s] for s in test}), stacked(held_out)) > 0.98
    assert r2(stacked({s: own[s] for s in train}), stacked(space.training_residuals())) > 0.98
    assert space.check().before > 0.4 and abs(space.check().after) < 0.01
    assert "before" in str(space.check())


def test_past_words_are_removed_by_lexical_prev_alone():
    e, c, own = planted(past=1.0)
    kept, removed = ResidualContext().fit(e, c), ResidualContext(previous=24).fit(e, c)
    truth = stacked(own)
    assert r2(truth, stacked(removed.training_residuals())) > 0.85
    assert r2(truth, stacked(kept.training_residuals())) < 0
    assert abs(kept.check().after) < 0.01 and abs(removed.check().after) < 0.05
    first = removed.transform({"x": e["s00"][:1]}, {"x": c["s00"][:1]})["x"]
    np.testing.assert_allclose(first, removed.transform({"x": e["s00"]}, {"x": c["s00"]})["x"][:1], atol=1e-12)


@pytest.mark.parametrize("n", [60, 3])  # more rows than columns, and fewer
def test_it_is_scikit_learns_ridge(n):
    e, c, _ = planted(n=n)
    space = ResidualContext(previous=2 if n > 3 else 24, alphas=[3.0]).fit(e, c)
    z = (stacked(e) - stacked(e).mean(axis=0)) / stacked(e).std(axis=0)
    position = np.tile(np.arange(n), len(NAMES))
    design = np.hstack(
        [np.where((position >= k)[:, None], np.roll(z, k, axis=0), 0) for k in range(space.previous + 1)]
    )
    assert (design.shape[1] > len(design)) == (n == 3)
    expected = stacked(c) - Ridge(alpha=3.0).fit(design, stacked(c)).predict(design)
    np.testing.assert_allclose(stacked(space.transform(e, c)), expected, atol=1e-9)


def test_training_residuals_are_cross_fitted():
    """With as many columns as rows an in-sample residual is nearly nothing; a cross-fitted one is not."""
    rng = np.random.default_rng(3)
    e = {s: rng.normal(size=(4, 100)) for s in NAMES}
    c = {s: rng.normal(size=(4, 2)) for s in NAMES}
    space = ResidualContext(alphas=[0.01]).fit(e, c)
    inside, crossed = stacked(space.transform(e, c)), stacked(space.training_residuals())
    assert inside.std() < 0.6 < crossed.std()
    first = {s: e[s] for s in NAMES[6:]}, {s: c[s] for s in NAMES[6:]}  # without the first of five folds
    z = lambda words: (stacked(words) - stacked(e).mean(axis=0)) / stacked(e).std(axis=0)  # noqa: E731
    fitted = Ridge(alpha=0.01).fit(z(first[0]), stacked(first[1]))
    expected = c["s00"] - fitted.predict(z({"s00": e["s00"]}))
    np.testing.assert_allclose(space.training_residuals()["s00"], expected, atol=1e-8)


def test_nothing_of_the_test_stimuli_can_change_the_fit():
    e, c, _ = planted()
    train = ({s: e[s] for s in NAMES[:20]}, {s: c[s] for s in NAMES[:20]})
    first = ResidualContext().fit(*train)
    second = ResidualContext().fit(*train)
    second.transform({"x": 100 * e["s25"]}, {"x": -c["s25"]})
    np.testing.assert_array_equal(first.transform(e, c)["s07"], second.transform(e, c)["s07"])
    assert first.alpha_ == second.alpha_


def test_one_story_is_cross_fitted_by_blocks():
    e, c, own = planted(names=["story"], n=1500)
    space = ResidualContext().fit(e, c)
    assert r2(own["story"], space.training_residuals()["story"]) > 0.97 and abs(space.check().after) < 0.02


def test_words_that_do_not_match_are_one_sentence():
    e, c, _ = planted()
    with pytest.raises(BrainalignError, match="stimulus 's00' has 60 words in the context features and 59"):
        ResidualContext().fit({**e, "s00": e["s00"][1:]}, c)
    with pytest.raises(BrainalignError, match="at least 10 training words"):
        ResidualContext().fit({"a": e["s00"][:5]}, {"a": c["s00"][:5]})


def test_the_check_sees_what_too_strong_a_penalty_leaves():
    e, c, _ = planted()
    assert ResidualContext(alphas=[1e5]).fit(e, c).check().after > 0.3


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [([7], [0, 0, 0, 1, 1, 2, 2]), ([4, 3], [0, 0, 0, 1, 1, 2, 2]), ([2, 1, 3, 1], [0, 0, 1, 1, 1, 1, 2])],
)
def test_folds_are_blocks_of_words_where_stimuli_are_few_and_whole_stimuli_where_there_are_enough(sizes, expected):
    assert (
        _folds(sizes, 3).tolist() == expected
    )  # words that follow one another share context: dealt in turn they would leak


def test_r2_is_about_the_mean_of_each_folds_training_rows():
    rng = np.random.default_rng(0)
    fold, y = np.repeat(np.arange(3), 20), rng.normal(size=(60, 2)) + np.repeat(np.arange(3.0), 20)[:, None]
    means = np.stack([y[fold != k].mean(axis=0) for k in range(3)])[fold]
    assert _r2(y, means, fold) == 0 and _r2(y, y, fold) == 1
