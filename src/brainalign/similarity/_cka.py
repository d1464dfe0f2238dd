"""Linear centred kernel alignment from moments of the features: no matrix of rows by rows, and exact over batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brainalign.errors import BrainalignError
from brainalign.similarity._rows import CONSTANT, Array

LEAST = 4
"""Rows that the unbiased estimate of HSIC needs: it divides by n (n - 3)."""

BATCH = 8192
"""Rows whose products are summed in their own precision; beyond that sums are in float64."""


@dataclass(frozen=True)
class Batch:
    """Rows about a common origin, and what every comparison needs of them: once a layer, not once a pair of layers.

    Attributes:
        rows: (n, p).
        total: (p,) their sum.
        squares: (n,) k = |x|^2 of each.
    """

    rows: NDArray[np.floating]
    total: Array
    squares: Array

    @classmethod
    def all_of(cls, rows: NDArray[np.floating]) -> list[Batch]:
        """Rows (n, p) in batches."""
        parts = (rows[i : i + BATCH] for i in range(0, len(rows), BATCH))
        return [cls(x, x.sum(axis=0, dtype=np.float64), np.einsum("ij,ij->i", x, x, dtype=np.float64)) for x in parts]


@dataclass
class Moments:
    """Sums over rows from which HSIC of two linear kernels follows, biased or not. They add up over batches.

    Attributes:
        n: Rows.
        x, y: (p,) and (q,) sums of the rows.
        xy: (p, q) sum of x y'.
        k, l, kl: Sums of k = |x|^2, of l = |y|^2, and of their product.
        xl, yk: (p,) and (q,) sums of x l and of y k.
    """

    n: int
    x: Array
    y: Array
    xy: Array
    k: float
    l: float  # noqa: E741  the field's letter for the second kernel
    kl: float
    xl: Array
    yk: Array

    @classmethod
    def of(cls, x: Batch, y: Batch) -> Moments:
        """Of paired rows."""
        k, l = x.squares, y.squares  # noqa: E741
        return cls(
            len(k), x.total, y.total, (x.rows.T @ y.rows).astype(np.float64), float(k.sum()), float(l.sum()), float(k @ l),
            # in the rows' own precision: a float64 vector would make a float64 copy of all rows
            (l.astype(x.rows.dtype) @ x.rows).astype(np.float64), (k.astype(y.rows.dtype) @ y.rows).astype(np.float64),
        )  # fmt: skip

    @classmethod
    def summed(cls, x: Sequence[Batch], y: Sequence[Batch]) -> Moments:
        """Of many paired rows."""
        return reduce(add, map(cls.of, x, y))

    def __add__(self, other: Moments) -> Moments:
        return Moments(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def hsic(self, debiased: bool) -> float:
        """HSIC, up to the factor that cancels in CKA; ``debiased`` is Song et al.'s HSIC_1."""
        n = self.n
        if not debiased:
            return float(((self.xy - np.outer(self.x, self.y) / n) ** 2).sum() / (n - 1) ** 2)
        trace = (self.xy**2).sum() - self.kl
        whole = (self.x @ self.x - self.k) * (self.y @ self.y - self.l)
        chain = self.x @ self.xy @ self.y - self.x @ self.xl - self.y @ self.yk + self.kl
        return float((trace + whole / ((n - 1) * (n - 2)) - 2 * chain / (n - 2)) / (n * (n - 3)))


@dataclass
class CKA:
    """Linear CKA of rows that come in batches; the result is that of all rows at once.

        CKA = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)),   K = X X',  L = Y Y'

    Kornblith et al. 2019 estimate HSIC by tr(K H L H) / (n - 1)^2, which is far above 0 for unrelated representations that are
    wider than they have rows. ``debiased`` takes Song et al.'s unbiased estimate of each HSIC instead (Nguyen et al. 2021; Murphy et
    al. 2024 on finite samples), which is 0 on average there and may be negative. Both follow from moments of the features:
    time n p q and memory p q where the literal way takes n^2 (p + q) and n^2.

    Args:
        debiased: Take the unbiased estimates.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(200, 10))
        >>> measure = CKA()
        >>> for rows in np.array_split(x, 4):
        ...     measure = measure.partial_fit(rows, 3 * rows[:, ::-1] + 1)
        >>> round(measure.score(), 6)
        1.0
    """

    debiased: bool = True
    _sums: dict[str, Moments] = field(default_factory=dict, repr=False)
    _origin: dict[str, tuple[Array, float]] = field(default_factory=dict, repr=False)

    def partial_fit(self, x: ArrayLike, y: ArrayLike) -> CKA:
        """Add paired rows, (n, p) and (n, q); float32 stays float32 within a batch and is summed in float64.

        Raises:
            BrainalignError: Unequal numbers of rows, or values that are not finite.
        """
        sides = {"x": np.atleast_2d(np.asarray(x)), "y": np.atleast_2d(np.asarray(y))}
        if len(sides["x"]) != len(sides["y"]):
            raise BrainalignError(f"x has {len(sides['x'])} rows and y has {len(sides['y'])}; rows must be paired.")
        for name, rows in sides.items():
            if rows.dtype != np.float32:
                rows = rows.astype(np.float64, copy=False)
            if not np.isfinite(rows).all():
                raise BrainalignError(
                    f"{name} has {int((~np.isfinite(rows)).sum())} value(s) that are not finite; leave these rows out."
                )
            if name not in self._origin:  # CKA is the same about any origin and in any unit: these keep digits
                mean = rows.mean(axis=0, dtype=np.float64)
                spread = float(np.abs(rows - mean).max())
                self._origin[name] = mean, spread if spread > CONSTANT * float(np.abs(mean).max()) else 0.0
            mean, spread = self._origin[name]
            sides[name] = ((rows - mean) / (spread or 1.0)).astype(rows.dtype, copy=False)
        batches = {name: Batch.all_of(rows) for name, rows in sides.items()}
        for key in ("xy", "xx", "yy"):
            found = Moments.summed(batches[key[0]], batches[key[1]])
            self._sums[key] = self._sums[key] + found if key in self._sums else found
        return self

    def score(self) -> float:
        """CKA of all rows so far; NaN where one side does not vary beyond chance (its debiased HSIC is not above 0).

        Raises:
            BrainalignError: Fewer than 4 rows.
        """
        n = self._sums["xy"].n if self._sums else 0
        if n < LEAST:
            raise BrainalignError(f"CKA has {n} row(s); at least {LEAST} are needed.")
        xy, xx, yy = (self._sums[key].hsic(self.debiased) for key in ("xy", "xx", "yy"))
        return ratio(xy, xx, yy)


def ratio(xy: float, xx: float, yy: float) -> float:
    """``xy / sqrt(xx yy)``, NaN where a self-similarity is not above 0."""
    return xy / float(np.sqrt(xx) * np.sqrt(yy)) if xx > 0 and yy > 0 else float("nan")


def cka(x: ArrayLike, y: ArrayLike, *, debiased: bool = True) -> float:
    """Linear CKA of two representations of the same rows; see :class:`CKA`.

    Invariant to rotation, reflection, shift and one scale of each side; not to other linear maps.

    Args:
        x: (n, p).
        y: (n, q).
        debiased: Take Song et al.'s unbiased estimates; False = the plain, biased measure of Kornblith et al. 2019.

    Returns:
        At most about 1; the plain measure lies in [0, 1].

    Raises:
        BrainalignError: Fewer than 4 rows, unequal numbers of rows, or values that are not finite.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, y = rng.normal(size=(2, 50, 200))  # unrelated
        >>> bool(cka(x, y, debiased=False) > 0.5), bool(abs(cka(x, y)) < 0.1)
        (True, True)
    """
    return CKA(debiased).partial_fit(x, y).score()
