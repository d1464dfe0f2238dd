"""Ridge paths from moments: held-out scores for a list of alphas, and a solution with one alpha an electrode."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from brainalign.errors import BrainalignError
from brainalign.linalg.arithmetic import SAFE_LOSS_EIGH, Arithmetic, say_once
from brainalign.linalg.cholesky import Cholesky, NotPositiveDefinite
from brainalign.linalg.dual import Dual
from brainalign.linalg.held_out import HeldOut, Products
from brainalign.linalg.method import Method, choose_method
from brainalign.linalg.moments import Moments
from brainalign.linalg.penalty import Penalty, check_lags, suited
from brainalign.linalg.primal import Primal
from brainalign.linalg.solution import Solution
from brainalign.linalg.stack import Electrodes

if TYPE_CHECKING:
    import torch
    from torch import Tensor

log = logging.getLogger(__name__)

T = TypeVar("T")
System = Primal | Dual
Solve = Callable[[Electrodes], "Tensor"]
"""From electrodes to their (q, c) solutions, or right-hand sides."""
Take = Callable[[NDArray[np.int64], Solution], None]
"""Is handed the places of some electrodes and their solution."""
Enough = Callable[[NDArray[np.float64]], bool]
"""From the (tests, alphas, c) scores so far to whether the alphas that are left are to be left out."""


@dataclass(frozen=True)
class Problem:
    """Ridge regression of the responses on the lagged ``(h - mean) / sd`` of some training rows.

    Attributes:
        train: Moments of the training rows.
        mean: (d,) of the standardisation.
        sd: (d,) of the standardisation.
        intercept_alpha: Penalty of the intercept.
        basis: (d, q) components that stand in the features' place, see :mod:`brainalign.linalg.components`; None = the features.
        penalty: On the size of the weights, or with ``tikhonov`` on their change over lags.
    """

    train: Moments
    mean: Tensor
    sd: Tensor
    intercept_alpha: float = 0.0
    basis: Tensor | None = None
    penalty: Penalty = "ridge"

    @property
    def width(self) -> int:
        """Columns a lag: features, or their components."""
        return self.train.d if self.basis is None else self.basis.shape[1]

    @property
    def electrodes(self) -> int:
        """Number of responses."""
        return len(self.train.ysum)

    def method(self, tests: Sequence[HeldOut], alphas: int, solver: str) -> Method:
        """The method that ``solver`` stands for here."""
        return choose_method(
            features=len(self.train.lags) * self.width, rows=self.train.rows,
            test_rows=[t.moments.rows for t in tests], electrodes=self.electrodes, alphas=alphas, solver=solver,
        )  # fmt: skip

    def system(self, method: Method) -> System:
        """The linear system of a method."""
        if not method.dual:
            return self.primal()
        return Dual(self.train, self.mean, self.sd, self.intercept_alpha, self.basis)

    def primal(self) -> Primal:
        """The primal system."""
        return Primal(self.train, self.mean, self.sd, self.intercept_alpha, self.basis, self.penalty)

    def suited(self, arithmetic: Arithmetic) -> Arithmetic:
        """The arithmetic that its penalty needs; refuses a penalty that this many lags have no room for."""
        check_lags(len(self.train.lags), self.penalty)
        return suited(arithmetic, self.penalty)

    def to(self, device: torch.device) -> Problem:
        """The same on a device."""
        basis = None if self.basis is None else self.basis.to(device)
        return replace(self, train=self.train.to(device), mean=self.mean.to(device), sd=self.sd.to(device), basis=basis)


def path_scores(
    problem: Problem,
    tests: Sequence[HeldOut],
    alphas: Sequence[float],
    arithmetic: Arithmetic = Arithmetic(),
    enough: Enough | None = None,
) -> NDArray[np.float64]:
    """Held-out R2 of ``(X'X + alpha K) w = X'y`` for each alpha; K is the problem's penalty.

    Args:
        problem: What is fitted.
        tests: Sets of rows, each scored with every solution.
        alphas: Penalties, each > 0; with ``enough`` from the largest down.
        arithmetic: Device, precision and solver; the matrix may overrule float32.
        enough: Asked after each alpha whose solutions are written out; None = all alphas.

    Returns:
        (tests, alphas, c) R2, SST about the training mean; with ``enough`` of as many of the alphas as were tried.

    Raises:
        BrainalignError: The matrix is not positive definite at some alpha.
    """
    arithmetic = problem.suited(arithmetic)
    chosen = problem.method(tests, len(alphas), arithmetic.solver)

    def job(device: torch.device, at_once: int) -> NDArray[np.float64]:
        here, held_out = problem.to(device), [t.to(device) for t in tests]

        def scored(method: Method) -> NDArray[np.float64]:
            if method.eigh and not method.by_gram:
                return _rotated_scores(here, held_out, alphas, method, arithmetic, at_once)
            return _written_scores(here, held_out, alphas, method, arithmetic, at_once, enough)

        return _or_by_factors(scored, chosen)

    return arithmetic.run(job, problem.electrodes)


def solve_chosen(
    problem: Problem, alphas: NDArray[np.float64], take: Take, arithmetic: Arithmetic = Arithmetic()
) -> None:
    """Solve with one alpha an electrode: one factor for each alpha that any of them chose.

    Args:
        problem: What is fitted.
        alphas: (c,) the alpha of each electrode.
        take: Is handed the solution of all electrodes; where there are more than are solved at a time, of some after the other. A device
            that runs full may hand over some of them twice.
        arithmetic: Device, precision and solver.

    Raises:
        BrainalignError: The matrix is not positive definite at some alpha.
    """
    distinct, arithmetic = np.unique(alphas), problem.suited(arithmetic)
    chosen = problem.method([], len(distinct), arithmetic.solver)

    def job(device: torch.device, at_once: int) -> None:
        here = problem.to(device)
        _or_by_factors(lambda method: solved(here, method, at_once), chosen)

    def solved(here: Problem, method: Method, at_once: int) -> None:
        system, together = here.system(method), len(alphas) <= at_once
        found = []
        for number, _, solve in _solutions(system, distinct.tolist(), method, arithmetic):
            mine = np.flatnonzero(alphas == distinct[number])
            for part in np.split(mine, range(at_once, len(mine), at_once)):
                w = solve(part).double()
                if together:
                    found.append((part, w))
                else:
                    take(part, system.solution(w, part))
        if together:
            whole = found[0][1].new_empty(len(found[0][1]), len(alphas))
            for part, w in found:
                whole[:, part] = w
            take(np.arange(len(alphas)), system.solution(whole))

    arithmetic.run(job, problem.electrodes)


def _written_scores(
    problem: Problem,
    tests: Sequence[HeldOut],
    alphas: Sequence[float],
    method: Method,
    arithmetic: Arithmetic,
    at_once: int,
    enough: Enough | None,
) -> NDArray[np.float64]:
    """Scores of solutions that are written out, alpha by alpha, until there are enough."""
    system, blocks = problem.system(method), _blocks(problem.electrodes, at_once)
    out = np.full((len(tests), len(alphas), problem.electrodes), np.nan)
    scorers: dict[torch.dtype, list[Callable[[Tensor, slice], Products]]] = {}
    for tried, (a, dtype, solve) in enumerate(_solutions(system, alphas, method, arithmetic), start=1):
        if dtype not in scorers:
            scorers.clear()  # those in float32 have served
            scorers[dtype] = [scorer(test, system, method, dtype) for test in tests]
        for electrodes in blocks:
            w = solve(electrodes)
            b = system.intercept(w, electrodes)
            for t, (test, products) in enumerate(zip(tests, scorers[dtype], strict=True)):
                found = test.r2(products(w, electrodes), b, problem.train, electrodes)
                out[t, a, electrodes] = found.cpu().numpy()
        del solve  # and with it a factor, before one of the next precision is made
        if enough is not None and tried == a + 1 and enough(out[:, :tried]):  # those before it have been tried
            return out[:, :tried]
    return out


def scorer(test: HeldOut, system: System, method: Method, dtype: torch.dtype) -> Callable[[Tensor, slice], Products]:
    """From solutions of some electrodes to their products with held-out rows, by the method's way.

    Args:
        test: The rows.
        system: What is solved.
        method: Of the path.
        dtype: Of the solutions.
    """
    if method.by_gram:
        assert isinstance(system, Primal), "a dual solution has no Gram blocks"
        gram = test.gram(system, dtype)
        cross = _last(lambda electrodes: test.cross(system, electrodes))
        return lambda w, electrodes: test.by_gram(w, cross(electrodes), gram)
    rows = test.prepare(system, dtype)
    return lambda w, electrodes: test.by_rows(system, w, electrodes, rows)


def _rotated_scores(
    problem: Problem,
    tests: Sequence[HeldOut],
    alphas: Sequence[float],
    method: Method,
    arithmetic: Arithmetic,
    at_once: int,
) -> NDArray[np.float64]:
    """Scores in the eigenbasis: the held-out rows are rotated once, and an alpha is a scaling of their columns."""
    import torch

    system = problem.system(method)
    arithmetic.check(system.magnitude, min(alphas))
    values, vectors = _spectrum(system, min(alphas), arithmetic)
    rotated = [[(number, block, system.apply(ready, block, vectors))
               for number, ready in enumerate(test.prepare(system, vectors.dtype))
               for block in system.blocks(test.moments.stacks[number])] for test in tests]  # fmt: skip
    scale = 1 / (values + values.new_tensor(alphas)[:, None])  # (alphas, q)
    offset = scale.double() * (system.offset @ vectors.double())
    out = np.full((len(tests), len(alphas), problem.electrodes), np.nan)
    for electrodes in _blocks(problem.electrodes, at_once):
        rhs = vectors.T @ system.rhs(electrodes).to(vectors.dtype)
        intercepts = system.intercept_of(offset @ rhs.double(), electrodes)
        for t, (test, pieces) in enumerate(zip(tests, rotated, strict=True)):
            zero = rhs.new_zeros(rhs.shape[1], dtype=torch.float64)
            found = [Products(zero, zero, zero) for _ in alphas]
            for number, block, rows in pieces:
                response = test.moments.stacks[number].response[block, electrodes].to(rows.dtype)
                for a, each in enumerate(scale):
                    found[a] += test.compare(number, block, (rows * each) @ rhs, response)
            for a, products in enumerate(found):
                r2 = test.r2(products, intercepts[a], problem.train, electrodes)
                out[t, a, electrodes] = r2.cpu().numpy()
    return out


def _solutions(
    system: System, alphas: Sequence[float], method: Method, arithmetic: Arithmetic
) -> Iterator[tuple[int, torch.dtype, Solve]]:
    """(number of the alpha, precision, solver for some electrodes), each good until the next; float32 ones first."""
    arithmetic.check(system.magnitude, min(alphas))
    if method.eigh:
        values, vectors = _spectrum(system, min(alphas), arithmetic)
        rotated = _last(lambda electrodes: vectors.T @ system.rhs(electrodes).to(vectors.dtype))
        for number, alpha in enumerate(alphas):
            yield number, vectors.dtype, partial(_scaled, vectors, values + alpha, rotated)
        return
    left = dict(enumerate(alphas))
    for dtype in arithmetic.precisions():
        if left:
            yield from _factored(system, left, dtype, arithmetic)


def _factored(
    system: System, left: dict[int, float], dtype: torch.dtype, arithmetic: Arithmetic
) -> Iterator[tuple[int, torch.dtype, Solve]]:
    """Solutions of those alphas for which a precision is safe; they are taken out of ``left``."""
    upper, largest = system.upper(dtype)
    smoothness = system.smoothness(upper, largest) if isinstance(system, Primal) else None
    factor, rhs = Cholesky(upper, smoothness), _last(lambda electrodes: system.rhs(electrodes).to(dtype))
    for number, alpha in list(left.items()):
        if not arithmetic.safe(dtype, largest, alpha):
            continue
        try:
            factor.factor(alpha)
        except NotPositiveDefinite as error:
            if dtype != arithmetic.precisions()[-1]:
                continue
            if smoothness is not None:
                raise BrainalignError(
                    f"penalty=tikhonov with alpha {alpha:g} does not determine the weights: what is the same at all lags costs nothing, "
                    f"and either some of the {smoothness.width} features depend on the others in these rows, or alpha is too large "
                    "beside them; use penalty=ridge, fewer features (encoding.components in a run), or smaller alphas."
                ) from error
            raise BrainalignError(
                f"encoding.alphas holds {alpha:g}, too small for these features: with it their lagged Gram matrix "
                f"is not positive definite; use at least {1e-13 * largest:.1g}."
            ) from error
        del left[number]
        yield number, dtype, partial(_solved, factor, rhs)


def _solved(factor: Cholesky, rhs: Solve, mine: Electrodes) -> Tensor:
    return factor.solve(rhs(mine))


def _scaled(vectors: Tensor, shifted: Tensor, rotated: Solve, mine: Electrodes) -> Tensor:
    return vectors @ (rotated(mine) / shifted[:, None])


def _last(make: Solve) -> Solve:
    """The same function, which remembers what it made of the electrodes that it saw last: all, where they are one block."""
    held: list[tuple[Electrodes, Tensor]] = []

    def of(electrodes: Electrodes) -> Tensor:
        if not held or held[0][0] is not electrodes:
            held[:] = [(electrodes, make(electrodes))]
        return held[0][1]

    return of


class NotConverged(Exception):
    """No precision gave the eigenvalues of a system."""


def _or_by_factors(solve: Callable[[Method], T], method: Method) -> T:
    """What a method gives; where its eigenvalues are not found, what a Cholesky factor for each alpha gives."""
    try:
        return solve(method)
    except NotConverged:
        return solve(replace(method, eigh=False, by_gram=False))


def _spectrum(system: System, smallest: float, arithmetic: Arithmetic) -> tuple[Tensor, Tensor]:
    """Eigenvalues (q,) and eigenvectors (q, q), in the precision that the smallest alpha needs.

    LAPACK's and CUDA's divide and conquer give up on some matrices, in float32 sooner than in float64.

    Raises:
        NotConverged: They did so in each precision.
    """
    import torch

    for dtype in arithmetic.precisions():
        upper, largest = system.upper(dtype)
        if not arithmetic.safe(dtype, largest, smallest, SAFE_LOSS_EIGH):
            continue
        try:
            values, vectors = torch.linalg.eigh(upper, UPLO="U")
        except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
            instead = "float64 is taken" if dtype == torch.float32 else "a Cholesky factor is made for each alpha"
            say_once(
                f"an eigendecomposition did not converge in {str(dtype).removeprefix('torch.')}: {instead}.",
                log.warning,
            )
            continue
        return values.clamp(min=0), vectors
    raise NotConverged


def _blocks(c: int, at_once: int) -> list[slice]:
    return [slice(at, min(at + at_once, c)) for at in range(0, c, at_once)]
