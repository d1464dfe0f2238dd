"""Paired tests against scipy and statsmodels, what is declared but cannot be tested, and invariances."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel
from statsmodels.stats.multitest import multipletests

from brainalign.errors import BrainalignError
from brainalign.stats import TEST_COLUMNS, paired_tests

MODELS, REGIONS = ["gpt2", "wav2vec2", "mel"], ["A1", "STG", "MTG"]
CONTRASTS = [("gpt2", "mel"), ("wav2vec2", "mel")]
NUMBERS = ["t", "p", "p_bonferroni", "ci_low", "ci_high", "df", "effect_size"]


def make_scores(seed=0, subjects=4, electrodes=9):
    rng = np.random.default_rng(seed)
    rows = [
        {"model": m, "subject": f"s{s}", "electrode": f"e{e}", "region": REGIONS[e % 3]}
        for m in MODELS
        for s in range(subjects)
        for e in range(electrodes)
    ]
    table = pd.DataFrame(rows)
    table["r"] = rng.normal(0.1, 0.05, len(table)) + table["model"].map({"gpt2": 0.03, "wav2vec2": 0.01, "mel": 0.0})
    return table


def by_hand(scores, a, b, region):
    wide = scores[scores.region == region].pivot(index=["subject", "electrode"], columns="model", values="r")
    return wide[a].to_numpy(), wide[b].to_numpy()


def test_every_number_is_scipys():
    scores = make_scores()
    tests = paired_tests(scores, CONTRASTS, regions=REGIONS, family="against mel", alpha=0.1)
    assert tuple(tests.columns) == TEST_COLUMNS
    assert len(tests) == 6
    for row in tests.itertuples():
        a, b = by_hand(scores, row.a, row.b, row.region)
        expected = ttest_rel(a, b)
        low, high = expected.confidence_interval(0.9)
        assert (row.n, row.n_dropped, row.df) == (12, 0, 11)
        np.testing.assert_allclose(
            [row.t, row.p, row.ci_low, row.ci_high, row.mean_a, row.mean_b, row.mean_difference],
            [expected.statistic, expected.pvalue, low, high, a.mean(), b.mean(), (a - b).mean()],
            rtol=1e-12,
        )
        assert row.effect_size == pytest.approx((a - b).mean() / (a - b).std(ddof=1))
        assert row.effect_size == pytest.approx(row.t / np.sqrt(row.n))
        assert row.contrast == f"{row.a} - {row.b}"
        assert row.unit == "pooled electrodes"
        assert row.reason == ""


def test_bonferroni_is_statsmodels_over_contrasts_times_regions():
    tests = paired_tests(make_scores(), CONTRASTS, regions=REGIONS, family="against mel")
    assert (tests.family_size == 6).all()
    assert (tests.family == "against mel").all()
    np.testing.assert_allclose(tests.p_bonferroni, multipletests(tests.p, method="bonferroni")[1], rtol=1e-12)
    assert tests.p_bonferroni.max() <= 1 and (tests.p_bonferroni > tests.p).any()


def test_declared_tests_that_cannot_be_done_still_count():
    scores = make_scores()
    single = scores.region.eq("MTG") & ~(scores.subject.eq("s0") & scores.electrode.eq("e2"))
    scores.loc[single, "r"] = np.nan
    tests = paired_tests(scores, CONTRASTS, regions=[*REGIONS, "SMC"], family="f").set_index(["contrast", "region"])
    assert (tests.family_size == 8).all()
    done = tests.loc[("gpt2 - mel", "A1")]
    assert done.p_bonferroni == pytest.approx(min(1, 8 * done.p))
    one, none = tests.loc[("gpt2 - mel", "MTG")], tests.loc[("gpt2 - mel", "SMC")]
    assert (one.n, one.n_dropped, none.n, none.n_dropped) == (1, 11, 0, 0)
    assert one.reason.startswith("1 complete observation,") and none.reason.startswith("0 complete observations,")
    assert one[NUMBERS].isna().all() and none[NUMBERS].isna().all()
    assert np.isfinite(one.mean_difference) and np.isnan(none.mean_difference)


def test_a_constant_difference_is_said_not_tested():
    scores = make_scores()
    mel = scores.model.eq("mel")
    scores.loc[mel, "r"] = scores.loc[scores.model.eq("gpt2"), "r"].to_numpy() + 0.1  # constant but for rounding
    tests = paired_tests(scores, [("gpt2", "mel")], regions=["A1"], family="f")
    assert tests.reason[0] == "the difference is the same in all 12 observations"
    assert tests.loc[0, NUMBERS].isna().all()
    assert tests.mean_difference[0] == pytest.approx(-0.1)


def test_a_pair_is_dropped_whole_and_counted():
    scores = make_scores()
    scores.loc[scores.query("model == 'mel' and subject == 's1' and electrode == 'e0'").index, "r"] = np.nan
    absent = scores.query("model == 'gpt2' and subject == 's2' and electrode == 'e3'").index
    tests = paired_tests(scores.drop(absent), [("gpt2", "mel")], regions=["A1"], family="f")
    a, b = by_hand(scores.drop(absent), "gpt2", "mel", "A1")
    both = np.isfinite(a) & np.isfinite(b)
    assert (tests.n[0], tests.n_dropped[0]) == (10, 2)
    assert tests.p[0] == pytest.approx(ttest_rel(a[both], b[both]).pvalue)


def test_pairs_are_electrodes_of_one_participant():
    """The same electrode name in two participants is two electrodes."""
    scores = make_scores(subjects=2, electrodes=3)
    shuffled = scores.sample(frac=1, random_state=1)
    first, second = (paired_tests(s, CONTRASTS, regions=REGIONS, family="f") for s in (scores, shuffled))
    pd.testing.assert_frame_equal(first, second)
    assert (first.n == 2).all()
    assert (first.unit == "participants").all()


@pytest.mark.parametrize(
    ("change", "contrasts", "message"),
    [
        ({}, [("gtp2", "mel")], "'gtp2'.*did you mean 'gpt2'"),
        ({}, [("mel", "mel")], "with itself"),
        ({"score": "r3"}, CONTRASTS, "no column 'r3'"),
    ],
)
def test_faults_are_one_sentence(change, contrasts, message):
    with pytest.raises(BrainalignError, match=message):
        paired_tests(make_scores(), contrasts, regions=REGIONS, family="f", **change)


def test_two_layer_rules_under_one_label_are_refused():
    scores = make_scores()
    with pytest.raises(BrainalignError, match="several rows for model 'gpt2', participant s0, electrode e0"):
        paired_tests(pd.concat([scores, scores]), CONTRASTS, regions=REGIONS, family="f")


def test_no_contrast_gives_an_empty_table():
    tests = paired_tests(make_scores(), [], regions=REGIONS, family="f")
    assert len(tests) == 0 and tuple(tests.columns) == TEST_COLUMNS


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.tuples(*[st.floats(-1, 1, width=32)] * 2), min_size=2, max_size=12),
    seed=st.integers(0, 99),
)
def test_swapping_flips_the_sign_and_order_is_irrelevant(values, seed):
    n = len(values)
    table = pd.DataFrame(
        {
            "model": ["a"] * n + ["b"] * n,
            "electrode": [f"e{i}" for i in range(n)] * 2,
            "subject": "s",
            "region": "R",
        }
    )
    table["r"] = [v[0] for v in values] + [v[1] for v in values]
    mixed = table.sample(frac=1, random_state=seed)
    forth = paired_tests(table, [("a", "b")], regions=["R"], family="f").iloc[0]
    back = paired_tests(mixed, [("b", "a")], regions=["R"], family="f").iloc[0]
    signed = ["mean_difference", "t", "effect_size"]
    np.testing.assert_allclose(forth[signed].astype(float), -back[signed].astype(float), rtol=1e-6, atol=1e-12)
    assert forth.p == pytest.approx(back.p, rel=1e-6, nan_ok=True)
    assert forth.ci_low == pytest.approx(-back.ci_high, rel=1e-6, abs=1e-12, nan_ok=True)
    assert (forth.n, forth.reason) == (back.n, back.reason)
