"""Words or phones from a Praat TextGrid."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from brainalign.data.intervals import check_intervals
from brainalign.errors import BrainalignError, nearest

SILENCES = ("", "sp", "sil", "<sil>", "{NS}", "{SL}", "{CG}", "{LG}", "<p:>")
"""Labels of intervals that are no words."""


def read_textgrid(path: Path, label: str = "word", tier: str | None = None, duration: float | None = None) -> pd.DataFrame:
    """Read one interval tier.

    Args:
        path: A TextGrid, long or short.
        label: ``word`` or ``phone``: the name of the first column.
        tier: The tier's name; None for the only one, or the one called like the label (``word``, ``words``).
        duration: Length of the stimulus in seconds, where it is known.

    Returns:
        Columns ``label``, onset, offset; silences left out, labels stripped.

    Raises:
        BrainalignError: The file does not parse, the tier is not there, or its intervals cannot be true.
    """
    from praatio import textgrid
    from praatio.utilities.errors import PraatioException

    try:
        grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False, reportingMode="silence")
    except (PraatioException, OSError, ValueError, IndexError, UnicodeError) as error:
        raise BrainalignError(f"{path} does not parse as a TextGrid ({str(error).strip() or type(error).__name__}).") from error
    names = list(grid.tierNames)
    if tier is None:
        likely = [n for n in names if n.lower().rstrip("s") == label]
        tier = names[0] if len(names) == 1 else (likely[0] if likely else None)
    if tier not in names:
        raise BrainalignError(f"{path} has no tier {tier or label + 's'!r}; {nearest(tier or label, names)}")
    entries = [(e.label.strip(), e.start, e.end) for e in grid.getTier(tier).entries]
    kept = [e for e in entries if e[0] not in SILENCES]
    frame = pd.DataFrame(kept, columns=[label, "onset", "offset"])
    return check_intervals(frame, duration, f"{path} (tier {tier})")
