"""Cluster-based permutation and threshold-free cluster enhancement over places and lags, on participants' maps; MNE finds the clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import t as student

from brainalign.errors import BrainalignError, one_of
from brainalign.stats.sign_flip import sign_flip

Array = NDArray[np.float64]

METHODS = ("cluster", "tfce", "max_t")
START, STEP = 0.2, 0.2
"""Of the integral over thresholds of t by which clusters are enhanced: its lowest threshold, and the distance of two."""
TIE = 1e-9
"""Share of a statistic that is rounding."""


@dataclass(frozen=True)
class ClusterTest:
    """What a test over a map gives.

    Attributes:
        t: (places,) or (places, lags) t over participants; 0 where all have the value 0.
        p: Likewise, corrected over the map: of the point's cluster (1 outside clusters), or of the point itself (``tfce``, ``max_t``).
        table: A row a cluster, by p: ``p``, ``mass`` (sum of its t), ``points``, ``places``, ``first_lag`` and ``last_lag``,
            ``peak_place`` and ``peak_lag`` (places and lags by number); empty for ``tfce`` and ``max_t``.
        masks: The clusters' points, in the order of the table.
        n: Participants.
        smallest: The smallest p that so many participants, or so many permutations, can give.
        exact: Whether all sign flips were made.
    """

    t: Array
    p: Array
    table: pd.DataFrame
    masks: list[NDArray[np.bool_]]
    n: int
    smallest: float
    exact: bool


def cluster_test(
    maps: Array,
    adjacency: Any = None,
    method: str = "cluster",
    level: float = 0.05,
    permutations: int = 10_000,
    seed: int = 0,
    side: str = "both",
) -> ClusterTest:
    """Is a map of participants' values (scores less 0, differences, weights) away from 0 anywhere, and where about?

    Each participant's whole map flips its sign at once: under the null it is as likely as its negative. ``cluster``: neighbouring points
    beyond the two-sided Student's t of ``level``, of one sign, make a cluster; its sum of t is held against the largest of each
    flip (Maris and Oostenveld 2007). It tells that there is an effect, not that each of the cluster's points has one, nor when it begins.
    ``tfce``: each point has the support of its clusters over all thresholds (Smith and Nichols 2009). ``max_t``: each point's own t,
    by the maximum statistic. All flips are made where there are no more than ``permutations``; MNE's own
    ``n_permutations="all"`` leaves one of them out.

    Args:
        maps: (participants, places) or (participants, places, lags), finite: the same places for all, such as sensors of one cap,
            vertices of a template.
        adjacency: (places, places) of neighbours, sparse or dense, as of :func:`neighbours` or
            ``mne.channels.find_ch_adjacency``; None: no place has any. Neighbouring lags always are.
        method: ``cluster``, ``tfce`` or ``max_t``.
        level: Two-sided, of the threshold of clusters.
        permutations: Flips at most, the observed signs among them; ``max_t`` makes as many as :func:`brainalign.stats.sign_flip`.
        seed: Of the flips that are drawn.
        side: ``both``, or ``above`` for values that cannot be below 0 but by chance, such as held-out r: then ``level`` is one-sided, too.

    Raises:
        BrainalignError: Fewer than two participants, missing values, an adjacency of another size, or options out of range.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> maps = rng.normal(size=(10, 6, 20))
        >>> maps[:, 1:4, 5:12] += 2.0
        >>> line = np.eye(6, k=1) + np.eye(6, k=-1)
        >>> found = cluster_test(maps, line)
        >>> found.exact, found.table[["p", "places", "first_lag", "last_lag"]].iloc[0].tolist()
        (True, [0.001953125, 3.0, 5.0, 11.0])
    """
    maps = np.asarray(maps, dtype=np.float64)
    _check(maps, adjacency, method, level, permutations)
    one_of("side", side, ("both", "above"))
    n, shape, tails = len(maps), maps.shape[1:], 2 if side == "both" else 1
    flips = 2**n // tails  # a flip and its negative are alike where both sides count
    exact = flips <= permutations
    flips = min(flips, permutations)
    smallest = 1 / flips
    empty = pd.DataFrame(columns=["p", "mass", "points", "places", "first_lag", "last_lag", "peak_place", "peak_lag"])
    flat = maps.reshape(n, -1)
    t = np.nan_to_num(_t(flat)).reshape(shape)
    if method == "max_t":
        found = sign_flip(flat, seed, side)
        p = np.where(np.isfinite(found.p_max), found.p_max, 1.0).reshape(shape)
        return ClusterTest(t, p, empty, [], n, float(np.nanmin(found.smallest, initial=1.0)), found.exact)
    threshold: Any = float(student.isf(level / tails, n - 1))
    if method == "tfce":
        threshold = {"start": START, "step": STEP}
    statistic, clusters, null = _by_mne(maps, adjacency, threshold, flips, seed, 2 - tails)
    if method == "tfce":
        size = np.abs(statistic) if side == "both" else statistic
        p = _share(null, size.ravel()).reshape(shape) if len(null) else np.ones(shape)
        return ClusterTest(t, np.where(size > 0, p, 1.0), empty, [], n, smallest, exact)
    p, rows, masks = np.ones(shape), [], []
    for points in clusters:
        mask = np.zeros(shape, dtype=bool)
        mask.flat[points] = True
        masks.append(mask)
        rows.append(_row(mask, t) | {"p": float(_share(null, np.array([abs(t[mask].sum())]))[0])})
        p[mask] = rows[-1]["p"]
    order = sorted(range(len(rows)), key=lambda k: (rows[k]["p"], -abs(rows[k]["mass"])))
    table = pd.DataFrame([rows[k] for k in order], columns=empty.columns)
    return ClusterTest(t, p, table, [masks[k] for k in order], n, smallest, exact)


def neighbours(positions: Array, reach: float | None = None) -> Any:
    """Places that are no further apart than ``reach``.

    Args:
        positions: (places, 2 or 3) in any unit: sensors, electrodes, vertices, voxels.
        reach: In that unit; None: 1.5 times the median distance to the nearest place that is another.

    Returns:
        (places, places) sparse, 1 for neighbours, as :func:`cluster_test` takes it.

    Raises:
        BrainalignError: Places without position, or a reach that is not above 0.

    Example:
        >>> neighbours(np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [9.0, 0.0]])).toarray()[1].tolist()
        [1, 0, 1, 0]
    """
    from scipy.spatial import cKDTree

    positions = np.asarray(positions, dtype=np.float64)
    if positions.ndim != 2 or len(positions) < 2 or not np.isfinite(positions).all():
        raise BrainalignError(
            f"positions of shape {positions.shape} must be (places, 2 or 3), two places or more, and finite: drop places without one."
        )
    tree, apart = cKDTree(positions), np.unique(positions, axis=0)  # the two of a pair of gradiometers have one place
    if reach is None:
        reach = 1.5 * float(np.median(cKDTree(apart).query(apart, k=2)[0][:, 1])) if len(apart) > 1 else 0.0
    if not reach > 0:
        raise BrainalignError(f"reach={reach} must be above 0; where all places stand on one another, give it.")
    pairs = tree.query_pairs(reach, output_type="ndarray")
    ones = np.ones(len(pairs), dtype=np.int64)
    half = sparse.coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(positions),) * 2)
    return sparse.csr_array(half + half.T)


def _check(maps: Array, adjacency: Any, method: str, level: float, permutations: int) -> None:
    one_of("method", method, METHODS)
    if maps.ndim not in (2, 3) or len(maps) < 2 or 0 in maps.shape:
        raise BrainalignError(
            f"maps of shape {maps.shape} must be (participants, places) or (participants, places, lags), of two participants or more."
        )
    if not np.isfinite(maps).all():
        missing = int((~np.isfinite(maps).reshape(len(maps), -1).all(axis=1)).sum())
        raise BrainalignError(
            f"the maps of {missing} of {len(maps)} participants have missing values; keep the places and lags that all have."
        )
    if adjacency is not None and tuple(adjacency.shape) != (maps.shape[1],) * 2:
        raise BrainalignError(f"adjacency has shape {tuple(adjacency.shape)}, but there are {maps.shape[1]} places.")
    alike = int(((np.ptp(maps, axis=0) == 0) & (maps[0] != 0)).sum())
    if alike:
        raise BrainalignError(
            f"at {alike} of {maps[0].size} points all {len(maps)} participants have one value, so that there is no t; leave these out."
        )
    if not 0 < level < 1 or permutations < 1:
        raise BrainalignError(
            f"level={level} and permutations={permutations} must lie between 0 and 1, and be at least 1."
        )


def _t(flat: Array) -> Array:
    """(points,) one-sample t; NaN where nothing varies around 0."""
    n = len(flat)
    mean = flat.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(mean / (flat.std(axis=0, ddof=1) / np.sqrt(n)))


def _by_mne(
    maps: Array, adjacency: Any, threshold: Any, flips: int, seed: int, tail: int
) -> tuple[Array, list[Any], Array]:
    """Map of the statistic, the clusters' points by number, and the largest statistic of each flip, the observed signs first."""
    import mne

    n, places = maps.shape[:2]
    near = sparse.coo_matrix((places, places) if adjacency is None else adjacency)
    if maps.ndim == 3:
        near = mne.stats.combine_adjacency(near, maps.shape[2])

    def test(values: Array, flips: int) -> tuple[Array, list[Any], Any, Array]:
        found: tuple[Array, list[Any], Any, Array] = mne.stats.permutation_cluster_1samp_test(
            values.reshape(n, -1), threshold=threshold, n_permutations=flips, tail=tail, adjacency=near, out_type="indices",
            seed=seed, buffer_size=None, verbose="ERROR",
        )  # fmt: skip
        return found

    with mne.utils.use_log_level("ERROR"):
        statistic, clusters, _, null = test(maps, flips)
        null = np.abs(null)  # they come with their signs
        if tail and flips == 2**n and len(null):
            # of all flips MNE makes the observed one twice, first and last, and never that of all signs
            null[-1] = np.abs(test(-maps, 1)[3]).max(initial=0.0)
    return np.asarray(statistic).reshape(maps.shape[1:]), [c[0] for c in clusters], null


def _share(null: Array, found: Array) -> Array:
    """Share of the flips whose largest statistic is at least what was found."""
    ordered = np.sort(null)
    return np.asarray(1 - np.searchsorted(ordered, found * (1 - TIE), side="left") / len(ordered))


def _row(mask: NDArray[np.bool_], t: Array) -> dict[str, Any]:
    """What the table says of a cluster."""
    places, lags = (mask, np.ones(1, dtype=bool)) if mask.ndim == 1 else (mask.any(axis=1), mask.any(axis=0))
    peak = np.unravel_index(int(np.argmax(np.where(mask, np.abs(t), -1.0))), mask.shape)
    at = np.flatnonzero(lags)
    return {
        "mass": float(t[mask].sum()), "points": int(mask.sum()), "places": int(places.sum()), "first_lag": int(at[0]),
        "last_lag": int(at[-1]), "peak_place": int(peak[0]), "peak_lag": int(peak[1]) if mask.ndim == 2 else 0,
    }  # fmt: skip
