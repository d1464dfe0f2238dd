"""The events that stand inside a recording: annotations, or the pulses of a trigger channel."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.data.events.labels import label_column
from brainalign.data.events.software_marks import is_software_mark
from brainalign.data.files.tsv import MISSING
from brainalign.data.formats import EventFormat
from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    import mne


def events_inside(
    raw: mne.io.BaseRaw, path: Path, form: EventFormat, known: Collection[str] | None, notes: list[str]
) -> pd.DataFrame:
    """Annotations, or where all of these are marks of software, the pulses of the trigger channel.

    Args:
        raw: The recording.
        path: Of it, for sentences.
        form: Names the columns of the table.
        known: Ids of the stimuli that there are; None: any.
        notes: Gets the sentences on what was passed over.

    Returns:
        A table of text cells, as a file of events would give it; times in seconds from the first sample.

    Raises:
        BrainalignError: There is neither.
    """
    rows = [
        (repr(float(a["onset"] - raw.first_time)), repr(float(a["duration"])), str(a["description"]))
        for a in raw.annotations
    ]
    if all(is_software_mark(label, known) for *_, label in rows) and "stim" in raw.get_channel_types():
        rows = _pulses(raw, path, known, notes) or rows
    if not rows:
        raise BrainalignError(
            f"{path} has neither a table of events beside it nor annotations or triggers in it; something must say which stimulus "
            "was played when (data.events.whole names it where a run is one playing of it)."
        )
    columns = [form.onset, form.duration, label_column(form)]
    return pd.DataFrame(rows, columns=columns, index=pd.RangeIndex(1, len(rows) + 1, name="line"), dtype=object)


def _pulses(
    raw: mne.io.BaseRaw, path: Path, known: Collection[str] | None, notes: list[str]
) -> list[tuple[str, str, str]]:
    """Every change of the trigger channel to another code, and a code that it begins with."""
    import mne

    found = mne.find_events(raw, consecutive=True, shortest_event=1, initial_event=True, verbose="error")
    if len(found) and found[0, 0] == raw.first_samp and known is not None and str(found[0, 2]) not in known:
        notes.append(
            f"{path.name}: the trigger channel is at {found[0, 2]} at its first sample; no stimulus is named so, and it is passed over."
        )
        found = found[1:]
    adjacent = int(np.count_nonzero(found[:, 1]))
    if adjacent:
        notes.append(
            f"{path.name}: {adjacent} of {len(found)} triggers follow another code without a zero between them; each is an event."
        )
    return [(repr(float((t - raw.first_samp) / raw.info["sfreq"])), MISSING, str(code)) for t, _, code in found]
