"""Parts of a Venn diagram by inclusion and exclusion."""

import numpy as np
import pytest

from brainalign.stats.partition import partition, subsets


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
