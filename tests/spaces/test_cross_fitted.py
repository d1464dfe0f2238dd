"""Cross-fitted CCA of two arrays: what a CCA of the training folds gives on the held-out one."""

import numpy as np
import pandas as pd
import pytest

from brainalign.errors import BrainalignError
from brainalign.linalg.cca import CCA
from brainalign.similarity._rows import fold_of
from brainalign.spaces.cross_fitted import cross_fitted_cca


@pytest.fixture
def sides():
    rng = np.random.default_rng(0)
    s = rng.normal(size=(200, 1))
    return [np.hstack([s + 0.5 * rng.normal(size=(200, 1)), rng.normal(size=(200, 3))]) for _ in range(2)]


def test_held_out_is_the_correlation_of_variates_fitted_on_the_other_folds(sides):
    x, y = sides
    groups = np.arange(200) // 10
    table = cross_fitted_cca(x, y, groups, folds=4, variance=1.0, draws=3)
    fold = fold_of(groups, 200, 4)
    for f, own in table.groupby("fold"):
        cca = CCA.fit(x[fold != f], y[fold != f])
        np.testing.assert_allclose(own["held_out"], cca.correlations(x[fold == f], y[fold == f]), rtol=1e-9)
        np.testing.assert_allclose(own["in_sample"], cca.rho, rtol=1e-9)
    assert table["component"].tolist() == [1, 2, 3, 4] * 4


def test_unrelated_sides_have_nothing_held_out_whatever_they_have_in_sample():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 200, 30))
    mean = cross_fitted_cca(x, y, np.arange(200) // 5, draws=5).groupby("component").mean()
    assert mean["in_sample"][1] > 0.6 and abs(mean["held_out"].mean()) < 0.05


def test_groups_may_stand_in_any_order_and_only_k_components_are_told(sides):
    x, y = sides
    groups = np.arange(200) % 20
    table = cross_fitted_cca(x, y, groups, folds=4, k=2, draws=3)
    order = np.argsort(groups, kind="stable")
    again = cross_fitted_cca(x[order], y[order], groups[order], folds=4, k=2, draws=3)
    np.testing.assert_allclose(table, again, rtol=1e-9)
    assert set(table["component"]) == {1, 2}


def test_rows_that_are_not_paired_are_refused(sides):
    with pytest.raises(BrainalignError, match="x has 200 rows and y has 199"):
        cross_fitted_cca(sides[0], sides[1][1:], np.arange(200))


def test_sides_are_cut_to_99_percent_of_their_variance_where_nothing_else_is_asked_for():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 6))
    x[:, 5] = x[:, 0] + 1e-2 * x[:, 5]  # a direction with a thousandth of the variance
    y, groups = x + 0.3 * rng.normal(size=x.shape), np.arange(300) // 10
    default, cut, whole = (
        cross_fitted_cca(x, y, groups, draws=5, **how) for how in ({}, {"variance": 0.99}, {"variance": 1.0})
    )
    pd.testing.assert_frame_equal(default, cut)
    assert default["component"].max() < whole["component"].max()
