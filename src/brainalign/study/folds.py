"""The folds of a study: by stimulus, in blocks of one story, by presentation, a fixed test set, or one of the controls that leak."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from brainalign.data.splits.leakage import leak_audit, leaked_share
from brainalign.data.splits.split import PIECE, Split, split_blocks, split_groups, split_shuffled, split_test
from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    from brainalign.study.study import Study

LONG = 60.0
"""Seconds from which a stimulus is a story, with a scanner or amplifier that starts up with it; sentences are below."""


def settled(kind: str, stimuli: int, test: bool) -> str:
    """What ``encoding.split=auto`` becomes.

    Args:
        kind: As asked for.
        stimuli: How many different ones were heard.
        test: Whether there is a fixed test set.
    """
    if kind != "auto":
        return kind
    if test:
        return "test"
    return "blocks" if stimuli == 1 else "stimulus"


def skipped(study: Study) -> dict[str, int]:
    """Stimulus -> first frames of each recording of it that are neither fitted nor scored.

    They are the window's length in stories: responses settle after a run's start, and the lags of these frames reach back to where
    nothing is known. Blocks of one story leave out as many as the gap between them.

    Args:
        study: With its window.
    """
    names = {p.stimulus for r in study.dataset.recordings for p in r.presentations}
    if study.skip is not None:
        return dict.fromkeys(names, study.skip)
    if study.kind == "blocks" or len(names) == 1:
        return dict.fromkeys(names, study.reach)
    return {s: len(study.lags) for s in names if study.dataset.stimuli[s].duration >= LONG}


def make_split(study: Study) -> Split:
    """Which rows each fold fits and scores; a note says what is unusual about them.

    Args:
        study: Responses, window and the kind of split.

    Raises:
        BrainalignError: The data do not allow so many folds, or the gap is shorter than the window.
    """
    lengths = [len(v) for v in study.responses.values]
    first = max(study.skipped.values(), default=0)
    if study.skipped and study.kind != "blocks":
        study.notes.append(
            f"The first {first} frames of each recording of {len(study.skipped)} stimuli are neither fitted nor scored: responses "
            "settle there, and the window reaches back to where nothing is known (encoding.skip)."
        )
    if study.kind == "test":
        return _fixed(study, lengths)
    if study.kind == "shuffled":
        piece = max(1, round(PIECE * next(iter(study.responses.grids.values())).rate))
        return split_shuffled(study.stimuli, lengths, study.outer_folds, study.seed, piece, _missing(study))
    if study.kind == "blocks":
        return _blocks(study, lengths)
    order = study.responses.played(study.dataset) if study.kind == "presentation" else list(range(len(lengths)))
    split = split_groups(
        [study.stimuli[i] for i in order], [lengths[i] for i in order], study.outer_folds, study.seed, study.kind
    )
    atoms = dict(zip(order, split.atoms, strict=True))
    split = replace(split, atoms=tuple(atoms[i] for i in range(len(lengths))))
    leak = leaked_share(leak_audit(study.stimuli, split))
    if leak:
        study.notes.append(
            f"LEAKY: encoding.split={study.kind} puts other presentations of a test stimulus in training, for {leak:.0%} of the "
            "test frames; scores are inflated and serve for replication or as a control only."
        )
    return split


def _fixed(study: Study, lengths: list[int]) -> Split:
    test = list(study.test)
    split = split_test(study.stimuli, lengths, test, study.outer_folds, study.seed)
    named = ", ".join(test[:5]) + (f" and {len(test) - 5} more" if len(test) > 5 else "")
    study.notes.append(
        f"Fixed test set: {len(test)} of {len(set(study.stimuli))} stimuli ({named}) are scored once, in the mean of their "
        f"presentations; alpha and layer are chosen on {study.outer_folds} folds of the others."
    )
    return split


def _blocks(study: Study, lengths: list[int]) -> Split:
    gap = study.reach if study.gap is None else study.gap
    if gap < study.reach:
        raise BrainalignError(f"encoding.gap={gap} frames is shorter than the window of {study.reach}; it must not be.")
    first = max(study.skipped.values(), default=0)
    study.notes.append(
        f"Folds are {study.outer_folds} contiguous blocks of each stimulus with {gap} frames left out on either side; the first "
        f"{first} frames of each presentation are neither fitted nor scored."
    )
    return split_blocks(study.stimuli, lengths, study.outer_folds, gap, skip=_missing(study))


def _missing(study: Study) -> int:
    """Frames before the first that has a response, in all presentations."""
    begins = [np.isfinite(v).any(axis=1).argmax() for v in study.responses.values]
    return int(min(begins, default=0))
