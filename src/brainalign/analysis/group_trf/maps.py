"""Participants' maps of weights and of scores, tested over places and lags at once; and the table of what was found where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from brainalign.stats import ClusterTest, cluster_test
from brainalign.study.sentences import LEVEL

Array = NDArray[np.float64]

COLUMNS = (
    "of", "model", "feature", "test", "side", "p", "sum_t", "points", "places", "first_s", "last_s", "peak", "peak_s", "peak_t", "where",
    "n", "smallest_p", "exact",
)  # fmt: skip


@dataclass(frozen=True)
class MapTest:
    """A test of maps.

    Attributes:
        of: ``weights`` or ``r``.
        model: Of which model, or difference of two.
        t, p: (k, places, lags), p corrected over all of them.
        table: A row a cluster, or a set of neighbouring points whose own p is below .05.
        n: Participants.
        smallest: The smallest p that so many can give.
    """

    of: str
    model: str
    t: Array
    p: Array
    table: pd.DataFrame
    n: int
    smallest: float


@dataclass(frozen=True)
class Rule:
    """How maps are tested.

    Attributes:
        method: ``cluster``, ``tfce`` or ``max_t``.
        level: Of the threshold of clusters.
        permutations: Sign flips at most.
        seed: Of those that are drawn.
    """

    method: str
    level: float
    permutations: int
    seed: int


def map_test(
    maps: Array, features: Sequence[str], names: Sequence[str], lags_s: Array, adjacency: Any, rule: Rule,
    *, of: str, model: str, side: str = "both",
) -> MapTest:  # fmt: skip
    """Test maps of several features as one family: the largest statistic is taken over all of them.

    Args:
        maps: (participants, k, places, lags).
        features: (k,) names; features are no neighbours of one another.
        names: (places,).
        lags_s: (lags,) seconds.
        adjacency: (places, places) of neighbours.
        rule: Method, threshold and permutations.
        of: ``weights`` or ``r``.
        model: Name of the model or of the difference.
        side: ``both``, or ``above`` for scores, which are below 0 by chance alone.
    """
    n, k, places, lags = maps.shape
    near = sparse.kron(sparse.eye(k), sparse.csr_array(adjacency)).tocsr()
    found = cluster_test(
        maps.reshape(n, k * places, lags), near, rule.method, rule.level, rule.permutations, rule.seed, side
    )
    masks = found.masks if rule.method == "cluster" else _sets(found, near)
    rows = []
    for mask in masks:
        own, when = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        feature = own[0] // places
        at, lag = np.unravel_index(int(np.argmax(np.where(mask, np.abs(found.t), -1.0))), mask.shape)
        rows.append(
            {
                "of": of, "model": model, "feature": features[feature], "test": rule.method, "side": side,
                "p": float(found.p[mask].min()), "sum_t": float(found.t[mask].sum()), "points": int(mask.sum()), "places": len(own),
                "first_s": float(lags_s[when[0]]), "last_s": float(lags_s[when[-1]]), "peak": names[at % places],
                "peak_s": float(lags_s[lag]), "peak_t": float(found.t[at, lag]), "where": ", ".join(names[i % places] for i in own),
                "n": n, "smallest_p": found.smallest, "exact": found.exact,
            }
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("p", kind="stable").reset_index(drop=True)
    shape = (k, places, lags)
    return MapTest(of, model, found.t.reshape(shape), found.p.reshape(shape), table, n, found.smallest)


def _sets(found: ClusterTest, adjacency: Any) -> list[NDArray[np.bool_]]:
    """Neighbouring points of one sign whose own corrected p is below .05: what tfce and the maximum statistic give in place of clusters."""
    places, lags = found.t.shape
    line = sparse.diags([1, 1], [1, -1], shape=(lags, lags), dtype=np.float64)
    graph = (sparse.kron(adjacency, sparse.eye(lags)) + sparse.kron(sparse.eye(places), line)).tocsr()
    masks = []
    for sign in (1.0, -1.0):
        at = np.flatnonzero((found.p < LEVEL) & (found.t * sign > 0))
        count, label = connected_components(graph[at][:, at], directed=False) if len(at) else (0, np.zeros(0))
        for c in range(count):
            mask = np.zeros((places, lags), dtype=bool)
            mask.flat[at[label == c]] = True
            masks.append(mask)
    return masks
