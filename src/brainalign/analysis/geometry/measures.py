"""Every layer of one side against every layer of the other, by each measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from brainalign.analysis.geometry.names import MEASURES
from brainalign.similarity import procrustes
from brainalign.similarity._canonical import Whitened, correlations
from brainalign.similarity._cka import BATCH, Batch, Moments, ratio
from brainalign.similarity._rdm import Metric
from brainalign.similarity._relation import Matrix, Relational, inner, relation
from brainalign.similarity._rows import CONSTANT
from brainalign.similarity._rsa import Comparison

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

RELATIONAL: tuple[Relational, ...] = ("cka", "rsa", "knn")
"""Measures that are an inner product of two matrices of rows by rows, and so have a null, a ceiling and a map."""

FITTED_MEASURES = ("procrustes", "cca")
"""Those that are fitted on some stimuli and scored on others."""

FEW = 3
"""Dimensions below which two rows have no correlation or cosine worth the name: distances are then Euclidean."""


@dataclass(frozen=True)
class Side:
    """Layers of a model, or the electrodes of a region as one layer.

    Attributes:
        name: As it stands in tables and figures.
        layers: Their numbers.
        load: Layer -> (n, dims) on the rows that are compared.
    """

    name: str
    layers: Sequence[int]
    load: Callable[[int], NDArray[np.floating]]

    def rows(self, keep: NDArray[np.int64]) -> list[Array]:
        """Each layer on some of the rows, in float64."""
        return [np.asarray(self.load(n)[keep], dtype=np.float64) for n in self.layers]


@dataclass(frozen=True)
class Settings:
    """How representations are compared.

    Attributes:
        measures: Which of MEASURES.
        metric: Of the distances of RSA.
        compare: Of two sets of distances.
        neighbours: Of mutual nearest neighbours.
        variance: Share of variance that CCA keeps.
        most: Rows at most of measures that need all pairs of rows; CKA takes every row.
        draws: Shuffles of whole stimuli behind a p.
        seed: Of shuffles and of random representations.
    """

    measures: tuple[str, ...] = MEASURES
    metric: Metric = "correlation"
    compare: Comparison = "spearman"
    neighbours: int = 10
    variance: float = 0.99
    most: int = 1000
    draws: int = 500
    seed: int = 0

    @property
    def relational(self) -> list[Relational]:
        """Those of the measures that have a null, a ceiling and a map."""
        return [m for m in RELATIONAL if m in self.measures]

    @property
    def halved(self) -> Settings:
        """For half of the rows: half of the neighbours, so that as many are mutual by chance."""
        return replace(self, neighbours=max(1, self.neighbours // 2))

    def relations(self, layers: Sequence[Array], measure: Relational, groups: Codes) -> Matrix:
        """The stack (L, n, n) of :func:`brainalign.similarity._relation.relation`."""
        return np.stack(
            [
                relation(
                    x, measure, groups=groups, metric=self.metric if x.shape[1] >= FEW else "euclidean",
                    compare=self.compare, k=self.neighbours,
                )
                for x in layers
            ]
        )  # fmt: skip


def all_rows_cka(a: Side, b: Side) -> Array:
    """(La, Lb) debiased CKA over every row; layers of ``a`` are in memory together, those of ``b`` one at a time."""
    left = [_prepared(a.load(n)) for n in a.layers]
    own = [Moments.summed(x, x).hsic(debiased=True) for x in left]
    found = np.full((len(left), len(b.layers)), np.nan)
    for j, layer in enumerate(b.layers):
        right = _prepared(b.load(layer))
        other = Moments.summed(right, right).hsic(debiased=True)
        for i, x in enumerate(left):
            found[i, j] = ratio(Moments.summed(x, right).hsic(debiased=True), own[i], other)
    return found


def constant(rows: NDArray[np.floating], raw: NDArray[np.floating]) -> bool:
    """Whether rows are all the same, but for rounding of the raw ones that they were made of."""
    mean = rows.mean(axis=0, dtype=np.float64)
    parts = [slice(start, start + BATCH) for start in range(0, len(rows), BATCH)]
    return max(float(np.abs(rows[p] - mean).max()) for p in parts) <= CONSTANT * max(
        float(np.abs(raw[p]).max()) for p in parts
    )


def _prepared(rows: NDArray[np.floating]) -> list[Batch]:
    """Rows about their mean and of one size, in float32: CKA hangs on neither, and 1e-5 of it on the precision."""
    mean = rows.mean(axis=0, dtype=np.float64)
    out = np.empty(rows.shape, dtype=np.float32)
    for start in range(0, len(rows), BATCH):  # no float64 copy of all rows
        part = slice(start, start + BATCH)
        out[part] = rows[part] - mean
    out /= np.float32(max(out.max(initial=0.0), -out.min(initial=0.0)) or 1.0)
    return Batch.all_of(out)


def similarities(a: Side, b: Side, groups: Codes, keep: Codes, settings: Settings) -> dict[str, Array]:
    """Measure -> (La, Lb); larger is more alike for every one of them.

    ``procrustes`` is the cosine of the held-out angular shape distance, ``cca`` the mean held-out canonical correlation; ``svcca`` and
    ``pwcca`` come with it.

    Args:
        a: One side.
        b: The other.
        groups: (n,) stimulus of each row.
        keep: Rows of the measures that need all pairs of rows.
        settings: Which measures, and how.
    """
    found: dict[str, Array] = {}
    if "cka" in settings.measures:
        found["cka"] = all_rows_cka(a, b)
    left, right, stimuli = a.rows(keep), b.rows(keep), groups[keep]
    for measure in ("rsa", "knn"):
        if measure in settings.measures:
            kind = cast(Relational, measure)
            found[measure] = inner(settings.relations(left, kind, stimuli), settings.relations(right, kind, stimuli))
    if "procrustes" in settings.measures:
        found["procrustes"] = np.array([[np.cos(procrustes(x, y, groups=stimuli)) for y in right] for x in left])
    if "cca" in settings.measures:
        whitened = [[Whitened.fit(x, stimuli, settings.variance) for x in side] for side in (left, right)]
        summaries = [[correlations(x, y) for y in whitened[1]] for x in whitened[0]]
        for name, place in (("cca", 0), ("svcca", 1), ("pwcca", 2)):
            found[name] = np.array([[one[place] for one in row] for row in summaries])
    return found


def fitted(
    x: NDArray[np.floating],
    others: Sequence[NDArray[np.floating]],
    groups: Codes,
    measure: str,
    settings: Settings,
    draws: int,
) -> Array:
    """One of the fitted measures of one layer with several others, then with whole groups of those shuffled, the same in each.

    Args:
        x: (n, p).
        others: (n, q) each.
        groups: (n,) from 0, as many rows in each, rows of one together.
        measure: Of FITTED_MEASURES.
        settings: Seed, and the variance that CCA keeps.
        draws: Shuffles.

    Returns:
        (1 + draws, others).
    """
    blocks = np.arange(len(groups)).reshape(groups.max() + 1, -1)
    rngs = (np.random.default_rng([settings.seed, d]) for d in range(draws))
    orders = [np.arange(len(groups)), *(blocks[rng.permutation(len(blocks))].ravel() for rng in rngs)]
    if measure == "procrustes":
        return np.array([[np.cos(procrustes(x, y[order], groups=groups)) for y in others] for order in orders])
    own = Whitened.fit(x, groups, settings.variance)

    def with_own(y: NDArray[np.floating]) -> float:
        return correlations(own, Whitened.fit(y, groups, settings.variance)).held_out

    return np.array([[with_own(y[order]) for y in others] for order in orders])


def of_random(dims: tuple[int, int], n: int, groups: Codes, keep: Codes, settings: Settings) -> dict[str, float]:
    """The same measures of two unrelated Gaussian representations of these widths on as many rows: the bias of each.

    Args:
        dims: Widths.
        n: Rows.
        groups: (n,) stimulus of each.
        keep: As for :func:`similarities`.
        settings: Likewise.
    """
    rng = np.random.default_rng([settings.seed, *dims])
    a, b = (rng.normal(size=(n, width)).astype(np.float32) for width in dims)
    found = similarities(Side("random", [0], lambda _: a), Side("random", [0], lambda _: b), groups, keep, settings)
    return {measure: float(value[0, 0]) for measure, value in found.items()}
