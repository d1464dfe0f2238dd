"""Power by drawing: closed forms of the t-test, the level where there is nothing, and the tests themselves."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint

from brainalign.stats import compare
from brainalign.stats.power import Components, p_values, power_of, rate

LEVEL, DRAWS = 0.05, 2000
CHANCE = 0.001
"""Probability that chance breaks one of the bounds below."""


def noise(sd, n=20_000):
    drawn = np.random.default_rng(5).standard_normal(n)
    return sd * (drawn - drawn.mean()) / drawn.std()


def found(parts, effect, people, electrodes, seed=0, draws=DRAWS):
    return power_of(parts, effect, people, electrodes, level=LEVEL, draws=draws, rng=np.random.default_rng(seed))


def agrees(power, truth):
    return binomtest(round(power.power * power.draws), power.draws, truth).pvalue > CHANCE


@pytest.mark.parametrize(("effect", "people", "electrodes"), [(0.01, 5, 8), (0.02, 6, 4), (0.015, 10, 5)])
def test_independent_electrodes_have_the_power_of_the_t_test(effect, people, electrodes):
    parts = Components(np.ones(20_000), noise(0.05))
    truth = TTestPower().power(effect / 0.05, people * electrodes, LEVEL)
    assert 0.2 < truth < 0.8  # else nothing would be tested
    assert agrees(found(parts, effect, people, electrodes)["paired_t"], truth)


@pytest.mark.parametrize(("effect", "people"), [(0.02, 6), (0.03, 8), (0.01, 20)])
def test_participants_alone_have_the_power_of_their_own_t_test(effect, people):
    """Electrodes that all say the same: the mixed model is a t-test over participants, the pooled t only thinks that it knows more."""
    parts = Components(np.ones(10), np.zeros(10), between=0.03)
    truth = TTestPower().power(effect / 0.03, people, LEVEL)
    assert 0.2 < truth < 0.8
    power = found(parts, effect, people, 4)
    assert agrees(power["mixed"], truth)
    assert (
        abs(power["sign_flip"].power - truth) < 0.12
    )  # the sign-flip test is near it, and coarser with few participants


def test_nothing_is_found_at_the_tests_own_level_where_participants_differ():
    power = found(Components(np.ones(20_000), noise(0.05), between=0.03), 0.0, 8, 12)
    assert agrees(power["sign_flip"], 12 / 256)  # the largest p below .05 that 2^8 flips can give
    assert agrees(power["mixed"], LEVEL)
    assert power["paired_t"].low > 2 * LEVEL  # pooled electrodes are not independent


def test_nothing_is_found_at_the_level_of_the_pooled_t_where_they_do_not():
    assert agrees(found(Components(np.ones(20_000), noise(0.05)), 0.0, 8, 12)["paired_t"], LEVEL)


def test_power_rises_with_participants_and_with_the_effect():
    parts = Components(np.ones(20_000), noise(0.05), between=0.02)
    for test in ("sign_flip", "mixed"):
        by_people = [found(parts, 0.015, n, 6, draws=1000)[test].power for n in (4, 8, 14, 25)]
        assert by_people == sorted(by_people) and by_people[-1] > by_people[0] + 0.4
        by_size = [found(parts, size, 8, 6, draws=1000)[test].power for size in (0.0, 0.01, 0.02, 0.04)]
        assert by_size == sorted(by_size) and by_size[-1] > 0.9
    assert found(parts, 0.1, 5, 6, draws=1000)["sign_flip"].power == 0  # 2 / 2^5 is above the level


@pytest.mark.parametrize("between", [0.0, 0.02, 0.2])
def test_each_test_is_the_named_one(between):
    """The same p as the tests of scores tables, at and off the boundary where participants do not differ."""
    rng = np.random.default_rng(3)
    values = Components(rng.uniform(0, 2, 50), noise(0.05, 50), between=between).draw(0.02, (6, 7, 5), rng)
    ours = p_values(values)
    boundary = 0
    for k, own in enumerate(values):
        rows = [
            {"model": m, "subject": f"s{s}", "electrode": f"e{e}", "region": "all", "r": own[s, e] if m == "a" else 0.0}
            for m in "ab"
            for s in range(7)
            for e in range(5)
        ]
        table = compare(pd.DataFrame(rows), [("a", "b")], regions=["all"], family="a - b").set_index("test")
        boundary += "at or near 0" in table.loc["mixed", "reason"]
        for test, tolerance in (("sign_flip", 1e-12), ("paired_t", 1e-9), ("mixed", 2e-3)):
            assert ours[test][k] == pytest.approx(table.loc[test, "p"], abs=tolerance), (test, k)
    assert boundary > 0 if between == 0 else boundary < len(values)


def test_the_binomial_interval_is_the_exact_one():
    ours = rate(7, 40)
    assert (ours.low, ours.high) == pytest.approx(proportion_confint(7, 40, method="beta"))
    assert rate(0, 10).low == 0 and rate(10, 10).high == 1


def test_draws_have_the_components_that_they_are_made_of():
    gain = np.random.default_rng(1).uniform(0.5, 1.5, 400)
    parts = Components(gain / gain.mean(), noise(0.04, 400), between=0.03, within=0.02, bias=0.01)
    drawn = parts.draw(0.05, (4000, 6, 5), np.random.default_rng(2))
    assert drawn.mean() == pytest.approx(0.06, abs=0.001)
    within = (0.05 * (gain / gain.mean()).std()) ** 2 + 0.04**2 + 0.02**2
    assert drawn.var(axis=2, ddof=1).mean() == pytest.approx(within, rel=0.1)
    assert drawn.mean(axis=2).var(axis=1, ddof=1).mean() == pytest.approx(0.03**2 + within / 5, rel=0.1)
