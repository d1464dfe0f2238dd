"""Intervals of a geometry for other participants and other stimuli: coverage of a planted truth, and closed forms."""

import numpy as np
import pytest
from scipy.stats import binomtest

from brainalign.analysis.geometry.brain import Patterns
from brainalign.analysis.geometry.held_out import against, shared_halves
from brainalign.analysis.geometry.measures import Settings
from brainalign.analysis.geometry.resampling import DRAWS, interval, resampled
from brainalign.similarity._relation import inner, relation
from brainalign.stats import mean_ci


def rows(rng, people, stimuli, each):
    """A model, and participants who hold half of it to an extent of their own, beside what is theirs alone; rows of each stimulus."""
    groups = np.repeat(np.arange(stimuli), each)
    meaning = rng.normal(size=(stimuli, 6))
    model = meaning[groups] + 0.7 * rng.normal(size=(len(groups), 6))
    brains = [
        np.exp(0.2 * rng.normal()) * 1.5 * meaning[groups, :3] @ rng.normal(size=(3, 12))
        + 1.5 * rng.normal(size=(stimuli, 12))[groups]
        + rng.normal(size=(len(groups), 12))
        for _ in range(people)
    ]
    return model, brains, groups


def world(rng, people, stimuli, measure):
    """Their relations, of two rows a stimulus."""
    model, brains, groups = rows(rng, people, stimuli, 2)
    made = [relation(x, measure, groups=groups, metric="euclidean") for x in (model, *brains)]
    return np.broadcast_to(made[0], (people, *made[0].shape)), np.stack(made[1:]), groups


def likeness(a, b):
    return inner(a[:1], b)[0]


@pytest.mark.parametrize("measure", ["cka", "rsa"])
def test_they_cover_a_planted_truth_which_those_over_participants_alone_do_not(measure):
    many = (world(np.random.default_rng([seed, 0]), 20, 120, measure) for seed in range(4))
    truth = np.mean([likeness(a, b).mean() for a, b, _ in many])
    both = alone = 0
    for seed in range(60):
        a, b, groups = world(np.random.default_rng([seed, 1]), 5, 20, measure)
        found = interval(likeness(a, b), resampled(a[:1], b, groups, seed)[:, 0])
        narrow = mean_ci(likeness(a, b))
        both += found.low <= truth <= found.high
        alone += narrow.low <= truth <= narrow.high
    assert binomtest(both, 60, 0.95).pvalue > 0.001, both
    assert binomtest(alone, 60, 0.95, alternative="less").pvalue < 0.001, alone


@pytest.mark.parametrize(("measure", "worlds"), [("procrustes", 40), ("cca", 12)])
def test_they_cover_where_a_measure_is_fitted_on_some_stimuli_and_scored_on_others(measure, worlds):
    found = []
    for seed in range(worlds):
        model, brains, groups = rows(np.random.default_rng([seed, 2]), 3, 20, 4)
        patterns = [Patterns(str(k), "A1", np.arange(len(groups)), x, None) for k, x in enumerate(brains)]
        one = against([model], patterns, groups, measure, Settings(seed=seed))
        found.append(interval(one["nested"], one["resampled"][:, 0]))
    truth = np.mean([f.mean for f in found])
    both = sum(f.low <= truth <= f.high for f in found)
    assert binomtest(both, worlds, 0.95).pvalue > 0.001, both
    assert np.mean([f.se_stimuli for f in found]) > 0.01  # those over participants alone would be narrower


def test_the_same_halves_for_participants_who_heard_other_stimuli_as_well():
    groups = np.repeat(np.arange(40), 3)
    for whole, part in zip(shared_halves(groups, 1), shared_halves(groups[groups >= 10], 1), strict=True):
        assert whole.sum() == 60 and part.sum() == 45
        assert (whole[groups >= 10] == part).mean() > 0.75  # as many as can be, where each takes half of its own


def test_the_weighted_likeness_is_that_of_the_stimuli_that_stay_and_of_those_written_twice():
    a, b, groups = world(np.random.default_rng(0), 1, 20, "cka")
    drawn = resampled(a, b, groups, seed=4)
    weights = np.stack([np.random.default_rng([4, 3, g]).poisson(1.0, DRAWS) for g in range(20)])
    for draw in range(5):
        rows = np.repeat(np.arange(40), weights[groups, draw])  # whole rows, as often as their stimulus was drawn
        x, y = (m[0][np.ix_(rows, rows)].astype(float) for m in (a, b))
        expected = (x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum())
        assert drawn[draw, 0, 0] == pytest.approx(expected, abs=1e-6)


def test_the_same_stimuli_are_drawn_for_participants_who_heard_others_as_well():
    a, b, groups = world(np.random.default_rng(0), 1, 20, "cka")
    some = groups >= 10
    part = resampled(a[:, some][:, :, some], b[:, some][:, :, some], groups[some], seed=4)
    a, b = a.copy(), b.copy()
    a[:, ~some], a[:, :, ~some] = 0, 0
    np.testing.assert_allclose(part, resampled(a, b * (a != 0), groups, seed=4), atol=1e-6)


def test_variance_components():
    rng = np.random.default_rng(0)
    values, shared, own = rng.normal(0.3, 0.05, 6), rng.normal(0, 0.1, (20000, 1)), rng.normal(0, 0.2, (20000, 6))
    found = interval(values, shared + own)  # what is a participant's own is in the participants' spread already
    assert found.se_participants == pytest.approx(values.std(ddof=1) / np.sqrt(6))
    assert found.se_stimuli == pytest.approx(0.1, rel=0.03)
    same = mean_ci(values)
    alone = interval(values, np.zeros((50, 6)))
    assert (alone.low, alone.high) == pytest.approx((same.low, same.high))
    assert np.isnan(interval(values[:2], shared[:, :1] + own[:, :2]).low)
