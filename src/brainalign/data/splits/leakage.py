"""The leak audit of a split: how much of what is scored was also heard in training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.splits.split import Split

WHOLE = "all"
"""Name of the row over all folds."""


def leak_audit(groups: Sequence[str], split: Split) -> pd.DataFrame:
    """For each outer fold, the test frames whose stimulus is also in the fold's training, and how near.

    Args:
        groups: The stimulus of each presentation.
        split: Segments of each presentation, and the folds.

    Returns:
        One row an outer fold (``1``, ``2``, ...) and the row ``all``: fold, test_frames, leaked_frames (their stimulus is in
        training), leak (their share; 0 where nothing is scored), nearest_frames: the least distance, on the stimulus's own
        clock, of a test frame to a training frame of the same stimulus. It is 0 where the very same frame of the stimulus is
        in training, by another presentation; gap + 1 between contiguous blocks; NaN where no stimulus is on both sides.

    Example:
        >>> from brainalign.data.splits.split import split_groups
        >>> heard = ["a", "b", "c", "a"]
        >>> audit = leak_audit(heard, split_groups(heard, [10, 10, 10, 10], 4, 0, "presentation"))
        >>> audit.leak.tolist(), int(audit.leaked_frames.iloc[-1])
        ([1.0, 0.0, 0.0, 1.0, 0.5], 20)
    """
    places: dict[str, list[int]] = {}
    for i, g in enumerate(groups):
        places.setdefault(g, []).append(i)
    rows = []
    for f, fold in enumerate(split.folds):
        test, train = sorted(fold.test), split.training(f)
        frames = leaked = 0
        distances = []
        for presentations in places.values():
            scored = [np.flatnonzero(np.isin(split.segments[i], test)) for i in presentations]
            fitted = np.unique(
                np.concatenate([np.flatnonzero(np.isin(split.segments[i], train)) for i in presentations])
            )
            n = sum(map(len, scored))
            frames += n
            if n and len(fitted):
                leaked += n
                distances.append(_nearest(np.unique(np.concatenate(scored)), fitted))
        rows.append((str(f + 1), frames, leaked, min(distances, default=np.nan)))
    table = pd.DataFrame(rows, columns=["fold", "test_frames", "leaked_frames", "nearest_frames"])
    total = {c: table[c].sum() for c in ("test_frames", "leaked_frames")}
    table.loc[len(table)] = {"fold": WHOLE, **total, "nearest_frames": table["nearest_frames"].min()}
    table.insert(3, "leak", table["leaked_frames"] / table["test_frames"].clip(lower=1))
    return table


def leaked_share(audit: pd.DataFrame) -> float:
    """Share of all test frames whose stimulus is also in the training of the fold that scores them."""
    return float(audit.loc[audit["fold"] == WHOLE, "leak"].iloc[0])


def _nearest(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Least distance between two sorted sets of places."""
    after = np.searchsorted(b, a)
    right = np.abs(b[np.minimum(after, len(b) - 1)] - a)
    left = np.abs(a - b[np.maximum(after - 1, 0)])
    return float(np.minimum(left, right).min())
