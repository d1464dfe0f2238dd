"""Events as a table of any archive has them: which rows are presentations, and of what, when."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from brainalign.data.events.event import Event
from brainalign.data.events.labels import stimulus_labels
from brainalign.data.events.software_marks import is_software_mark
from brainalign.data.events.times import number, onsets_of, scale_of
from brainalign.data.events.words import words_among
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.files.tsv import MISSING
from brainalign.data.formats import EventFormat
from brainalign.errors import BrainalignError, nearest


def events_of(
    table: pd.DataFrame,
    where: Path | str,
    run: str,
    rate: float,
    form: EventFormat,
    known: Collection[str] | None,
    errors: ReadErrors,
    notes: list[str],
    start: float = 0.0,
) -> list[Event]:
    """The presentations of one run, by onset.

    Args:
        table: Text cells; its index holds the lines of the file.
        where: The file, for sentences.
        run: The run's name.
        rate: Samples per second of the recording, where the table counts them (:func:`counts_samples`).
        form: How the table is to be read.
        known: Ids of the stimuli that there are; None: any.
        errors: Gets the sentences on what is wrong; such rows are left out.
        notes: Gets how many rows were passed over, and where onsets and samples disagree.
        start: Time of the recording's first sample on the clock of the events.

    Raises:
        BrainalignError: A column is missing, or nothing is selected.
    """
    table = _expanded(table, where, form)
    _need(table, where, [form.onset, *(form.where or {})])
    labels = stimulus_labels(table, where, form)
    keep = labels.ne("") & _selected(table, form)
    if not keep.any():
        chosen = " and ".join(f"{c} in {list(v)}" for c, v in (form.where or {}).items())
        raise BrainalignError(
            f"{where}: none of its {len(table)} rows names a stimulus{f' and has {chosen} (data.events.where)' if chosen else ''}."
        )
    passed = int((~keep).sum())
    if passed:
        notes.append(f"{Path(where).name}: {passed} of {len(table)} rows are no presentation and were passed over.")
    marks = keep & labels.map(lambda label: is_software_mark(label, known))
    if marks.any() and not marks[keep].all():
        told = ", ".join(map(repr, dict.fromkeys(labels[marks])))
        notes.append(
            f"{Path(where).name}: {int(marks.sum())} of {len(table)} events are marks of the recording's software and were passed over: "
            f"{told}."
        )
        keep &= ~marks
    scale = scale_of(form, rate)
    onsets = onsets_of(table[keep], where, rate, form, start, notes)
    out = []
    for (line, row), onset in zip(table[keep].iterrows(), onsets.tolist(), strict=True):
        place = f"{where}, line {line}"
        if form.first and not np.isfinite(onset):
            continue  # a word whose time nobody knows begins nothing
        label = labels[line]
        stimulus = stimulus_id(label, known)
        cell = row[form.duration] if form.duration in table else MISSING
        duration = number(cell) * scale
        wrong = []
        if not np.isfinite(onset):
            wrong.append(f"{place}: {form.onset}={row[form.onset]!r} is no number of {form.unit}.")
        if cell != MISSING and not duration >= 0:
            wrong.append(
                f"{place}: {form.duration}={cell!r} is no length in {form.unit}; n/a takes the stimulus's own."
            )
        if known is not None and stimulus not in known:
            wrong.append(
                f"{place}: stimulus {label!r} is not among the {len(known)} stimuli; {nearest(stimulus, known)}"
            )
        errors.add(wrong)
        if not wrong:
            # a trigger has no length of its own
            length = duration if duration > 0 else float("nan")
            out.append(Event(place, stimulus, onset, length, run, folder=_folder(label, stimulus)))
    out.sort(key=lambda e: e.onset)
    return _whole(out, form) if form.first else out


def words_inside(
    table: pd.DataFrame, where: Path | str, events: Sequence[Event], rate: float, form: EventFormat, start: float = 0.0
) -> dict[str, pd.DataFrame]:
    """Words that the events table itself has, by the stimulus in which they were heard; of its first playing.

    Args:
        table: As for :func:`events_of`.
        where: The file, for sentences.
        events: The presentations of the same run.
        rate: As above.
        form: How the table is to be read; ``words`` says which rows are words.
        start: As above.

    Returns:
        See :func:`~brainalign.data.events.words.words_among`.

    Raises:
        BrainalignError: A column is missing.
    """
    table = _expanded(table, where, form)
    _need(table, where, [form.word, form.onset, *(form.words or {})])
    onset = onsets_of(
        table, where, rate, form, start, []
    )  # what is to be said of the table is said of its presentations
    lengths = table[form.duration] if form.duration in table else pd.Series(MISSING, index=table.index)
    times = onset, np.array([number(v) for v in lengths]) * scale_of(form, rate)
    labels = stimulus_labels(table, where, form)
    if not any(name in table for name in form.stimulus):  # made for every row, meant for presentations
        labels = labels.where(_selected(table, form), "")
    heard = {event.stimulus for event in events}
    sounds = [stimulus_id(label, heard) if label else "" for label in labels]
    return words_among(table, where, events, times, sounds, form)


def _selected(table: pd.DataFrame, form: EventFormat) -> pd.Series:
    """Rows that ``data.events.where`` takes for presentations."""
    keep = pd.Series(True, index=table.index)
    for column, values in (form.where or {}).items():
        keep &= table[column].isin([str(v) for v in values])
    return keep


def _whole(events: Sequence[Event], form: EventFormat) -> list[Event]:
    """One presentation a stimulus, from the first of its rows to the end of the last; as long as its words where these are among them."""
    out = []
    for stimulus in dict.fromkeys(e.stimulus for e in events):
        own = [e for e in events if e.stimulus == stimulus]
        end = float(np.max([e.onset + e.duration for e in own]))  # NaN where one has no length
        out.append(replace(own[0], duration=end - own[0].onset if form.words is None else float("nan")))
    return out


def stimulus_id(cell: str, known: Collection[str] | None) -> str:
    """A cell as a stimulus's id: as it stands, or without ending, folder or both, whichever is an id first.

    Where the events themselves say what there is, it is the cell as it stands: ``and/or`` and ``U.S`` are words.

    Example:
        >>> stimulus_id("stimuli/audio/cable_spool_fort_0.wav", ["cable_spool_fort_0"])
        'cable_spool_fort_0'
    """
    name = cell.replace("\\", "/").rsplit("/", 1)[-1]
    for one in (cell, cell.rpartition(".")[0], name, name.rpartition(".")[0]):
        if known is not None and one in known:
            return one
    return cell if known is None else name.rpartition(".")[0] or name


def _folder(cell: str, stimulus: str) -> str:
    """What stands before the name of a stimulus's file, where the id does not hold it."""
    return "" if cell == stimulus else cell.replace("\\", "/").rpartition("/")[0].lower()


def _expanded(table: pd.DataFrame, where: Path | str, form: EventFormat) -> pd.DataFrame:
    if form.expand is None:
        return table
    _need(table, where, [form.expand])
    rows = []
    for line, cell in table[form.expand].items():
        try:
            content = ast.literal_eval(cell)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise BrainalignError(
                f"{where}, line {line}: {form.expand}={cell!r} is no Python dictionary (data.events.expand)."
            )
        rows.append({str(k): MISSING if v is None else str(v) for k, v in content.items()})
    inner = pd.DataFrame(rows, index=table.index, dtype=object).fillna(MISSING)
    # the table's own columns win: onset is the recording's clock there, the sound's inside
    return pd.concat([table, inner.drop(columns=[c for c in inner if c in table])], axis=1)


def _need(table: pd.DataFrame, where: Path | str, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in table:
            raise BrainalignError(
                f"{where} lacks the column {column!r}; its columns are {', '.join(map(repr, table))}."
            )
