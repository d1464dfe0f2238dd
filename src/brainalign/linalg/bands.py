"""Banded ridge by block elimination: a band that has been eliminated under one penalty serves all penalties of the later ones.

With S the Gram matrix in blocks of bands and a penalty a_b for each,

    (S + diag(a_1, .., a_B)) w = X'y,   S' = S_rest,rest - S_rest,1 (S_11 + a_1 I)^-1 S_1,rest

S' is a smaller problem of the same kind in the later bands alone, factored for each of their penalties. Trying every combination so
costs little more than the first band's alphas; a Cholesky factor of the whole matrix for each would cost several times that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import Arithmetic
from brainalign.linalg.cholesky import NotPositiveDefinite
from brainalign.linalg.convolution import operations
from brainalign.linalg.gram import mirror
from brainalign.linalg.held_out import HeldOut
from brainalign.linalg.iterated import AT_A_TIME, iterated_scores, solve_iterated
from brainalign.linalg.method import ELIMINATED, FACTOR, SIDE_BY_SIDE, Method, choose_method
from brainalign.linalg.parallel import in_parallel
from brainalign.linalg.penalty import Penalty
from brainalign.linalg.primal import Primal
from brainalign.linalg.ridge import Enough, Problem, Take, path_scores, scorer, solve_chosen
from brainalign.linalg.solution import Solution
from brainalign.linalg.triangular import factor_, solve_

if TYPE_CHECKING:
    import torch
    from torch import Tensor

COLUMNS = 512
"""Columns of the next Gram matrix that are updated at a time; what lies below its diagonal is never needed."""

PRODUCTS = 80
"""Products with the Gram matrix that a combination takes by iteration, about: measured 39 for 5,760 unknowns, 43 for 15,360."""
SLOWER = 1.5
"""An operation of an iteration in those of a matrix product (measured: 1.4)."""

T = TypeVar("T")

Penalties = tuple[float, ...]
"""One a band."""
Solved = tuple[list[Penalties], "Tensor"]
"""Candidates, and their (q, c) weights one candidate after the other, (q, candidates x c)."""


@dataclass(frozen=True)
class Bands:
    """Neighbouring features that share a penalty.

    Attributes:
        widths: Number of features in each band.
        ratios: (combinations, bands) penalties to try, in units of alpha.
        copies: How many lags of its features a band holds side by side, for bands that came lagged; None = 1 of each.
    """

    widths: tuple[int, ...]
    ratios: NDArray[np.float64]
    copies: tuple[int, ...] | None = None

    def scale(self, combination: int) -> NDArray[np.float64]:
        """(d,) what each standard deviation is multiplied by, so that alpha alone is the penalty."""
        return np.repeat(np.sqrt(self.ratios[combination]), self.widths)

    def penalties(self, combination: int, alpha: float) -> Penalties:
        """The penalty of each band."""
        return tuple(float(alpha * ratio) for ratio in self.ratios[combination])

    def places(self, lags: int) -> NDArray[np.int64]:
        """(lags d,) where the lagged features of the first band, then of the second, .. stand among those by lag."""
        of_band = np.repeat(np.arange(len(self.widths)), self.widths)
        return np.argsort(np.tile(of_band, lags), kind="stable")

    def method(
        self,
        *,
        lags: int,
        rows: int,
        test_rows: list[int],
        electrodes: int,
        alphas: int,
        solver: str = "auto",
        penalty: Penalty = "ridge",
    ) -> Method:
        """The cheaper of elimination, for all combinations at once, and a path of alphas for each, by counted operations.

        Iteration is no search of all alphas, so that it is taken on demand alone.

        Args:
            lags: Of the window.
            rows: Distinct training rows.
            test_rows: Distinct rows of each set that is scored with every solution.
            electrodes: Responses.
            alphas: Length of the path.
            solver: As asked for; ``eigh`` and ``dual`` have no elimination; ``iterative`` is iteration.
            penalty: ``tikhonov`` has neither.
        """
        sizes, c = [lags * width for width in self.widths], electrodes
        p, n = sum(sizes), len(self.ratios)
        each = choose_method(features=p, rows=rows, test_rows=test_rows, electrodes=c, alphas=alphas, solver=solver)
        whole = replace(each, flops=n * each.flops, cost=n * each.cost)
        if n == 1 or solver not in ("auto", "cholesky", "iterative") or penalty != "ridge":
            return whole
        if solver != "iterative":
            return min(whole, self._elimination(sizes, test_rows, c, alphas), key=lambda method: method.cost)
        runs = n if test_rows else 2  # the electrodes' own penalties in one run, of twice as many products
        flops = runs * PRODUCTS * 2 * operations(lags) * rows * sum(self.widths) * c
        flops += n * alphas * 2.0 * sum(test_rows) * p * c
        held = operations(lags) / 2 * rows * sum(self.widths) + (2 * alphas + 20) * p * min(c, AT_A_TIME)
        held += 6.0 * rows * min(c, AT_A_TIME)  # the transforms of a product, and the rows that it gives
        return Method(False, False, False, p, flops, SLOWER * flops, iterated=round(8 * held))

    def _elimination(self, sizes: list[int], test_rows: list[int], c: int, alphas: int) -> Method:
        """Elimination of bands of so many lagged features."""
        p, n = sum(sizes), len(self.ratios)
        tested, halves = sum(test_rows), p / 2 * len(test_rows)
        by_gram = halves < tested
        flops = alphas * n * 2.0 * c * p * (max(sizes) + min(tested, halves))
        cost = flops
        for level, size in enumerate(sizes):
            times, rest = alphas * len(np.unique(self.ratios[:, : level + 1], axis=0)), sum(sizes[level + 1 :])
            products = 1.0 * size * rest * (size + rest) + 2.0 * c * size * (size + rest)
            flops += times * (size**3 / 3 + products)
            cost += times * (FACTOR * size**3 + products)
        return Method(False, False, by_gram, p, flops, cost, eliminated=True)

    def of(self, problem: Problem, tests: Sequence[HeldOut], alphas: int, solver: str) -> Method:
        """The method for a problem."""
        return self.method(
            lags=len(problem.train.lags), rows=problem.train.rows, test_rows=[t.moments.rows for t in tests],
            electrodes=problem.electrodes, alphas=alphas, solver=solver, penalty=problem.penalty,
        )  # fmt: skip

    def scaled(self, problem: Problem, combination: int) -> Problem:
        """The problem that a combination is with one penalty for all."""
        scale = problem.sd.new_tensor(self.scale(combination))
        if problem.basis is None:
            return replace(problem, sd=problem.sd * scale)
        return replace(problem, basis=problem.basis / scale)


def banded_scores(
    problem: Problem,
    bands: Bands,
    tests: Sequence[HeldOut],
    alphas: Sequence[float],
    arithmetic: Arithmetic = Arithmetic(),
    enough: Enough | None = None,
) -> NDArray[np.float64]:
    """Held-out R2 of every combination with every alpha.

    Args:
        problem: What is fitted, without any scale.
        bands: And its bands.
        tests: Sets of rows, each scored with every solution.
        alphas: Penalties of a band of ratio 1, each > 0.
        arithmetic: Device, precision and solver; the matrix may overrule float32.
        enough: Of a single combination, as in ``path_scores``.

    Returns:
        (tests, combinations x alphas, c), the alphas of the first combination first.

    Raises:
        BrainalignError: The matrix is not positive definite with some penalties.
    """
    method, n = bands.of(problem, tests, len(alphas), arithmetic.solver), len(bands.ratios)
    if method.iterated:
        return iterated_scores(problem, 1 / np.stack([bands.scale(i) for i in range(n)]), tests, alphas, arithmetic)
    if not method.eliminated:
        paths = [path_scores(bands.scaled(problem, i), tests, alphas, arithmetic, enough) for i in range(n)]
        return np.concatenate(paths, axis=1)
    places: dict[Penalties, list[int]] = {}
    for i in range(n):
        for a, alpha in enumerate(alphas):
            places.setdefault(bands.penalties(i, alpha), []).append(i * len(alphas) + a)

    def job(device: torch.device, _: int) -> NDArray[np.float64]:
        here, held_out = problem.to(device), [t.to(device) for t in tests]
        system = here.primal()
        out = np.full((len(tests), n * len(alphas), problem.electrodes), np.nan)
        everyone = slice(None)

        def scores_in(dtype: torch.dtype) -> Callable[[Penalties, Tensor], list[NDArray[np.float64]]]:
            scorers = [scorer(test, system, method, dtype) for test in held_out]

            def scores(_: Penalties, w: Tensor) -> list[NDArray[np.float64]]:
                b, each = system.intercept(w, everyone), zip(held_out, scorers, strict=True)
                return [
                    test.r2(products(w, everyone), b, here.train, everyone).cpu().numpy() for test, products in each
                ]

            return scores

        for penalties, r2 in banded_solutions(system, bands, places, arithmetic, scores_in):
            for t, found in enumerate(r2):
                out[t, places[penalties]] = found
        return out

    return arithmetic.run(job, problem.electrodes)


def solve_banded(
    problem: Problem,
    bands: Bands,
    combinations: NDArray[np.int64],
    alphas: NDArray[np.float64],
    take: Take,
    arithmetic: Arithmetic = Arithmetic(),
) -> None:
    """Solve with one combination and alpha an electrode.

    Args:
        problem: What is fitted, without any scale.
        bands: And its bands.
        combinations: (c,) the combination of each electrode.
        alphas: (c,) its alpha.
        take: Is handed some electrodes and their solution, until every electrode has one.
        arithmetic: Device, precision and solver.

    Raises:
        BrainalignError: The matrix is not positive definite with some penalties.
    """
    method = bands.of(problem, [], len(np.unique(alphas)), arithmetic.solver)
    if method.iterated:
        scale = np.stack([bands.scale(int(i)) for i in combinations])
        solve_iterated(problem, 1 / (scale * np.sqrt(alphas)[:, None]), take, arithmetic)
        return
    if not method.eliminated:
        for i in np.unique(combinations):
            mine = np.flatnonzero(combinations == i)
            some = replace(problem, train=problem.train.electrodes(mine))
            solve_chosen(bands.scaled(some, int(i)), alphas[mine], partial(_take_some, take, mine), arithmetic)
        return
    whose: dict[Penalties, list[int]] = {}
    for e, (i, alpha) in enumerate(zip(combinations.tolist(), alphas.tolist(), strict=True)):
        whose.setdefault(bands.penalties(i, alpha), []).append(e)

    def job(device: torch.device, _: int) -> None:
        here = problem.to(device)
        system = here.primal()
        weights = system.rhs()
        theirs = banded_solutions(
            system, bands, whose, arithmetic, lambda _: lambda found, w: w[:, whose[found]].double()
        )
        for penalties, w in theirs:
            weights[:, whose[penalties]] = w
        take(np.arange(problem.electrodes), system.solution(weights))

    arithmetic.run(job, problem.electrodes)


def _take_some(take: Take, mine: NDArray[np.int64], part: NDArray[np.int64], solution: Solution) -> None:
    take(mine[part], solution)


def banded_solutions(
    system: Primal,
    bands: Bands,
    candidates: Iterable[Penalties],
    arithmetic: Arithmetic,
    use: Callable[[torch.dtype], Callable[[Penalties, Tensor], T]],
) -> Iterator[tuple[Penalties, T]]:
    """(penalties, what is made of their weights) of every candidate; those in float32 come first.

    Penalties of the first band are worked on side by side.

    Args:
        system: Of the standardised features, as they are without any penalty.
        bands: Their bands.
        candidates: Penalties of the bands.
        arithmetic: Precision.
        use: From a precision to what makes something of penalties and their (p, c) weights, in the order of the system.

    Raises:
        BrainalignError: A matrix has no Cholesky factor in float64 either.
    """
    left = sorted(set(candidates))
    arithmetic.check(system.magnitude, min(map(min, left)))
    rhs = system.rhs()
    order = rhs.new_tensor(bands.places(len(system.train.lags))).long()
    sizes = [len(system.train.lags) * width for width in bands.widths]
    for dtype in arithmetic.precisions():
        if not left:
            return
        upper, largest = system.upper(dtype)
        safe = [c for c in left if arithmetic.safe(dtype, largest, min(c))]
        if not safe:
            continue
        gram = mirror(upper, system.width)[order][:, order]
        del upper
        solve = partial(_descend, gram, rhs[order].to(dtype), sizes)
        groups = [[c for c in safe if c[0] == first] for first in sorted({c[0] for c in safe})]
        job = partial(_used, solve, order, use(dtype))
        size = gram.nbytes + 3 * len(rhs) * max(rhs.shape[1], SIDE_BY_SIDE) * 8
        for found, error in in_parallel(job, groups, size, gram.device, ELIMINATED):
            if error is not None and dtype == arithmetic.precisions()[-1]:
                raise BrainalignError(
                    f"encoding.alphas with analysis.ratios hold a {error}, too small for these features: with it their lagged Gram "
                    f"matrix is not positive definite; use at least {1e-13 * largest:.1g}."
                ) from error
            for penalties, made in found:
                left.remove(penalties)
                yield penalties, made


def _used(
    solve: Callable[[Sequence[Penalties], int], Iterator[Solved]],
    order: Tensor,
    use: Callable[[Penalties, Tensor], T],
    candidates: Sequence[Penalties],
) -> tuple[list[tuple[Penalties, T]], NotPositiveDefinite | None]:
    """What is made of the candidates' weights, until one has no factor in this precision; and which."""
    found: list[tuple[Penalties, T]] = []
    try:
        for some, weights in solve(candidates, 0):
            for penalties, mine in zip(some, weights.chunk(len(some), dim=1), strict=True):
                ordered = mine.new_empty(mine.shape)
                ordered[order] = mine
                found.append((penalties, use(penalties, ordered)))
    except NotPositiveDefinite as error:
        return found, error
    return found, None


def _descend(
    gram: Tensor, rhs: Tensor, sizes: Sequence[int], candidates: Sequence[Penalties], level: int
) -> Iterator[Solved]:
    """Solutions in the bands from a level on; the candidates have their penalties of the bands before in common.

    Args:
        gram: What elimination has left of the Gram matrix, valid above its diagonal.
        rhs: And of the right-hand sides.
        sizes: Lagged features of every band.
        candidates: Sorted.
        level: The first band here.
    """
    import torch

    n = sizes[level]
    for penalty in sorted({c[level] for c in candidates}):
        mine = [c for c in candidates if c[level] == penalty]
        factor = gram[:n, :n].clone(memory_format=torch.contiguous_format)
        factor.diagonal().add_(penalty)
        if not factor_(factor, upper=True):
            raise NotPositiveDefinite(f"penalty {penalty:g} of band {level}")
        half = solve_(factor, rhs[:n].clone(memory_format=torch.contiguous_format), upper=True, transposed=True)
        if level == len(sizes) - 1:
            yield mine, solve_(factor, half, upper=True)
            continue
        across = solve_(factor, gram[:n, n:].clone(memory_format=torch.contiguous_format), upper=True, transposed=True)
        rest = gram[n:, n:].clone(memory_format=torch.contiguous_format)
        for at in range(0, len(rest), COLUMNS):
            end = min(at + COLUMNS, len(rest))
            rest[:end, at:end].addmm_(across[:, :end].T, across[:, at:end], alpha=-1)
        for some, later in _side_by_side(_descend(rest, rhs[n:] - across.T @ half, sizes, mine, level + 1)):
            here = half.repeat(1, len(some)).addmm_(across, later, alpha=-1)
            yield some, torch.cat([solve_(factor, here, upper=True), later])


def _side_by_side(solutions: Iterator[Solved]) -> Iterator[Solved]:
    """Solutions next to each other, up to ``SIDE_BY_SIDE`` columns: wide products and systems are the faster ones."""
    import torch

    held: list[Solved] = []
    for candidates, weights in solutions:
        if held and sum(w.shape[1] for _, w in held) + weights.shape[1] > SIDE_BY_SIDE:
            yield [c for some, _ in held for c in some], torch.cat([w for _, w in held], dim=1)
            held.clear()
        held.append((candidates, weights))
    if held:
        yield [c for some, _ in held for c in some], torch.cat([w for _, w in held], dim=1)
