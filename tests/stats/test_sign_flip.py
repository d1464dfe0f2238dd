"""Sign-flip tests against every flip written out, their symmetries, their family-wise rate, and uneven families."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, permutation_test, ttest_1samp

from brainalign.stats import sign_flip

values = st.lists(
    st.floats(-5, 5, width=32).filter(lambda v: abs(v) > 1e-3), min_size=2, max_size=7
)  # fmt: skip


def by_hand(d):
    """p and p_max of (S, k) complete differences, every flip through scipy's t."""
    flips = [np.array(f)[:, None] * d for f in product((1, -1), repeat=len(d))]
    t = np.abs([ttest_1samp(f, 0).statistic for f in flips])
    return (t >= t[0] * (1 - 1e-9)).mean(axis=0), (t.max(axis=1)[:, None] >= t[0] * (1 - 1e-9)).mean(axis=0)


def test_equals_every_flip_written_out():
    d = np.random.default_rng(0).normal(0.5, 1, (7, 4))
    found = sign_flip(d)
    p, p_max = by_hand(d)
    np.testing.assert_allclose(found.p, p, rtol=1e-12)
    np.testing.assert_allclose(found.p_max, p_max, rtol=1e-12)
    assert len(set(p_max)) > 1 and (found.smallest == 2 / 2**7).all() and found.exact


@pytest.mark.parametrize(("side", "alternative"), [("both", "two-sided"), ("above", "greater")])
@pytest.mark.parametrize("mean", [0.6, -0.2])
def test_one_test_is_scipys_permutation_test(side, alternative, mean):
    d = np.random.default_rng(1).normal(mean, 1, 9)
    theirs = permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative=alternative
    ).pvalue
    found = sign_flip(d[:, None], side=side)
    assert found.p[0] == pytest.approx(theirs)
    assert found.p_max[0] == found.p[0]


def test_of_one_side_the_maximum_is_over_t_itself():
    d = np.random.default_rng(2).normal(0.3, 1, (6, 4)) * [1, 1, 1, -1]
    t = np.array([ttest_1samp(np.array(f)[:, None] * d, 0).statistic for f in product((1, -1), repeat=6)])
    found = sign_flip(d, side="above")
    np.testing.assert_allclose(found.p_max, (t.max(axis=1)[:, None] >= t[0] - 1e-9).mean(axis=0), rtol=1e-12)
    assert (found.smallest == 2.0**-6).all()


@settings(max_examples=60, deadline=None)
@given(d=values, scale=st.floats(1e-6, 1e6))
def test_p_is_a_share_of_flips_and_knows_no_sign_and_no_unit(d, scale):
    d = np.array(d)[:, None]
    found, total = sign_flip(d), 2 ** len(d)
    count = found.p[0] * total
    assert count == round(count) and 2 <= count <= total
    assert sign_flip(-d).p == found.p and sign_flip(scale * d).p == found.p and sign_flip(d[::-1]).p == found.p
    assert found.p_max >= found.p


def test_equal_differences_reach_the_smallest_p_whatever_the_rounding():
    for value in (0.1, 1 / 3, 1e-9, 7.7e5):
        assert sign_flip(np.full((6, 2), value)).p_max.tolist() == [2 / 64] * 2


def test_a_participant_without_a_region_has_no_part_in_its_test():
    d = np.random.default_rng(2).normal(0.5, 1, (7, 3))
    d[4:, 1] = np.nan
    found = sign_flip(d)
    assert found.p[1] == sign_flip(d[:4, 1:2]).p[0]
    assert found.n.tolist() == [7, 4, 7] and found.smallest[1] == 2 / 2**4


def test_what_cannot_be_tested_is_nan_and_leaves_the_others_alone():
    d = np.random.default_rng(3).normal(1, 1, (6, 4))
    d[1:, 1], d[:, 2], d[:, 3] = np.nan, 0.0, np.nan
    found = sign_flip(d)
    assert np.isnan([found.p[1:], found.p_max[1:], found.smallest[1:]]).all()
    assert found.p_max[0] == found.p[0] == sign_flip(d[:, :1]).p[0]
    assert np.isnan(sign_flip(np.array([[0.3]])).p).all() and sign_flip(np.empty((0, 0))).p.shape == (0,)


def test_beyond_sixteen_participants_flips_are_drawn_by_the_seed_and_agree_with_all_of_them():
    d = np.random.default_rng(4).normal(0.45, 1, (17, 2))
    drawn = sign_flip(d)
    assert not drawn.exact and (drawn.p == sign_flip(d).p).all() and (drawn.p != sign_flip(d, seed=1).p).any()
    codes = np.arange(2**17)
    means = np.abs(np.where((codes[:, None] >> np.arange(17)) & 1, -1.0, 1.0) @ d)
    exact = (means >= means[0] - 1e-9).mean(axis=0)
    assert np.all(np.abs(drawn.p - exact) < 4.5 * np.sqrt(exact / 50_000) + 1e-12)


def rejected(many, subjects, tests, effect=0.0, alone=0):
    """Families in which the first, or any, test is below .05; the last test has only two participants if asked for."""
    first = family = 0
    for seed in range(many):
        rng = np.random.default_rng([seed, 5])
        d = rng.normal(size=(subjects, 1)) + rng.normal(size=(subjects, tests))  # tests go together
        d[:, 0] += effect
        if alone:
            d[2:, -1] = np.nan
        below = sign_flip(d).p_max <= 0.05
        first, family = first + below[0], family + below.any()
    return first, family


def test_the_family_wise_rate_is_not_above_the_level():
    _, hits = rejected(1000, 8, 12)
    assert 20 <= hits <= binom.isf(0.001, 1000, 0.05)
    uneven = rejected(1000, 8, 4, alone=1)[1]
    assert uneven <= binom.isf(0.001, 1000, 0.05)


def test_a_region_with_two_participants_does_not_hide_the_others():
    """Two alike participants give the largest t at every other flip: on the plain scale of t nothing would reach .05."""
    without, _ = rejected(150, 10, 3, effect=2.0)
    beside, _ = rejected(150, 10, 4, effect=2.0, alone=1)
    assert without > 100 and beside > 0.9 * without
