"""Agreement of two predictions equals the textbook's r and partial r, and says nothing where there is nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from brainalign.encoding.agreement import agreement


def by_hand(a, b, z):
    """Partial correlation by two regressions."""
    full = np.column_stack([np.ones(len(a)), z])
    left = [v - full @ np.linalg.lstsq(full, v, rcond=None)[0] for v in (a, b)]
    return stats.pearsonr(*left).statistic


@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_it_equals_scipy_and_lstsq(seed, k):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(60, k))
    a, b = (rng.normal(size=(60, 3)) + z @ rng.normal(size=(k, 3)) + rng.normal() for _ in range(2))
    plain, partial = agreement(a, b), agreement(a, b, z)
    for c in range(3):
        assert plain[c] == pytest.approx(stats.pearsonr(a[:, c], b[:, c]).statistic, abs=1e-12)
        assert partial[c] == pytest.approx(by_hand(a[:, c], b[:, c], z), abs=1e-10)


def test_controls_that_depend_on_one_another_count_once():
    rng = np.random.default_rng(0)
    z, a, b = rng.normal(size=(80, 4)), rng.normal(size=(80, 2)), rng.normal(size=(80, 2))
    twice = np.column_stack([z, z @ rng.normal(size=(4, 5)), np.ones(80), np.zeros(80)])
    np.testing.assert_allclose(agreement(a, b, twice), agreement(a, b, z), atol=1e-10)


def test_constant_missing_and_spent_predictions_have_none():
    rng = np.random.default_rng(0)
    z, a = rng.normal(size=(50, 2)), rng.normal(size=(50, 4)).astype(np.float32)
    b = np.column_stack([np.full(50, 0.2), np.full(50, np.nan), z @ [0.3, -1.0] + 2.0, a[:, 3]]).astype(np.float32)
    assert np.isnan(agreement(a, b)).tolist() == [True, True, False, False]
    assert np.isnan(agreement(a, b, z)).tolist() == [True, True, True, False]
    assert agreement(a, b, z)[3] == pytest.approx(1.0)
    assert np.isnan(agreement(a[:1], b[:1])).all()
    assert np.isnan(agreement(a[:20], a[:20], rng.normal(size=(20, 25)))).all()  # more controls than frames
