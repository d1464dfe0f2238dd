"""Pieces of a recording that hang together, and its samples that count: what MNE's annotations say of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainalign.data.files.reading import reading

if TYPE_CHECKING:
    from mne.io import BaseRaw

JOINT = re.compile(r"(EDGE|BAD)[ _]?boundary|EDGE.*|boundary|New Segment/.*|BAD_ACQ_SKIP", re.IGNORECASE)
"""Annotations where one piece ends and another begins: MNE's of concatenations and skips, EEGLAB's, BrainVision's."""

EDGE = "EDGE boundary"
"""What MNE writes there."""


def is_boundary(description: str) -> bool:
    """Whether an annotation marks a joint.

    Example:
        >>> [is_boundary(d) for d in ("EDGE boundary", "BAD boundary", "boundary", "New Segment/", "BAD_muscle", "s1")]
        [True, True, True, True, False, False]
    """
    return JOINT.fullmatch(description.strip()) is not None


def boundaries(raw: BaseRaw) -> list[int]:
    """Samples at which a new piece begins, beside the first."""
    found = set()
    for onset, duration, text in zip(
        raw.annotations.onset, raw.annotations.duration, raw.annotations.description, strict=True
    ):
        if is_boundary(text):
            found |= {_sample(raw, onset), _sample(raw, onset + duration)}
    return sorted(n for n in found if 0 < n < raw.n_times)


def segments_of(boundaries: Sequence[int], length: int) -> list[slice]:
    """The pieces between boundaries.

    Example:
        >>> segments_of([3], 10)
        [slice(0, 3, None), slice(3, 10, None)]
    """
    return [slice(a, b) for a, b in pairwise([0, *boundaries, length])]


def valid_data(raw: BaseRaw, names: Sequence[str]) -> NDArray[np.float64]:
    """(c, T) samples, NaN under annotations that begin with BAD: in the channels that one names, or in all where it names none.

    MNE's own ``reject_by_annotation`` blanks every channel, whichever an annotation names.

    Args:
        raw: The recording.
        names: Of the channels.

    Raises:
        BrainalignError: The file cannot be read.
    """
    file = next((f for f in raw.filenames if f), None)  # None: it was made in memory
    with nullcontext() if file is None else reading(file, "a recording that MNE reads"):
        data = np.asarray(raw.get_data(picks=list(names), verbose="error"), dtype=np.float64)
    place = {name: c for c, name in enumerate(names)}
    marks = raw.annotations
    for onset, duration, text, of in zip(marks.onset, marks.duration, marks.description, marks.ch_names, strict=True):
        if text.upper().startswith("BAD"):
            rows = [place[name] for name in of if name in place] if len(of) else slice(None)
            data[rows, max(0, _sample(raw, onset)) : max(0, _sample(raw, onset + duration))] = np.nan
    return data


def _sample(raw: BaseRaw, time: float) -> int:
    """The place of an annotation's time, which counts from before the first sample."""
    return int(raw.time_as_index([time - raw.first_time], use_rounding=True)[0])
