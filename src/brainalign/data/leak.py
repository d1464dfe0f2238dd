"""The leak audit of a split: how much of what is tested was, as a stimulus, also trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from brainalign.data.split import Split


def leak_audit(stimuli: Sequence[str], split: Split) -> pd.DataFrame:
    """Frames of every outer fold whose stimulus is also in that fold's training set.

    Args:
        stimuli: The stimulus of each presentation.
        split: Atoms and folds.

    Returns:
        One row a fold, and one for ``all``: fold, test_frames, leaked_frames (their stimulus is in training), share, and gap, the
        smallest distance in frames between a test and a training frame of one presentation (NaN where no presentation has both).

    Example:
        >>> from brainalign.data.split import split_groups
        >>> split = split_groups(["a", "a", "b", "c"], [10, 10, 10, 10], 3, seed=0, kind="stimulus")
        >>> leak_audit(["a", "a", "b", "c"], split)["share"].tolist()
        [0.0, 0.0, 0.0, 0.0]
    """
    rows: list[dict[str, Any]] = []
    for number, fold in enumerate(split.folds):
        test, training = np.array(sorted(fold.test)), np.array(split.training(number))
        trained = {s for s, atoms in zip(stimuli, split.atoms, strict=True) if np.isin(atoms, training).any()}
        frames = leaked = 0
        gap = np.inf
        for stimulus, atoms in zip(stimuli, split.atoms, strict=True):
            tested = np.isin(atoms, test)
            frames += int(tested.sum())
            leaked += int(tested.sum()) if stimulus in trained else 0
            gap = min(gap, _distance(tested, np.isin(atoms, training)))
        rows.append(
            {
                "fold": str(number),
                "test_frames": frames,
                "leaked_frames": leaked,
                "gap": gap if np.isfinite(gap) else np.nan,
            }
        )
    table = pd.DataFrame(rows)
    whole = {
        "fold": "all",
        "test_frames": table["test_frames"].sum(),
        "leaked_frames": table["leaked_frames"].sum(),
        "gap": table["gap"].min(),
    }
    table = pd.concat([table, pd.DataFrame([whole])], ignore_index=True)
    table.insert(3, "share", table["leaked_frames"] / table["test_frames"].clip(lower=1))
    return table


def _distance(tested: np.ndarray[Any, Any], trained: np.ndarray[Any, Any]) -> float:
    """Frames between the nearest test and training frames of one presentation."""
    a, b = np.flatnonzero(tested), np.flatnonzero(trained)
    if not len(a) or not len(b):
        return float("inf")
    after = np.searchsorted(b, a)
    right = np.where(after < len(b), b[np.minimum(after, len(b) - 1)] - a, np.inf)
    left = np.where(after > 0, a - b[np.maximum(after - 1, 0)], np.inf)
    return float(min(right.min(), left.min())) - 1


def share_leaked(audit: pd.DataFrame) -> float:
    """The share over all folds.

    Args:
        audit: From :func:`leak_audit`.
    """
    return float(audit.loc[audit["fold"] == "all", "share"].iloc[0])
