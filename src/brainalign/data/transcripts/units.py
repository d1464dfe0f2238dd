"""Times of words that cannot be seconds: told by how long words last."""

from __future__ import annotations

import numpy as np
import pandas as pd

LONGEST = 15.0
"""Seconds: half of all words do not last longer; milliseconds and samples do."""

SHORTEST = 2e-3
"""Seconds: half of all words do not last shorter."""

FEWEST = 5
"""Words from which on their lengths alone say something; of fewer, the sound's length does."""


def implausible_times(table: pd.DataFrame, duration: float | None, where: str, key: str) -> list[str]:
    """Words that last minutes, or microseconds: in which unit their times seem to stand.

    Args:
        table: Columns label, onset, offset, in what is taken for seconds.
        duration: Of the sound in seconds, or None.
        where: The file, for sentences.
        key: Of the config, that says the unit.

    Returns:
        One sentence, or none.

    Example:
        >>> said = pd.DataFrame({"word": ["so", "it"], "onset": [100.0, 400.0], "offset": [380.0, 720.0]})
        >>> implausible_times(said, 1.0, "a.tsv", "x.unit")[0]
        'a.tsv: half of its 2 words last 300 s or more and the sound 1 s: their times look like milliseconds; set x.unit=milliseconds.'
    """
    onset, offset = (pd.to_numeric(table[c], errors="coerce").to_numpy(dtype=np.float64) for c in ("onset", "offset"))
    lengths = (offset - onset)[np.isfinite(offset - onset)]
    if len(lengths) < (FEWEST if duration is None else 1):
        return []
    half, label = float(np.median(lengths)), str(table.columns[0])
    sound = "" if duration is None else f" and the sound {duration:.6g} s"
    # a table of pauses, or of a film's scenes, has a long interval here and there; not half of them
    if half > LONGEST and (len(lengths) >= FEWEST or (duration is not None and np.nanmax(offset) > 2 * duration)):
        return [
            f"{where}: half of its {len(lengths)} {label}s last {half:.6g} s or more{sound}: their times look like milliseconds; "
            f"set {key}=milliseconds."
        ]
    if 0 < half < SHORTEST and (duration is None or np.nanmax(offset) < duration / 50):
        return [
            f"{where}: half of its {len(lengths)} {label}s last {half:.3g} s or less{sound}: their times look like seconds "
            f"that were taken for milliseconds; set {key}=seconds."
        ]
    return []
