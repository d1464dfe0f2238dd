"""The floor: operations that the problem needs at the least, by the best way known, counted and not measured.

Rows N, presentations n, dims d, lags m, p = m d, electrodes c, alphas a, folds of N_f rows:

    lag products   2 N d^2 m                     first block row of the Gram matrix: a d x d product a lag
    edges          n m (m - 1) d^2               block recursion: m (m - 1) / 2 blocks of rank one a presentation's end
    cross products 2 N p c
    factors        p^3 / 3                       Cholesky, each fold and alpha
    solutions      2 p^2 c                       two triangular solves, each fold and alpha
    held-out rows  min(2 p^2 c, 2 N_f p c)       w'Gw or the predictions, each fold and alpha
    refit          k p^3 / 3 + 2 p^2 c           k distinct alphas were chosen

Where electrodes (voxels) are many, one eigendecomposition a fold takes the place of the factors, of the features or of the training
rows, whichever are fewer (q); the cheaper of the two ways counts:

    kernel         2 N^2 d                       in place of the lag products, where q counts rows
    spectra        4 q^3                         each fold; LAPACK's own count is above this
    turned         2 q^2 c + 2 N_f q^2           right-hand sides and held-out rows, each fold
    predictions    2 N_f q c                     each fold and alpha

Additions of whole matrices (p^2) and sums over predictions are left out.
"""

from __future__ import annotations

import numpy as np

from benchmarks.problem import Problem


def operations(problem: Problem, distinct: int) -> dict[str, float]:
    """Floating-point operations of each part.

    Args:
        problem: The sizes.
        distinct: Number of different alphas that the electrodes chose.
    """
    return min(by_factors(problem, distinct), by_spectra(problem, distinct), key=lambda parts: sum(parts.values()))


def by_factors(problem: Problem, distinct: int) -> dict[str, float]:
    """A Cholesky factor each fold and alpha; see :func:`operations`."""
    n, p, c, m = problem.frames, problem.p, problem.electrodes, problem.lags
    rows = np.bincount(problem.fold_of, weights=problem.lengths, minlength=problem.folds)
    solves = problem.folds * problem.n_alphas
    return {
        "lag products": 2.0 * n * problem.dims**2 * m,
        "edges": 1.0 * problem.presentations * m * (m - 1) * problem.dims**2,
        "cross products": 2.0 * n * p * c,
        "factors": solves * p**3 / 3,
        "solutions": solves * 2.0 * p**2 * c,
        "held-out rows": problem.n_alphas * float(np.minimum(2.0 * p**2 * c, 2.0 * rows * p * c).sum()),
        "refit": distinct * p**3 / 3 + 2.0 * p**2 * c,
    }


def by_spectra(problem: Problem, distinct: int) -> dict[str, float]:
    """An eigendecomposition each fold; see :func:`operations`."""
    n, p, c = problem.frames, problem.p, problem.electrodes
    rows = np.bincount(problem.fold_of, weights=problem.lengths, minlength=problem.folds)
    q = np.minimum(p, n - rows)
    dual = bool((q < p).all())
    products = {"kernel": 2.0 * n**2 * problem.dims} if dual else {"lag products": 2.0 * n * problem.dims * p}
    return products | {
        "cross products": 0.0 if dual else 2.0 * n * p * c,
        "spectra": float((4.0 * q**3).sum()),
        "turned": float((2.0 * q**2 * (c + rows)).sum()),
        "predictions": problem.n_alphas * float((2.0 * rows * q * c).sum()),
        "refit": distinct * min(n, p) ** 3 / 3 + 2.0 * min(n, p) ** 2 * c + 2.0 * n * p * c,
    }


def least_memory(problem: Problem) -> float:
    """Bytes above the inputs that any solver by Gram matrices holds: one matrix (p, p) and weights (p, c) in float64."""
    return 8.0 * problem.p * (problem.p + problem.electrodes)
