"""Banded ridge by conjugate gradients: for systems so large that a factor of them would not fit, or take days.

Nothing as large as the system is made. A combination of ratios takes one run for all alphas, of which the larger settle in tens of
products and the smaller would take thousands. Those are not waited for: once the next alpha to settle has an R2 below the best of larger
ones by ``FALLEN`` for every electrode, noise is taken to drown the fit there and below. That is no proof: a held-out R2 can fall and rise
again. Alphas that were left out have the score -inf, in all folds of a choice, and no run takes this way unasked (``solver=iterative``).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import Arithmetic, say_once
from brainalign.linalg.conjugate_gradients import shifted_solutions
from brainalign.linalg.held_out import HeldOut
from brainalign.linalg.lagged_gram import LaggedGram
from brainalign.linalg.primal import Primal
from brainalign.linalg.ridge import Problem, Take

if TYPE_CHECKING:
    import torch
    from torch import Tensor

log = logging.getLogger(__name__)

FALLEN = 0.01
"""R2 below the best of larger alphas, for every electrode, from which on smaller ones are not waited for."""
SCORED, SOLVED = 1e-4, 1e-7
"""Relative residuals of solutions that are scored to choose by (less than 1e-4 of R2), and of those that are handed over."""
SHOWN, DOUBT = 10, 3.0
"""Products between looks at the next alpha to settle; how far off its R2 may be by then, in relative residuals (measured: 1)."""
MOST, LAST = 500, 10_000
"""Products after which alphas that have not settled are left out of a choice, and after which a chosen one is given up."""
AT_A_TIME = 256
"""Electrodes that are solved together: every alpha holds a solution and a direction of them."""


def iterated_scores(
    problem: Problem,
    factors: NDArray[np.float64],
    tests: Sequence[HeldOut],
    alphas: Sequence[float],
    arithmetic: Arithmetic = Arithmetic(),
) -> NDArray[np.float64]:
    """Held-out R2 of every combination with every alpha.

    Args:
        problem: What is fitted, without any scale.
        factors: (combinations, q) what its columns are multiplied by, so that alpha alone is the penalty.
        tests: Sets of rows, each scored with every solution.
        alphas: Penalties, each > 0.
        arithmetic: Device and precision; the matrix may overrule float32.

    Returns:
        (tests, combinations x alphas, c), the alphas of the first combination first; -inf for alphas that were left out.
    """

    def job(device: torch.device, at_once: int) -> NDArray[np.float64]:
        here, held_out = problem.to(device), [test.to(device) for test in tests]
        path = _Path(here.primal(), held_out, factors, alphas, arithmetic)
        return np.concatenate([path.scores(block) for block in _blocks(problem.electrodes, at_once)], axis=-1)

    return arithmetic.run(job, problem.electrodes)


def solve_iterated(
    problem: Problem, factors: NDArray[np.float64], take: Take, arithmetic: Arithmetic = Arithmetic()
) -> None:
    """Solve with penalties of its own for each electrode.

    Args:
        problem: What is fitted, without any scale.
        factors: (c, q) what its columns are multiplied by, so that each electrode's penalty is 1.
        take: Is handed some electrodes and their solution, until every electrode has one.
        arithmetic: Device and precision.
    """

    def job(device: torch.device, at_once: int) -> None:
        system = problem.to(device).primal()
        gram = LaggedGram(system, arithmetic.precisions()[0])
        if not arithmetic.safe(gram.dtype, gram.largest * float((factors**2).max()), 1.0):
            gram = LaggedGram(system, arithmetic.precisions()[-1])
        for mine in _blocks(problem.electrodes, at_once):
            rhs = system.rhs(mine)
            scale = rhs.new_tensor(factors[mine].T).repeat(len(problem.train.lags), 1)
            path = shifted_solutions(gram.scaled(scale), (scale * rhs).to(gram.dtype), [1.0], SOLVED, LAST)
            found = next((x for _, x, _ in path), None)
            if found is None:
                raise BrainalignError(
                    f"encoding.alphas: {len(rhs):,} unknowns have not settled after {LAST:,} products with penalties from "
                    f"{float((factors**-2.0).min()):g}; leave the smallest alphas out, or use encoding.solver=cholesky."
                )
            take(np.arange(mine.start, mine.stop), system.solution(scale * found, mine))

    arithmetic.run(job, problem.electrodes)


class _Path:
    """Scores of all combinations and alphas of one problem, some electrodes at a time."""

    def __init__(
        self, system: Primal, tests: Sequence[HeldOut], factors: NDArray[np.float64], alphas: Sequence[float], arithmetic: Arithmetic
    ) -> None:  # fmt: skip
        arithmetic.check(system.magnitude, min(alphas))
        self._system, self._tests, self._alphas, self._arithmetic = system, tests, alphas, arithmetic
        self._factors = [system.offset.new_tensor(f).repeat(len(system.train.lags))[:, None] for f in factors]
        self._rows: dict[torch.dtype, list[list[Tensor]]] = {}
        self._gram = LaggedGram(system, arithmetic.precisions()[0])
        self._largest = self._gram.largest

    def scores(self, electrodes: slice) -> NDArray[np.float64]:
        """(tests, combinations x alphas, c) R2 of some electrodes."""
        n, c = len(self._factors), electrodes.stop - electrodes.start
        self._out = np.full((len(self._tests), n, len(self._alphas), c), np.nan)
        rhs, left = self._system.rhs(electrodes), {i: list(range(len(self._alphas))) for i in range(n)}
        for dtype in self._arithmetic.precisions():
            for i in list(left):
                if left[i] and self._settled(i, dtype, left[i], rhs, electrodes):
                    del left[i]
        if any(left.values()):
            smallest = max(self._alphas[a] for alphas in left.values() for a in alphas)
            say_once(
                f"encoding.alphas up to {smallest:g} took no part in some choices: with them {len(rhs):,} unknowns had not settled "
                f"after {MOST} products.",
                log.warning,
            )
        for row in self._out.swapaxes(0, 1):
            row[:, np.isnan(row).all(axis=(0, 2))] = -np.inf
        return self._out.reshape(len(self._tests), -1, c)

    def _settled(self, i: int, dtype: torch.dtype, left: list[int], rhs: Tensor, electrodes: slice) -> bool:
        """Score those of the alphas left that a precision is safe for, the largest first; whether no other is needed."""
        factor = self._factors[i]
        largest = self._largest * float(factor.max()) ** 2
        safe = [a for a in left if self._arithmetic.safe(dtype, largest, self._alphas[a])]
        if not safe:
            return False
        if self._gram.dtype != dtype:
            del self._gram  # before the next is made
            self._gram = LaggedGram(self._system, dtype)
        alphas = [self._alphas[a] for a in safe]
        path = shifted_solutions(self._gram.scaled(factor), (factor * rhs).to(dtype), alphas, SCORED, MOST, SHOWN)
        for number, found, residual in path:
            r2, settled = self._r2(factor.to(dtype) * found, electrodes), bool((residual <= SCORED).all())
            best = np.fmax.reduce(self._out[:, i], axis=1)
            fallen = not np.isnan(best).all() and not (r2 + DOUBT * residual.cpu().numpy() > best - FALLEN).any()
            if settled or fallen:
                self._out[:, i, safe[number]] = r2
                left.remove(safe[number])
            if fallen:
                return True
        return not left

    def _r2(self, w: Tensor, electrodes: slice) -> NDArray[np.float64]:
        """(tests, c) of weights w (p, c)."""
        if w.dtype not in self._rows:
            self._rows.clear()  # those in float32 have served
            self._rows[w.dtype] = [test.prepare(self._system, w.dtype) for test in self._tests]
        b, found = self._system.intercept(w, electrodes), []
        for test, rows in zip(self._tests, self._rows[w.dtype], strict=True):
            products = test.by_rows(self._system, w, electrodes, rows)
            found.append(test.r2(products, b, self._system.train, electrodes).cpu().numpy())
        return np.stack(found)


def _blocks(electrodes: int, at_once: int) -> list[slice]:
    step = min(at_once, AT_A_TIME)
    return [slice(at, min(at + step, electrodes)) for at in range(0, electrodes, step)]
