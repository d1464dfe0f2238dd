"""Elimination of bands against the same problems one by one, and the count that chooses between the two."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from brainalign.errors import BrainalignError
from brainalign.linalg import bands
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.bands import Bands, banded_scores, banded_solutions, solve_banded
from brainalign.linalg.held_out import HeldOut
from brainalign.linalg.moments import moments
from brainalign.linalg.primal import Primal
from brainalign.linalg.ridge import Problem, path_scores, solve_chosen
from brainalign.linalg.stack import Segment

LAGS, ALPHAS = np.arange(-1, 5), [1.0, 30.0, 1000.0]
WIDTHS = (3, 5, 2)
BANDS = Bands(WIDTHS, np.array([(1.0, *r) for r in product([0.01, 1.0, 100.0], repeat=2)]))


def world(seed=0, n=4, c=6):
    rng = np.random.default_rng(seed)
    kernel = rng.normal(size=(10, c))

    def rows():
        x = rng.normal(size=(90, 10)) + 1
        y = x @ kernel + 3 * rng.normal(size=(90, c))
        return Segment(x, np.ones(90), y, (y**2).sum(axis=0))

    train, test = moments([rows() for _ in range(n)], LAGS), moments([rows()], LAGS)
    return Problem(train, *train.scale()), [HeldOut(test), HeldOut(moments([rows()], LAGS))]


def taken(solve, *what, **how):
    """All that was handed over: [(electrodes, solution)]."""
    found = []
    solve(*what, take=lambda mine, solution: found.append((mine, solution)), **how)
    return found


def weights_of(_):
    """What is made of a solution: its weights, as they are."""
    return lambda penalties, weights: weights


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-4)])
def test_weights_are_those_of_each_combination_alone(dtype, tolerance):
    problem, _ = world()
    system = Primal(problem.train, problem.mean, problem.sd)
    whose = {BANDS.penalties(i, a): (i, a) for i in range(9) for a in ALPHAS}
    found = dict(banded_solutions(system, BANDS, whose, Arithmetic(dtype=dtype), weights_of))
    assert set(found) == set(whose)
    for penalties, (i, alpha) in whose.items():
        ((_, alone),) = taken(solve_chosen, BANDS.scaled(problem, i), np.full(6, alpha))
        alone = alone.coef
        error = (system.solution(found[penalties]).coef - alone).abs().max() / alone.abs().max()
        assert float(error) < tolerance
    if dtype == "float32":
        assert torch.float32 in {w.dtype for w in found.values()}


def test_scores_and_chosen_solutions_are_those_of_each_combination_alone():
    problem, tests = world(1)
    assert BANDS.of(problem, tests, len(ALPHAS), "auto").eliminated
    found = banded_scores(problem, BANDS, tests, ALPHAS)
    alone = [path_scores(BANDS.scaled(problem, i), tests, ALPHAS) for i in range(9)]
    np.testing.assert_allclose(found, np.concatenate(alone, axis=1), atol=1e-10)
    combinations, alphas = np.array([0, 8, 3, 3, 0, 5]), np.array([1.0, 30.0, 30.0, 1.0, 1.0, 1000.0])
    ((everyone, solution),) = taken(solve_banded, problem, BANDS, combinations, alphas)
    np.testing.assert_array_equal(everyone, np.arange(6))
    parts = taken(
        solve_banded, problem, BANDS, combinations, alphas, arithmetic=Arithmetic(solver="dual")
    )  # one by one
    assert sorted(np.concatenate([mine for mine, _ in parts]).tolist()) == list(range(6)) and len(parts) == 4
    for mine, other in parts:
        np.testing.assert_allclose(solution.coef[:, :, mine], other.coef, atol=1e-9)
        np.testing.assert_allclose(solution.intercept[mine], other.intercept, atol=1e-9)


@pytest.mark.parametrize("columns", [1, 13, 10**6])
def test_solutions_are_the_same_however_many_are_worked_on_at_once(columns, monkeypatch):
    problem, tests = world(4)
    alone = banded_scores(problem, BANDS, tests, ALPHAS)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    monkeypatch.setattr(bands, "SIDE_BY_SIDE", columns)
    try:
        found = banded_scores(problem, BANDS, tests, ALPHAS)
    finally:
        torch.set_num_threads(before)
    np.testing.assert_allclose(found, alone, atol=1e-10)


def test_what_float32_cannot_solve_is_solved_in_float64():
    problem, tests = world(2)
    tiny = replace(BANDS, ratios=np.array([[1.0, 1e-6, 1.0], [1.0, 1.0, 1.0]]))
    system = Primal(problem.train, problem.mean, problem.sd)
    used = {
        p: w.dtype
        for p, w in banded_solutions(
            system, tiny, [tiny.penalties(i, 1.0) for i in (0, 1)], Arithmetic(dtype="float32"), weights_of
        )
    }
    assert used == {(1.0, 1e-6, 1.0): torch.float64, (1.0, 1.0, 1.0): torch.float32}
    a, b = (banded_scores(problem, tiny, tests, [1.0], Arithmetic(dtype=d)) for d in ("float32", "float64"))
    np.testing.assert_allclose(a, b, atol=1e-4)


def test_a_penalty_too_small_is_one_sentence():
    problem, tests = world(3)
    with pytest.raises(BrainalignError, match=r"penalty -1e\+09 of band 1, too small"):
        banded_scores(
            problem, replace(BANDS, ratios=np.array([[1.0, 1.0, 1.0], [1.0, -1e9, 1.0]])), tests, [1.0], Arithmetic()
        )


def test_elimination_is_chosen_where_it_counts_less():
    def method(bands, rows=10_000, solver="auto"):
        return bands.method(lags=20, rows=rows, test_rows=[1000], electrodes=30, alphas=7, solver=solver)

    wide = Bands((96, 96, 40), BANDS.ratios)
    chosen, each = method(wide), replace(wide, ratios=np.ones((1, 3)))
    assert chosen.eliminated and chosen.cost < 9 * method(each).cost / 3
    assert "bands eliminated" in str(chosen)
    assert not method(each).eliminated  # one combination is a plain path
    assert not method(wide, rows=300).eliminated  # few rows: the dual
    assert not method(wide, solver="eigh").eliminated
