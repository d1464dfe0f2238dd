"""The plan counts what the fit does, and refuses what cannot fit."""

import numpy as np
import pytest

from brainalign.data.splits.split import split_groups
from brainalign.encoding import plan as plan_module
from brainalign.encoding.banded_nested import combinations_of
from brainalign.encoding.design import Design
from brainalign.encoding.inner import Search
from brainalign.encoding.plan import _plan_group, check_fits, plan_fit
from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.bands import Bands


def design(n=20, length=50, c=6, masked=False):
    rng = np.random.default_rng(0)
    heard = [f"s{i}" for i in range(n)] + ["s0", "s0"]
    y = [rng.normal(size=(length, c)) for _ in heard]
    if masked:
        y[4][:7, 2] = np.nan
    return Design(heard, y, split_groups(heard, [length] * len(heard), 5, 0, "stimulus"))


def test_sizes_and_operations_by_hand():
    plan = plan_fit(design(), 8, 5, 7, Arithmetic(solver="cholesky"))
    assert (plan.rows, plan.features, plan.electrodes, plan.alphas, plan.folds, plan.groups) == (800, 40, 6, 7, 5, 1)
    assert plan.paths == 10  # pairs of folds
    # a path leaves two folds of 200 rows out and scores both, by half of a Gram matrix each since 40 features are fewer than 2 x 200 rows
    assert plan.method.flops == pytest.approx(7 * (40**3 / 3 + 2 * 40**2 * 6 + 2 * 40**2 * 6))
    assert plan.flops > 10 * plan.method.flops


def test_a_hold_out_has_half_the_paths_and_mask_groups_double_them():
    assert plan_fit(design(), 8, 5, 7, search=Search(inner_folds=1)).paths == 5
    masked = plan_fit(design(masked=True), 8, 5, 7)
    assert masked.paths == 20 and masked.groups == 2


def test_combinations_of_ratios_are_paths_of_their_own():
    one, nine = np.ones((1, 3)), combinations_of(3, [0.1, 1, 10])
    plain = plan_fit(design(), 8, 5, 7)
    same = plan_fit(design(), 8, 5, 7, bands=Bands((3, 3, 2), one))
    assert (same.paths, same.cost, same.memory) == (plain.paths, plain.cost, plain.memory)
    wide = [plan_fit(design(), 60, 5, 7, bands=Bands((20, 20, 20), ratios)) for ratios in (one, nine)]
    assert [p.paths for p in wide] == [10, 90] and wide[1].features == 300
    assert wide[1].method.eliminated and wide[0].cost < wide[1].cost < 9 * wide[0].cost


def test_more_features_than_rows_are_solved_in_the_dual():
    plan = plan_fit(design(), 400, 5, 7)
    assert plan.method.dual and plan.method.size <= 800
    assert "dual" in str(plan) and "2,000 lagged features" in str(plan)


def test_what_memory_cannot_hold_is_refused_with_what_would_fit(monkeypatch):
    made = design()

    def plan_of(dims, lags):
        return plan_fit(made, dims, lags, 7, Arithmetic(solver="cholesky"))

    monkeypatch.setattr(plan_module, "total_memory", lambda: plan_of(100, 7).memory)
    monkeypatch.setattr(plan_module, "resident_memory", lambda: 0)
    check_fits(plan_of, 100, 7)
    with pytest.raises(BrainalignError, match=r"hold 0\.0; what would fit: 7 lags or \d+ features a frame"):
        check_fits(plan_of, 100, 20)
    monkeypatch.setattr(plan_module, "total_memory", lambda: 1)
    with pytest.raises(BrainalignError, match="fewer electrodes"):
        check_fits(plan_of, 100, 20)


def test_operations_and_memory_of_all_parts_add_up():
    """By hand: moments, Gram matrices written out, the systems; predictions that are held beside what the fit itself takes."""
    made, arithmetic = design(), Arithmetic(solver="cholesky")
    (group,), n, m, d, c, p = made.groups, 1000, 5, 9, 6, 45
    plan, own = (f(made, *a) for f, a in ((plan_fit, (d, m, 7, arithmetic)),
        (_plan_group, (group, Bands((d,), np.ones((1, 1))), m, 7, arithmetic, Search()))))  # fmt: skip
    edges = sum(group.edges(a) for a in range(made.split.n_segments))
    fit = 6 * p**3 / 3 + 2 * p**2 * c  # at most one alpha an electrode
    sums = 2 * n * m * (d + 1) * (d + 1 + c)
    written = edges * p * p * 15 + 2 * n * p * c
    assert plan.flops == pytest.approx(sums + written + 10 * plan.method.flops + 5 * fit)
    assert plan.memory - own.memory == c * 22 * 50 * 4 * 2
    more = _plan_group(made, group, Bands((d,), np.ones((1, 1))), m, 9, arithmetic, Search())
    assert more.memory - own.memory == 3 * 5 * 2 * c * 8  # scores of two more alphas
