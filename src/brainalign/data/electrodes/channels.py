"""Channels that cannot be predicted, because they never vary: found, and told by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.errors import BrainalignError

_FLAT = 1e-12
"""Range, as a share of its largest absolute value, up to which a channel is constant: resampling leaves that much."""


def dead_channels(parts: Sequence[NDArray[np.floating[Any]]]) -> dict[int, str]:
    """Columns without a valid sample, or with one value alone, over all parts together.

    Args:
        parts: (T_i, c) arrays, not finite where nothing valid was recorded.

    Returns:
        Column -> ``no valid sample`` or ``constant``.

    Example:
        >>> dead_channels([np.array([[1.0, 2.0, np.nan], [3.0, 2.0, np.nan]])])
        {1: 'constant', 2: 'no valid sample'}
    """
    low, high = np.full(parts[0].shape[1], np.inf), np.full(parts[0].shape[1], -np.inf)
    for part in parts:
        if len(part):
            finite = np.isfinite(part)
            whole = finite.all()  # most recordings are, and filling takes four times as long as looking
            low = np.minimum(low, (part if whole else np.where(finite, part, np.inf)).min(axis=0))
            high = np.maximum(high, (part if whole else np.where(finite, part, -np.inf)).max(axis=0))
    out = {}
    for c, (a, b) in enumerate(zip(low, high, strict=True)):
        if a > b:
            out[c] = "no valid sample"
        elif b - a <= _FLAT * max(abs(a), abs(b)):
            out[c] = "constant"
    return out


def dropped_note(subject: str, dead: Mapping[str, str], total: int) -> str:
    """The sentence on one participant's dropped channels.

    Args:
        subject: The participant.
        dead: Electrode -> reason.
        total: Channels that the participant had.

    Example:
        >>> dropped_note("sub-01", {"E3": "constant"}, 20)
        'participant sub-01: 1 of 20 channels is left out: E3 (constant).'
    """
    names = ", ".join(f"{name} ({reason})" for name, reason in dead.items())
    verb = "is" if len(dead) == 1 else "are"
    return f"participant {subject}: {len(dead)} of {total} channels {verb} left out: {names}."


STATUS = {"good": False, "n/a": False, "": False, "bad": True}
"""Words that a column ``status`` has, without regard to capitals, and whether they mean that a channel is left out."""


def marked_bad(status: pd.Series, where: str) -> NDArray[np.bool_]:
    """Which channels a table marks bad.

    Args:
        status: Text cells; the index holds the lines of the file.
        where: The file, for the sentence.

    Raises:
        BrainalignError: A word is neither good nor bad.

    Example:
        >>> marked_bad(pd.Series(["good", "BAD", "n/a"]), "channels.tsv").tolist()
        [False, True, False]
    """
    words = status.astype(str).str.strip().str.lower()
    strange = status[~words.isin(STATUS)]
    if len(strange):
        raise BrainalignError(
            f"{where}: status={strange.iloc[0]!r} is unknown ({len(strange)} such); it must be good, bad or n/a."
        )
    return np.asarray(words.map(STATUS), dtype=bool)


METRES = 0.3
"""No electrode lies within 0.3 mm of the origin along all axes: such numbers are metres."""


def check_millimetres(channels: pd.DataFrame, where: str) -> None:
    """Refuse coordinates that look like metres.

    Args:
        channels: With x, y and z; NaN where unknown.
        where: The file, for the sentence.

    Raises:
        BrainalignError: They do.

    Example:
        >>> check_millimetres(pd.DataFrame({"x": [-0.05], "y": [0.01], "z": [0.02]}), "channels.tsv")  # doctest: +NORMALIZE_WHITESPACE
        Traceback (most recent call last):
        brainalign.errors.BrainalignError: channels.tsv: the largest coordinate is 0.05, which looks like metres; x,
        y and z must be millimetres (times 1000).
    """
    values = np.abs(channels[["x", "y", "z"]].to_numpy(dtype=np.float64))
    largest = float(np.nanmax(values, initial=0.0)) if np.isfinite(values).any() else 0.0
    if 0 < largest < METRES:
        raise BrainalignError(
            f"{where}: the largest coordinate is {largest:g}, which looks like metres; x, y and z must be millimetres (times 1000)."
        )
