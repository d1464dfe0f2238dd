"""Parts of a Venn diagram by inclusion and exclusion."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainalign.stats.partition import partition, shapley, subsets


def test_three_sets_by_the_textbook_formulas():
    rng = np.random.default_rng(0)
    r = {some: rng.normal(size=7) for some in subsets(3)}
    a, b, c, ab, ac, bc, abc = (r[s] for s in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)))
    expected = {
        (0,): abc - bc, (1,): abc - ac, (2,): abc - ab,
        (0, 1): ac + bc - c - abc, (0, 2): ab + bc - b - abc, (1, 2): ab + ac - a - abc,
        (0, 1, 2): a + b + c - ab - ac - bc + abc,
    }  # fmt: skip
    found = partition(r)
    assert list(found) == list(expected)
    for some, value in expected.items():
        np.testing.assert_allclose(found[some], value, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_areas_of_a_diagram_come_back_and_sum_to_the_whole(n):
    rng = np.random.default_rng(n)
    areas = {some: rng.normal(size=3) for some in subsets(n)}  # negative ones, too
    r = {k: sum(v for some, v in areas.items() if set(some) & set(k)) for k in subsets(n)}
    found = partition(r)
    for some, value in areas.items():
        np.testing.assert_allclose(found[some], value, atol=1e-12)
    np.testing.assert_allclose(sum(found.values()), r[tuple(range(n))], atol=1e-12)


@settings(deadline=None, max_examples=50)
@given(n=st.integers(1, 5), seed=st.integers(0, 1000))
def test_shapley_values_sum_to_the_whole_and_divide_what_is_shared_evenly(n, seed):
    rng = np.random.default_rng(seed)
    r = {some: rng.normal(size=3) for some in subsets(n)}
    found = shapley(r)
    np.testing.assert_allclose(sum(found.values()), r[tuple(range(n))], atol=1e-10)
    parts = partition(r)
    for one, value in found.items():
        even = sum(part / len(some) for some, part in parts.items() if one in some)
        np.testing.assert_allclose(value, even, atol=1e-10)
    orders = list(permutations(range(n)))
    for one in range(n):
        added = [
            r[tuple(sorted(o[: o.index(one) + 1]))] - (r[tuple(sorted(o[: o.index(one)]))] if o.index(one) else 0) for o in orders
        ]  # fmt: skip
        np.testing.assert_allclose(found[one], np.mean(added, axis=0), atol=1e-10)
