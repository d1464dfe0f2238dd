"""Words that stand among the events of a recording, given to the stimulus in which they were heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.events.event import Event
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.formats import EventFormat, TranscriptFormat
from brainalign.data.transcripts.clean import cleaned
from brainalign.data.transcripts.form import Tally
from brainalign.data.transcripts.intervals import TOLERANCE
from brainalign.data.types import Stimulus

UNIT = "data.events.unit"


def words_among(
    table: pd.DataFrame,
    where: Path | str,
    events: Sequence[Event],
    times: tuple[NDArray[np.float64], NDArray[np.float64]],
    sounds: Sequence[str],
    form: EventFormat,
) -> dict[str, pd.DataFrame]:
    """Rows that are words, by the stimulus in which they were heard; of its first playing.

    A word belongs to the sound before it: where another sound begins, presented or not, the words after it are that sound's.

    Args:
        table: Text cells; its index holds the lines of the file.
        where: The file, for sentences.
        events: The presentations of the same run, by onset.
        times: Onset of each row on the run's clock (NaN where there is none) and its length (NaN where it is not known), in seconds.
        sounds: The stimulus that each row names, presented or not; empty where it names none.
        form: How the table is to be read; ``words`` says which rows are words.

    Returns:
        Stimulus -> columns word, onset, offset (s from the stimulus's onset; NaN: of unknown length), not yet cleaned.
    """
    onset, length = times
    named = np.array(sounds, dtype=object)
    is_word = np.ones(len(table), dtype=bool)
    for column, values in (form.words or {}).items():
        is_word &= table[column].isin([str(v) for v in values]).to_numpy()
    is_word &= ~table[form.word].isin(form.silences or []).to_numpy()
    out: dict[str, pd.DataFrame] = {}
    for event in events:
        other = (named != "") & (named != event.stimulus)
        begins = np.r_[onset[other & ~is_word], [e.onset for e in events]]
        end = begins[begins > event.onset + TOLERANCE].min(initial=np.inf)
        inside = is_word & ~other & (onset >= event.onset - TOLERANCE) & (onset < end - TOLERANCE)
        if event.stimulus in out or not inside.any():
            continue
        begin = np.maximum(onset[inside] - event.onset, 0.0)
        ends = begin + np.where(length[inside] > 0, length[inside], np.nan)
        index = pd.Index(table.index[inside], name=f"of {where}, line")
        said = table[form.word].to_numpy()[inside]
        out[event.stimulus] = pd.DataFrame({"word": said, "onset": begin, "offset": ends}, index=index)
    return out


def with_words(stimulus: Stimulus, words: pd.DataFrame, errors: ReadErrors, notes: list[str]) -> Stimulus:
    """The stimulus with the words that were found among the events; its own words, where it has any, stay.

    Args:
        stimulus: As read.
        words: As :func:`words_among` gives them.
        errors: Gets the sentences on what cannot be.
        notes: Gets the sentences on what was repaired.
    """
    if not stimulus.words.empty:
        return stimulus
    tally, said = Tally(stimulus.tally), list[str]()
    where = f"stimulus {stimulus.id!r}, words among the events"
    length = None if isnan(stimulus.duration) else stimulus.duration
    clean, wrong = cleaned(words, "table", TranscriptFormat(repair=True), length, where, tally, said, UNIT)
    errors.add(wrong)
    notes += [f"{where}: {sentence}." for sentence in said]
    return stimulus if wrong else replace(stimulus, words=clean, tally=tally)
