"""Which solver: chosen by counted operations, never by the clock or by what memory happens to be free."""

from __future__ import annotations

from dataclasses import dataclass

EIGH = 12.5
"""An eigendecomposition of q rows costs this many q^3, in operations of a matrix product (measured: 12 to 13)."""
FACTOR = 1.3 / 3
"""So does a Cholesky factor: q^3 / 3, at 1 / 1.3 of the rate of a matrix product (measured: 1.0 to 1.6, the more rows the less)."""
WORTH = 0.1
"""Share of a factor's cost that Gram blocks of held-out rows must save: they take two matrices more of its size, predictions none."""


SIDE_BY_SIDE = 512
"""Columns of the solutions of several penalties that are worked on as one, at most, where bands are eliminated."""
ELIMINATED = 3
"""Penalties of the first band that are worked on at once, at most: each takes a matrix of the whole's size."""


@dataclass(frozen=True)
class Method:
    """How a ridge path is solved and scored.

    Attributes:
        dual: Solve for the training rows rather than for the features.
        eigh: One eigendecomposition for all alphas, rather than a Cholesky factor for each.
        by_gram: Score held-out rows by their Gram matrix rather than by their predictions.
        size: Rows of the system.
        flops: Operations of a whole path with its scores, as they are counted (a Cholesky factor as q^3 / 3).
        cost: The same in operations of a matrix product: what takes as long at its rate.
        eliminated: Bands of features are eliminated one after the other (``linalg.bands``).
        iterated: By conjugate gradients, without any matrix (``linalg.iterated``): the bytes that they hold; 0 for the others.
    """

    dual: bool
    eigh: bool
    by_gram: bool
    size: int
    flops: float
    cost: float
    eliminated: bool = False
    iterated: int = 0

    def memory(self, electrodes: int, width: int, test_rows: int) -> int:
        """Bytes that a path takes at its peak, beside moments: matrices, right-hand sides, weights, and rows that are predicted.

        Args:
            electrodes: Responses that are solved at a time.
            width: Columns a lag.
            test_rows: Distinct rows of the largest set that is scored.
        """
        q, c = self.size, electrodes
        if self.iterated:
            return self.iterated + 2 * test_rows * (width + c) * 8
        matrices = (4 if self.eigh or self.eliminated else 1) + (3 if self.dual else 0) + (2 if self.by_gram else 0)
        scored = 0 if self.by_gram else 2 * test_rows * ((q if self.dual or self.eigh else width) + c) * 8
        return matrices * q * q * 8 + 4 * q * c * 8 + scored + self._stacked(c)

    def _stacked(self, electrodes: int) -> int:
        """Bytes of solutions that stand side by side, where bands are eliminated."""
        import torch

        jobs = min(ELIMINATED, torch.get_num_threads()) if self.eliminated else 0
        return jobs * 3 * self.size * max(electrodes, SIDE_BY_SIDE) * 8

    def __str__(self) -> str:
        factor = "one eigendecomposition" if self.eigh else "a Cholesky factor an alpha"
        factor = "bands eliminated one by one" if self.eliminated else factor
        factor = "conjugate gradients without a matrix" if self.iterated else factor
        scored = "Gram blocks" if self.by_gram else "predictions"
        return f"{'dual' if self.dual else 'primal'}, {factor}, {self.size:,} unknowns, scored by {scored}"


def choose_method(
    *, features: int, rows: int, test_rows: list[int], electrodes: int, alphas: int, solver: str = "auto"
) -> Method:
    """The cheapest method by counted operations.

    Args:
        features: Lagged features p.
        rows: Distinct training rows.
        test_rows: Distinct rows of each set that is scored with every solution; empty for a fit without scores.
        electrodes: Responses c.
        alphas: Length of the path.
        solver: ``auto``, or ``cholesky``, ``eigh`` (both primal), ``dual`` (by its cheaper factor);
            ``iterative`` is for bands, and here the same as ``auto``.
    """
    dual = solver == "dual" or (solver in ("auto", "iterative") and rows < features)
    q = rows if dual else features
    found = [_count(dual, eigh, q, test_rows, electrodes, alphas) for eigh in (False, True)]
    if solver in ("cholesky", "eigh"):
        return found[solver == "eigh"]
    return min(found, key=lambda method: method.cost)


def _count(dual: bool, eigh: bool, q: int, test_rows: list[int], c: int, alphas: int) -> Method:
    """Operations of a method: solving for all electrodes and scoring them, for each alpha."""
    tested = sum(test_rows)
    solve = 2.0 * q * q * c
    by_rows, by_gram = 2.0 * tested * q * c, float("inf") if dual else solve / 2 * len(test_rows)  # of half the matrix
    if not eigh:
        gram = by_rows - by_gram > WORTH * FACTOR * q**3
        rest = alphas * (solve + (by_gram if gram else by_rows)) if test_rows else solve  # an electrode has one alpha
        return Method(dual, False, gram, q, alphas * q**3 / 3 + rest, alphas * FACTOR * q**3 + rest)
    # in the eigenbasis a solution is a scaling; the weights themselves are written where rows outnumber features
    rotated = solve + 2.0 * tested * q * q + alphas * by_rows
    written = solve + alphas * (solve + by_gram)
    gram = bool(test_rows) and written < rotated
    rest = (written if gram else rotated) if test_rows else 2 * solve
    return Method(dual, True, gram, q, EIGH * q**3 + rest, EIGH * q**3 + rest)
