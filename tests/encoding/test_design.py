"""encoding.repeats: all, average or first of a stimulus's presentations in training; scores are of single ones."""

import numpy as np
import pytest

from brainalign.data.splits.split import split_groups
from brainalign.encoding.design import Design
from brainalign.encoding.nested import fit_outer
from brainalign.encoding.scores import score
from brainalign.linalg.lags import lag_matrix

LAGS, ALPHAS = np.arange(3), [1.0, 30.0, 1000.0]
NAMES = ("r", "r2", "inner", "alpha")


def world(seed=0, n=9, c=4):
    """Nine stimuli, three of them heard three times; the last two electrodes did not hear the first presentations."""
    rng = np.random.default_rng(seed)
    x = {f"s{i}": rng.normal(size=(int(rng.integers(20, 30)), 3)) for i in range(n)}
    heard = sorted([*x, *["s0", "s1", "s2"] * 2])
    kernel = rng.normal(size=(9, c))
    y = [lag_matrix(x[s], LAGS) @ kernel + 3 * rng.normal(size=(len(x[s]), c)) for s in heard]
    return heard, x, y


def firsts(heard):
    return [i for i, s in enumerate(heard) if s not in heard[:i]]


def by_hand(heard, x, y, split, rule, fold, electrode, alpha):
    """Outer r2 with scikit-learn on rows that are put together by hand."""
    from sklearn.linear_model import Ridge

    train = [i for i, a in enumerate(split.segments) if a[0] in split.training(fold)]
    pairs = [(heard[i], y[i][:, electrode]) for i in train if rule != "first" or i in firsts(heard)]
    if rule == "average":
        pairs = [(s, np.mean([v for t, v in pairs if t == s], axis=0)) for s in dict.fromkeys(t for t, _ in pairs)]
    frames = np.vstack([x[s] for s, _ in pairs])
    z = {s: (v - frames.mean(axis=0)) / frames.std(axis=0) for s, v in x.items()}
    target = np.concatenate([v for _, v in pairs])
    model = Ridge(alpha).fit(np.vstack([lag_matrix(z[s], LAGS) for s, _ in pairs]), target)
    test = [i for i, a in enumerate(split.segments) if a[0] in split.folds[fold].test]
    actual = np.concatenate([y[i][:, electrode] for i in test])
    guess = np.concatenate([model.predict(lag_matrix(z[heard[i]], LAGS)) for i in test])
    return score(actual[:, None], guess[:, None], np.array([target.mean()])).r2[0]


@pytest.mark.parametrize("kind", ["stimulus", "presentation"])
@pytest.mark.parametrize("rule", ["all", "average", "first"])
def test_equals_ridge_on_rows_put_together_by_hand(rule, kind):
    heard, x, y = world()
    split = split_groups(heard, [len(v) for v in y], 3, 1, kind)
    found = fit_outer(Design(heard, y, split, repeats=rule), x, LAGS, ALPHAS)
    for f in range(3):
        for e in range(4):
            expected = by_hand(heard, x, y, split, rule, f, e, found.alpha[f, e])
            assert found.r2[f, e] == pytest.approx(expected, abs=1e-6)  # predictions are kept in float32
    assert (found.n == sum(map(len, y))).all()  # every single presentation is scored


def test_the_rules_differ_and_the_default_is_all():
    heard, x, y = world()
    split = split_groups(heard, [len(v) for v in y], 3, 1, "stimulus")
    default = fit_outer(Design(heard, y, split), x, LAGS, ALPHAS)
    rules = {r: fit_outer(Design(heard, y, split, repeats=r), x, LAGS, ALPHAS) for r in ("all", "average", "first")}
    for name in NAMES:
        np.testing.assert_array_equal(getattr(default, name), getattr(rules["all"], name))
    for a, b in (("all", "average"), ("all", "first"), ("average", "first")):
        assert not np.allclose(rules[a].r2, rules[b].r2, atol=1e-3)


def test_inner_folds_are_scored_on_what_is_trained_on():
    heard, x, y = world(1)
    average = {s: np.mean([v for t, v in zip(heard, y, strict=True) if t == s], axis=0) for s in heard}
    names = list(average)
    lengths = [len(v) for v in average.values()]
    small = split_groups(names, lengths, 3, 1, "stimulus")
    split = split_groups(heard, [len(v) for v in y], 3, 1, "stimulus")
    a = fit_outer(Design(heard, y, split, repeats="average"), x, LAGS, ALPHAS)
    b = fit_outer(Design(names, list(average.values()), small), x, LAGS, ALPHAS)
    np.testing.assert_array_equal(a.alpha, b.alpha)
    np.testing.assert_allclose(a.inner, b.inner, atol=1e-10)


def test_the_first_is_each_electrodes_own_and_gaps_are_averaged_over_what_there_is():
    heard, x, y = world(2)
    y = [v.copy() for v in y]
    for i in firsts(heard):
        if heard.count(heard[i]) > 1:
            y[i][:, 2:] = np.nan  # a participant who came later
    y[heard.index("s0") + 1][3:8, 3] = np.nan
    split = split_groups(heard, [len(v) for v in y], 3, 1, "stimulus")
    for rule in ("first", "average"):
        design = Design(heard, y, split, repeats=rule)
        assert len(design.groups) == 3
        whole = fit_outer(design, x, LAGS, ALPHAS)
        for e in range(4):
            alone = fit_outer(Design(heard, [v[:, [e]] for v in y], split, repeats=rule), x, LAGS, ALPHAS)
            np.testing.assert_array_equal(whole.alpha[:, e], alone.alpha[:, 0])
            np.testing.assert_allclose(whole.r2[:, e], alone.r2[:, 0], atol=1e-9)
        weights = {float(w.max()) for g in design.groups for a in g.segments for w, *_ in g.merged([a]).values()}
        assert weights <= {0.0, 1.0}
    second = [v.copy() for v in y]
    for i in (i for i, s in enumerate(heard) if s in heard[:i] and i - heard.index(s) == 2):
        second[i][:, 2] = np.nan  # the third presentation, which the late participant's first rule leaves out
    kept = fit_outer(Design(heard, [v[:, [2]] for v in second], split), x, LAGS, ALPHAS)
    first = fit_outer(Design(heard, [v[:, [2]] for v in y], split, repeats="first"), x, LAGS, ALPHAS)
    np.testing.assert_array_equal(kept.alpha, first.alpha)
    np.testing.assert_allclose(kept.inner, first.inner, atol=1e-12)
