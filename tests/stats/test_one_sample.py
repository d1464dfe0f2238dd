"""Mean scores against 0, over electrodes and over participants."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from brainalign.stats import TEST_COLUMNS, one_sample_tests


@pytest.fixture
def scores():
    """Five participants with 1, 2, .. 5 electrodes in STG and one each in A1, for two models."""
    rng = np.random.default_rng(3)
    rows = [
        {
            "model": m,
            "subject": f"s{s}",
            "electrode": f"{region}{e}",
            "region": region,
            "r2": rng.normal(0.02, 0.05),
        }
        for m in ("mel", "gpt2")
        for s in range(1, 6)
        for region, count in (("STG", s), ("A1", 1))
        for e in range(count)
    ]
    return pd.DataFrame(rows)


def run(scores, **changes):
    options = {"regions": ["STG", "A1"], "family": "models x regions", "score": "r2"} | changes
    return one_sample_tests(scores, ["mel", "gpt2"], **options).set_index(["a", "region"])


def test_over_electrodes_is_scipys(scores):
    tests = run(scores)
    assert set(tests.reset_index().columns) == set(TEST_COLUMNS)
    assert len(tests) == 4
    for (model, region), row in tests.iterrows():
        values = scores.r2[scores.model.eq(model) & scores.region.eq(region)]
        expected = ttest_1samp(values, 0)
        low, high = expected.confidence_interval(0.95)
        np.testing.assert_allclose(
            [row.t, row.p, row.ci_low, row.ci_high, row.mean_a, row.mean_b],
            [expected.statistic, expected.pvalue, low, high, values.mean(), 0],
        )
        assert row.n == len(values) and row.family_size == 4
        assert row.p_bonferroni == pytest.approx(min(1, 4 * row.p))
        assert row.unit == "pooled electrodes"


def test_over_participants_averages_each_first(scores):
    tests = run(scores, over="participants")
    means = scores.query("model == 'mel' and region == 'STG'").groupby("subject").r2.mean()
    assert tests.loc[("mel", "STG"), "p"] == pytest.approx(ttest_1samp(means, 0).pvalue)
    assert (tests.n == 5).all() and (tests.unit == "participants").all()
    assert tests.loc[("mel", "STG"), "p"] != run(scores).loc[("mel", "STG"), "p"]


def test_one_channel_a_region_is_the_same_both_ways_and_named_participants(scores):
    only = scores[scores.region == "A1"]
    over = {o: run(only, over=o, regions=["A1"]) for o in ("electrodes", "participants")}
    assert (over["electrodes"].unit == "participants").all()
    np.testing.assert_allclose(over["electrodes"].p, over["participants"].p)


def test_a_participant_without_a_finite_score_is_dropped_and_counted(scores):
    scores.loc[scores.subject.eq("s5") & scores.electrode.ne("STG0"), "r2"] = np.nan
    scores.loc[scores.subject.eq("s4"), "r2"] = np.inf
    row = run(scores, over="participants").loc[("mel", "STG")]
    kept = scores[np.isfinite(scores.r2)].query("model == 'mel' and region == 'STG'").groupby("subject").r2.mean()
    assert (row.n, row.n_dropped) == (4, 1)
    assert row.t == pytest.approx(ttest_1samp(kept, 0).statistic)
