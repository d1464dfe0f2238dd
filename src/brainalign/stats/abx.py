"""ABX discriminability: from distances to accuracies, and from both to listeners' answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from brainalign.linalg.variation import CENTRED, varies

Array = NDArray[np.float64]

TIE = 1e-7
"""Difference of two distances that is rounding (features are kept in float32)."""

FOLDS = 5
"""Parts of the contrasts, each scored in the layer that is best in the others."""

FEWEST = 5
"""Contrasts below which a bootstrap over them says nothing."""

BLOCK = 64
"""Draws that are held at once."""


def correct(delta: ArrayLike) -> Array:
    """What a model's answer to each triplet counts: 1 where X is nearer to A, 0 where it is nearer to B, one half for a tie.

        delta = d(B, X) - d(A, X),   correct = [delta > 0] + [delta = 0] / 2     (Schatz et al. 2013)

    Args:
        delta: Any shape; differences up to 1e-7 are ties; NaN stays NaN.

    Example:
        >>> correct([0.2, -0.1, 0.0, float("nan")]).tolist()
        [1.0, 0.0, 0.5, nan]
    """
    d = np.asarray(delta, dtype=np.float64)
    return np.where(np.isnan(d), np.nan, np.where(np.abs(d) <= TIE, 0.5, d > 0))


def wilson(right: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); NaN for fewer than two trials.

    Args:
        right: Number of right answers, ties as halves.
        n: Trials, taken as independent.

    Example:
        >>> [round(v, 3) for v in wilson(8, 10)]
        [0.49, 0.943]
    """
    if n < 2:
        return np.nan, np.nan
    z, share = 1.959963984540054, right / n
    middle, half = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float((middle - half) / (1 + z**2 / n)), float((middle + half) / (1 + z**2 / n))


def nested_accuracy(accuracy: Array, seed: int) -> tuple[Array, NDArray[np.int64]]:
    """Each contrast's accuracy in the layer that is best, on average, over the contrasts of the other folds.

    Args:
        accuracy: (contrasts, layers).
        seed: Of the folds.

    Returns:
        (contrasts,) accuracies; (contrasts,) places of the layers. With one contrast there is no choice but the best on it.

    Example:
        >>> found, layer = nested_accuracy(np.array([[0.5, 0.9], [0.6, 0.8], [0.8, 0.7]]), seed=0)
        >>> layer.tolist(), found.tolist()
        ([1, 1, 1], [0.9, 0.8, 0.7])
    """
    n = len(accuracy)
    fold = np.random.default_rng(seed).permutation(n) % min(FOLDS, n)
    layer = np.zeros(n, dtype=np.int64)
    for f in np.unique(fold):
        rest = accuracy[fold != f] if n > 1 else accuracy
        layer[fold == f] = int(np.argmax(rest.mean(axis=0)))
    return accuracy[np.arange(n), layer], layer


def relate(x: ArrayLike, y: ArrayLike, strata: ArrayLike, *, draws: int, permutations: int, seed: int) -> pd.DataFrame:
    """Pearson correlation of columns with one variable, tested by shuffles within strata; of ranks it is Spearman's.

        p = (1 + #{null >= observed}) / (1 + permutations)

    One-sided: a relation is one of agreement. What differs between strata stays in the null, whose middle then is not 0. The interval
    is the bootstrap's over strata (percentiles 2.5 and 97.5), NaN below five; with one stratum, over rows.

    Args:
        x: (n, k) columns.
        y: (n,).
        strata: (n,) labels; rows are shuffled within them.
        draws: Of the bootstrap.
        permutations: Shuffles.
        seed: Of both.

    Returns:
        One row a column: r, low, high, p, n; r NaN where a side is constant, p NaN where also nothing can be shuffled.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = rng.normal(size=200)
        >>> found = relate(np.column_stack([y + rng.normal(size=200), rng.normal(size=200)]), y, np.arange(200) % 10,
        ...                draws=200, permutations=199, seed=0)
        >>> found["p"].tolist()[0], bool(found["p"].tolist()[1] > 0.05)
        (0.005, True)
    """
    columns, target = _standard(np.asarray(x, dtype=np.float64)), _standard(np.asarray(y, dtype=np.float64)[:, None])
    label = pd.factorize(np.asarray(strata))[0]
    n, k = columns.shape
    observed = (target.T @ columns)[0]
    known = np.isfinite(observed)
    rng = np.random.default_rng(seed)
    order = np.argsort(label, kind="stable")
    p = np.full(k, np.nan)
    if permutations and np.bincount(label).max() > 1:
        reached = np.zeros(k)
        for start in range(0, permutations, BLOCK):
            size = min(BLOCK, permutations - start)
            keys = rng.random((size, n)) + label  # below the next label's: strata stay apart
            shuffled = np.empty_like(keys)
            shuffled[:, order] = target[np.argsort(keys, axis=1), 0]
            reached += (shuffled @ columns >= observed - 1e-12).sum(axis=0)
        p[known] = ((1 + reached) / (1 + permutations))[known]
    low, high = _bootstrap(columns, target[:, 0], label if label.max() else np.arange(n), draws, rng)
    return pd.DataFrame({"r": observed, "low": low, "high": high, "p": p, "n": n})


def _standard(x: Array) -> Array:
    """Columns centred, of length 1; NaN where they are constant."""
    centred = x - x.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    return np.asarray(centred / np.where(varies(length**2, (x**2).sum(axis=0), rounding=CENTRED), length, np.nan))


def _bootstrap(
    x: Array, y: Array, label: NDArray[np.int64], draws: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """(k,) ends of the interval of each column's correlation with y, whole strata drawn with replacement."""
    strata, k = int(label.max()) + 1, x.shape[1]
    if strata < FEWEST:
        return np.full(k, np.nan), np.full(k, np.nan)
    sums = np.zeros((strata, 3 + 3 * k))
    np.add.at(sums, label, np.column_stack([np.ones(len(y)), y, y**2, x, x**2, x * y[:, None]]))
    drawn = rng.multinomial(strata, np.full(strata, 1 / strata), size=draws) @ sums
    n, sy, syy = (drawn[:, [i]] for i in range(3))
    sx, sxx, sxy = (drawn[:, 3 + i * k : 3 + (i + 1) * k] for i in range(3))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = (sxy - sx * sy / n) / np.sqrt((sxx - sx**2 / n) * (syy - sy**2 / n))
    ends = np.full((2, k), np.nan)
    known = np.isfinite(r).any(axis=0)
    ends[:, known] = np.nanpercentile(r[:, known], [2.5, 97.5], axis=0)
    return ends[0], ends[1]
