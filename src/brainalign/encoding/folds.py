"""Cross-validation of RidgeTRF: whatever the user hands in as ``cv`` becomes a Split over presentations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from brainalign.data.splits.split import Fold, Split
from brainalign.errors import BrainalignError


def presentations_split(
    cv: int | Any | Iterable[tuple[Any, Any]], groups: Sequence[Any], lengths: Sequence[int]
) -> Split:
    """A Split of whole presentations.

    Args:
        cv: A number of folds, a scikit-learn splitter, or (train, test) index arrays over presentations.
        groups: The stimulus of each presentation; an integer ``cv`` never splits one.
        lengths: Frames of each presentation.

    Raises:
        BrainalignError: Fewer groups than folds, a fold without training or test presentations, or one that splits the
            presentations of a stimulus.
    """
    n = len(groups)
    if isinstance(cv, int):
        units = len(set(groups))
        if cv < 2 or units < cv:
            raise BrainalignError(
                f"cv={cv}, but there are {units} stimuli (groups); give 2 <= cv <= {units}, or more stimuli."
            )
        from sklearn.model_selection import GroupKFold

        cv = GroupKFold(cv)
    pairs = list(cv.split(np.zeros((n, 1)), groups=np.asarray(groups)) if hasattr(cv, "split") else cv)
    if not pairs:
        raise BrainalignError("cv gave no (train, test) pair; at least one is needed.")
    role = np.zeros((n, len(pairs)), dtype=np.int8)  # 1 train, 2 test, 0 neither
    for f, (train, test) in enumerate(pairs):
        if len(train) == 0 or len(test) == 0:
            raise BrainalignError(
                f"cv's fold {f} has {len(train)} training and {len(test)} test presentations; both need one."
            )
        both = {groups[i] for i in train} & {groups[i] for i in test}
        if both:
            raise BrainalignError(
                f"cv's fold {f} has presentations of stimulus {min(map(str, both))!r} in training and in test, which leaks; "
                "give cv a number of folds, or a splitter that keeps groups together, such as GroupKFold."
            )
        role[train, f], role[test, f] = 1, 2
    segments, segment_of = np.unique(role, axis=0, return_inverse=True)
    folds = tuple(
        Fold(
            frozenset(np.flatnonzero(segments[:, f] == 2).tolist()),
            frozenset(np.flatnonzero(segments[:, f] != 1).tolist()),
        )
        for f in range(len(pairs))
    )
    whole = tuple(np.full(t, a) for t, a in zip(lengths, segment_of.ravel(), strict=True))
    return Split("cv", whole, folds)


def no_split(lengths: Sequence[int]) -> Split:
    """All presentations in one segment, and no fold: where there is nothing to choose.

    Args:
        lengths: Frames of each presentation.
    """
    return Split("none", tuple(np.zeros(t, dtype=np.int64) for t in lengths), ())
