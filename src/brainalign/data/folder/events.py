"""``events.tsv``: which stimulus was played when."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from brainalign.data.events.event import Event
from brainalign.data.events.table import stimulus_id
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.files.tsv import MISSING, read_tsv
from brainalign.errors import nearest


def read_events(
    folder: Path, runs: Collection[str], known: Collection[str] | None, errors: ReadErrors, notes: list[str]
) -> list[Event]:
    """Read a participant's events in the order in which they happened; rows without a stimulus are passed over.

    Args:
        folder: The participant's.
        runs: The runs that were recorded; the column ``run`` may be missing where there is one alone.
        known: Ids of the stimuli that there are; None: any.
        errors: Gets the sentences on what is wrong; such rows are left out.
        notes: Gets the number of rows that name no stimulus.
    """
    path = folder / "events.tsv"
    table = pd.DataFrame()
    with errors.collected():
        table = read_tsv(path, ["onset", "duration", "stimulus|stim_file", *(["run"] if len(runs) > 1 else [])])
    events: dict[str, list[Event]] = {}
    passed = 0
    for line, row in table.iterrows():
        where = f"{path}, line {line}"
        name = row["stimulus"] if "stimulus" in row else row["stim_file"]
        if name in (MISSING, ""):
            passed += 1
            continue
        stimulus = stimulus_id(name, known)
        run = row["run"] if "run" in row else next(iter(runs), "")
        onset, duration = _seconds(row["onset"]), _seconds(row["duration"])
        problems = []
        if not np.isfinite(onset):
            problems.append(f"{where}: onset={row['onset']!r} is no number of seconds.")
        if not duration > 0 and row["duration"] != MISSING:
            problems.append(
                f"{where}: duration={row['duration']!r} is no length in seconds; n/a takes the stimulus's own."
            )
        if known is not None and stimulus not in known:
            problems.append(f"{where}: stimulus {stimulus!r} is not in the folder stimuli; {nearest(stimulus, known)}")
        if run not in runs:
            problems.append(f"{where}: run {run!r} has no {run}_responses.npy; {nearest(run, runs)}")
        errors.add(problems)
        if not problems:
            events.setdefault(run, []).append(Event(where, stimulus, onset, duration, run))
    if passed:
        notes.append(f"{folder.name}: {passed} of {len(table)} events name no stimulus and were passed over.")
    return [event for run in events.values() for event in sorted(run, key=lambda e: e.onset)]


def _seconds(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")
