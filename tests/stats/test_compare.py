"""The table of tests against scipy and statsmodels, what is declared but cannot be tested, and invariances."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, ttest_1samp, ttest_rel
from statsmodels.stats.multitest import multipletests

from brainalign.errors import BrainalignError
from brainalign.stats import TEST_COLUMNS, compare

MODELS, REGIONS = ["gpt2", "wav2vec2", "mel"], ["A1", "STG", "MTG"]
CONTRASTS = [("gpt2", "mel"), ("wav2vec2", "mel")]
NUMBERS = ["t", "p", "p_bonferroni", "ci_low", "ci_high", "df", "effect_size", "effect_low", "effect_high"]


def paired_tests(scores, contrasts, **options):
    """The rows of the pooled paired t."""
    return compare(scores, contrasts, **{"tests": ["paired_t"], "primary": "paired_t", **options})


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


def make_tests(scores, **options):
    return compare(scores, CONTRASTS, **{"regions": REGIONS, "family": "f", **options})


def means_of(scores, row):
    inside = scores[scores.region == row.region].pivot(index=["subject", "electrode"], columns="model", values="r")
    return (inside[row.a] - inside[row.b]).groupby("subject").mean()


def test_one_row_a_test_contrast_and_region_each_corrected_over_its_own_family():
    tests = make_tests(make_scores(subjects=7), correction="holm", primary="mixed")
    assert tuple(tests.columns) == TEST_COLUMNS
    assert tests.groupby("test", sort=False).size().to_dict() == {"paired_t": 6, "sign_flip": 6, "mixed": 6}
    assert not tests.duplicated(["test", "contrast", "region"]).any()
    assert (tests.test[tests.primary] == "mixed").all() and tests.primary.sum() == 6
    for _, rows in tests.groupby("test"):
        for column, method in (("p_bonferroni", "bonferroni"), ("p_holm", "holm"), ("p_fdr", "fdr_bh")):
            np.testing.assert_allclose(rows[column], multipletests(rows.p, method=method)[1], rtol=1e-12)
    np.testing.assert_array_equal(tests.p_corrected, tests.p_holm)
    assert (tests.family_size == 6).all() and (tests.n == 21).all() and (tests.n_participants == 7).all()
    assert np.isfinite(tests[["ci_low", "ci_high", "effect_size", "t", "df", "p"]].to_numpy()).all()


def test_the_maximum_statistic_is_the_sign_flip_tests_alone():
    tests = make_tests(make_scores(subjects=7), correction="max")
    flips, others = tests[tests.test == "sign_flip"], tests[tests.test != "sign_flip"]
    np.testing.assert_array_equal(flips.p_corrected, flips.p_max)
    np.testing.assert_array_equal(others.p_corrected, others.p_bonferroni)
    assert set(flips.correction) == {"max"} and set(others.correction) == {"bonferroni"}
    assert others.p_max.isna().all() and others.smallest_p.isna().all()
    assert (flips.p_max >= flips.p).all() and (flips.p_max <= flips.p_bonferroni + 1e-12).all()


def test_sign_flip_rows_are_of_participants_means():
    scores = make_scores(subjects=6)
    scores = scores.drop(scores.query("subject == 's0' and electrode == 'e0'").index)  # uneven
    for row in make_tests(scores).query("test == 'sign_flip'").itertuples():
        means = means_of(scores, row)
        test = ttest_1samp(means, 0)
        low, high = test.confidence_interval(0.95)
        np.testing.assert_allclose(
            [row.mean_difference, row.t, row.ci_low, row.ci_high, row.effect_size],
            [means.mean(), test.statistic, low, high, means.mean() / means.std()],
        )
        assert (row.unit, row.df, row.smallest_p) == ("participants", 5, 2 / 2**6)
        assert row.p * 2**6 == pytest.approx(round(row.p * 2**6))


def test_against_zero_is_a_contrast():
    scores = make_scores()
    row = compare(scores, [("mel", "0")], regions=["A1"], family="f").set_index("test").loc["paired_t"]
    values = scores.query("model == 'mel' and region == 'A1'").r
    assert (row.contrast, row.mean_b) == ("mel - 0", 0)
    assert row.p == pytest.approx(ttest_1samp(values, 0).pvalue)


def test_one_channel_a_region_is_the_same_over_channels_and_participants():
    """As in fMRI with regions of interest: the pooled t is then one over participants, and called that."""
    scores = make_scores(subjects=6, electrodes=3)
    tests = make_tests(scores).set_index(["test", "contrast", "region"])
    assert (tests.loc["paired_t"].unit == "participants").all()
    np.testing.assert_allclose(tests.loc["paired_t"].t, tests.loc["sign_flip"].t)


@pytest.mark.parametrize(
    ("subjects", "correction", "least"),
    [(3, "max", "0.25"), (7, "max", None), (7, "bonferroni", "0.0938"), (7, "holm", "0.0938"), (7, "fdr", None)],
)
def test_a_corrected_level_out_of_reach_is_said(subjects, correction, least):
    flips = make_tests(make_scores(subjects=subjects), correction=correction).query("test == 'sign_flip'")
    limit = least and f"with {subjects} participants no corrected p lies below {least}: 0.05 cannot be reached"
    assert set(flips.reason) == {limit or ""}


def test_one_participant_has_no_test_over_participants_and_both_say_why():
    tests = make_tests(make_scores(subjects=1)).set_index(["test", "region"])
    assert np.isfinite(tests.loc["paired_t"].p).all() and (tests.loc["paired_t"].unit == "pooled electrodes").all()
    for test in ("sign_flip", "mixed"):
        assert tests.loc[test][["p", "p_corrected", "ci_low"]].isna().all(axis=None)
        assert tests.loc[test].reason.str.contains("at least 2 are needed").all()


def test_a_participant_without_a_finite_score_has_no_part_and_is_counted():
    scores = make_scores(subjects=6)
    scores.loc[scores.subject.eq("s5") & scores.model.eq("mel"), "r"] = np.inf
    tests = make_tests(scores)
    assert (tests.n_participants == 5).all() and (tests.n == 15).all() and (tests.n_dropped == 3).all()
    assert np.isfinite(tests.p).all() and (tests.query("test != 'paired_t'").df == 4).all()


def test_more_participants_than_flips_can_be_made_for_are_drawn_and_said():
    flips = make_tests(make_scores(subjects=17)).query("test == 'sign_flip'")
    assert set(flips.reason) == {"50,000 random sign flips"}


@pytest.mark.parametrize("change", [{"primary": "wilcoxon"}, {"correction": "hochberg"}, {"tests": ["t"]}])
def test_unknown_tests_and_corrections_are_refused(change):
    with pytest.raises(ValueError, match="is unknown"):
        make_tests(make_scores(), **change)


def test_false_positives_where_participants_differ_the_pooled_t_fails(differing):
    """No model is better on average: sign-flip and mixed model keep .05, electrodes taken as independent do not."""
    many, hits = 150, dict.fromkeys(("paired_t", "sign_flip", "mixed"), 0)
    family = dict(hits)
    for seed in range(many):
        tests = compare(
            differing([seed, 3], per_region=(6, 6, 6), uneven=seed % 2 == 1),
            [("a", "b")],
            regions=["A1", "STG", "MTG"],
            family="f",
        )
        for name, rows in tests.groupby("test"):
            hits[name] += rows.p.iloc[0] <= 0.05
            family[name] += (rows.p_corrected <= 0.05).any()
    bound = binom.isf(0.001, many, 0.05)
    assert max(hits["sign_flip"], hits["mixed"], family["sign_flip"], family["mixed"]) <= bound
    assert min(hits["sign_flip"], hits["mixed"]) > 0
    assert min(hits["paired_t"], family["paired_t"]) > 2 * bound
