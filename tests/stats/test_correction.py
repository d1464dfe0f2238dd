"""Corrections against statsmodels; what could not be tested counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from brainalign.stats import bonferroni, fdr, holm

NAMES = {bonferroni: "bonferroni", holm: "holm", fdr: "fdr_bh"}


@pytest.mark.parametrize("correct", NAMES)
@settings(max_examples=30)  # statsmodels takes 20 ms for Holm
@given(p=st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=20))
def test_every_correction_is_statsmodels(correct, p):
    np.testing.assert_allclose(correct(p, len(p)), multipletests(p, method=NAMES[correct])[1], rtol=1e-12)


@pytest.mark.parametrize("correct", NAMES)
def test_a_test_that_could_not_be_done_counts_as_one_that_found_nothing(correct):
    p = np.array([0.01, np.nan, 0.02, 0.4])
    corrected = correct(p, 6)  # two more were declared than stand here
    whole = multipletests([0.01, 1.0, 0.02, 0.4, 1.0, 1.0], method=NAMES[correct])[1]
    np.testing.assert_allclose(corrected[[0, 2, 3]], whole[[0, 2, 3]])
    assert np.isnan(corrected[1])


@pytest.mark.parametrize("correct", NAMES)
def test_a_family_smaller_than_its_tests_is_refused(correct):
    with pytest.raises(ValueError, match="family_size is 2"):
        correct([0.1, 0.2, 0.3], 2)
