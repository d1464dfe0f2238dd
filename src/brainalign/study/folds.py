"""The folds of a study: by stimulus, in blocks of one story, by presentation, a fixed test set, or one of the controls that leak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from brainalign.data.frames.responses import Responses
from brainalign.data.splits.leakage import leak_audit, leaked_share
from brainalign.data.splits.split import PIECE, Split, split_blocks, split_groups, split_shuffled, split_test
from brainalign.data.types import Dataset
from brainalign.errors import BrainalignError
from brainalign.notes import changes

LONG = 60.0
"""Seconds from which a stimulus is a story, with a scanner or amplifier that starts up with it; sentences are below."""


def settled(kind: str, stimuli: int, test: bool, timed: bool = True) -> str:
    """What ``encoding.split=auto`` becomes.

    Args:
        kind: As asked for.
        stimuli: How many different ones were heard.
        test: Whether there is a fixed test set.
        timed: Whether responses run over time; a passage of sentences is never cut.
    """
    if kind != "auto":
        return kind
    if test:
        return "test"
    return "blocks" if stimuli == 1 and timed else "stimulus"


def skipped(dataset: Dataset, *, skip: int | None, kind: str, lags: int, reach: int) -> dict[str, int]:
    """Stimulus -> first frames of each recording of it that are neither fitted nor scored.

    They are the window's length in stories: responses settle after a run's start, and the lags of these frames reach back to where
    nothing is known. Blocks of one story leave out as many as the gap between them.

    Args:
        dataset: Stimuli and recordings.
        skip: As asked for; None = by the rule.
        kind: Of the split, settled.
        lags: Of the window.
        reach: Frames that a response looks back over.
    """
    names = {p.stimulus for r in dataset.recordings for p in r.presentations}
    if skip is not None:
        return dict.fromkeys(names, skip)
    if kind == "blocks" or len(names) == 1:
        return dict.fromkeys(names, reach)
    return {s: lags for s in names if dataset.stimuli[s].duration >= LONG}


def make_split(
    kind: str,
    stimuli: list[str],
    responses: Responses,
    dataset: Dataset,
    *,
    folds: int,
    seed: int,
    test: Sequence[str],
    gap: int | None,
    reach: int,
    skipped: Mapping[str, int],
) -> tuple[Split, list[str]]:
    """Which rows each fold fits and scores.

    Args:
        kind: Of the split, settled.
        stimuli: The stimulus of each presentation.
        responses: Of each presentation.
        dataset: That they are of, for the order in which stimuli were played.
        folds: Number of outer folds.
        seed: Of what is dealt at random.
        test: Stimuli of a fixed test set.
        gap: Frames on either side of a test block, or None for ``reach``.
        reach: Frames that a response looks back over.
        skipped: Stimulus -> first frames that take no part.

    Returns:
        The split, and sentences on what is unusual about it.

    Raises:
        BrainalignError: The data do not allow so many folds, or the gap is shorter than the window.
    """
    notes: list[str] = []
    lengths = [len(v) for v in responses.values]
    first = max(skipped.values(), default=0)
    if skipped and kind != "blocks":
        notes.append(
            f"The first {first} frames of each recording of {len(skipped)} stimuli are neither fitted nor scored: responses "
            "settle there, and the window reaches back to where nothing is known (encoding.skip)."
        )
    if kind == "test":
        split = split_test(stimuli, lengths, list(test), folds, seed)
        notes.append(
            f"Fixed test set: {len(test)} of {len(set(stimuli))} stimuli ({_some(test)}) are scored once, in the mean of their "
            f"presentations; alpha and layer are chosen on {folds} folds of the others."
        )
        return split, notes
    if kind == "shuffled":
        piece = max(1, round(PIECE * next(iter(responses.grids.values())).rate))
        return split_shuffled(stimuli, lengths, folds, seed, piece, _missing(responses)), notes
    if kind == "blocks":
        between = reach if gap is None else gap
        if between < reach:
            raise BrainalignError(
                f"encoding.gap={between} frames is shorter than the window of {reach}; it must not be."
            )
        notes.append(
            f"Folds are {folds} contiguous blocks of each stimulus with {between} frames left out on either side; the first "
            f"{first} frames of each presentation are neither fitted nor scored."
        )
        return split_blocks(stimuli, lengths, folds, between, skip=_missing(responses)), notes
    order = responses.played(dataset) if kind == "presentation" else list(range(len(lengths)))
    split = split_groups([stimuli[i] for i in order], [lengths[i] for i in order], folds, seed, kind)
    segments = dict(zip(order, split.segments, strict=True))
    split = replace(split, segments=tuple(segments[i] for i in range(len(lengths))))
    leak = leaked_share(leak_audit(stimuli, split))
    if leak:
        note = changes(
            f"LEAKY: encoding.split={kind} puts other presentations of a test stimulus in training, for {leak:.0%} of the "
            "test frames; scores are inflated and serve for replication or as a control only."
        )
        notes.append(note)
    return split, notes


def _some(test: Sequence[str]) -> str:
    return ", ".join(test[:5]) + (f" and {len(test) - 5} more" if len(test) > 5 else "")


def _missing(responses: Responses) -> int:
    """Frames before the first that has a response, in all presentations."""
    begins = [np.isfinite(v).any(axis=1).argmax() for v in responses.values]
    return int(min(begins, default=0))
