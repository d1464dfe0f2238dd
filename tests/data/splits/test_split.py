"""Splits: identities stay whole, blocks keep their distance, leaks are counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.data.splits.split import UNUSED, split_blocks, split_groups
from brainalign.errors import BrainalignError

PAPER = [f"s{i}" for i in range(499)] + [f"s{i}" for i in range(10)] * 10
"""About the paper's list: 499 sentences, ten of them repeated ten times more."""


@settings(max_examples=50, deadline=None)
@given(st.integers(5, 40), st.integers(1, 4), st.integers(3, 5), st.integers(0, 99))
def test_a_stimulus_is_never_split_and_folds_are_a_partition(n, repeats, folds, seed):
    groups = [f"s{i}" for i in range(n)] * repeats
    split = split_groups(groups, [7] * len(groups), folds, seed, "stimulus")
    home = {}
    for g, segments in zip(groups, split.segments, strict=True):
        assert len(set(segments)) == 1 and home.setdefault(g, segments[0]) == segments[0]
    sizes = np.bincount(list(home.values()), minlength=folds)
    assert sizes.sum() == n and np.ptp(sizes) <= 1
    for f in range(folds):
        assert not set(split.training(f)) & split.folds[f].test


@settings(max_examples=50, deadline=None)
@given(st.integers(120, 400), st.integers(3, 6), st.integers(0, 8), st.integers(0, 10))
def test_blocks_are_contiguous_and_training_keeps_its_distance(length, folds, gap, skip):
    split = split_blocks(["story"], [length], folds, gap, skip)
    (segments,) = split.segments
    assert (segments[:skip] == UNUSED).all() and (segments[skip:] != UNUSED).all()
    scored = np.zeros(length, int)
    for f, fold in enumerate(split.folds):
        test = np.flatnonzero(np.isin(segments, list(fold.test)))
        train = np.flatnonzero(np.isin(segments, split.training(f)))
        scored[test] += 1
        assert np.array_equal(test, np.arange(test[0], test[-1] + 1))
        assert np.abs(train[:, None] - test[None, :]).min() > gap
        lost = length - skip - len(test) - len(train)
        assert lost == gap * (2 - (f == 0) - (f == folds - 1))
    assert (scored[skip:] == 1).all()


def test_too_few_stimuli_and_too_short_blocks_are_refused():
    with pytest.raises(BrainalignError, match="outer_folds=5, but the data have 3 stimuli"):
        split_groups(["a", "b", "c"], [10] * 3, 5, 0, "stimulus")
    with pytest.raises(BrainalignError, match="stimulus story has 40 frames: 5 blocks"):
        split_blocks(["story"], [40], 5, 6, 6)


def test_the_seed_decides_the_folds():
    a, b, c = (split_groups(PAPER, [9] * len(PAPER), 5, s, "stimulus") for s in (1, 1, 2))
    assert all(np.array_equal(x, y) for x, y in zip(a.segments, b.segments, strict=True))
    assert not all(np.array_equal(x, y) for x, y in zip(a.segments, c.segments, strict=True))
