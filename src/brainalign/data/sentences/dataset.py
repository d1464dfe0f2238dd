"""read_sentences: a table of sentences in passages and participants' responses to them, one a sentence, as a data set.

A passage is a stimulus, and a sentence is a frame: the k-th sentence of a passage stands for the second [k, k + 1) of it, its words one
after the other. These seconds are an order and no time; folds are of whole passages.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from brainalign.data.continuous.dataset import chosen_subjects
from brainalign.data.continuous.recording import usable
from brainalign.data.electrodes.table import channels_table
from brainalign.data.files.patterns import MatchedFile, beside, files_under
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.files.tsv import read_tsv
from brainalign.data.formats import SentenceColumns, TranscriptFormat
from brainalign.data.sentences.assembly import read_assembly
from brainalign.data.sentences.form import PLACE, in_order, read_table, told
from brainalign.data.sentences.responses import SentenceResponses, of_array, of_table
from brainalign.data.transcripts.form import spoken
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.data.unread_options import refuse_option
from brainalign.errors import BrainalignError, nearest

log = logging.getLogger(__name__)

WRITTEN = TranscriptFormat(silences=[], brackets="words")
"""Written text has no remarks of an annotator: what is in brackets is read."""

RATE = 1.0
"""Sentences per second of the order that stands for time; a grid of so few frames takes the mean of a sentence's words."""


def read_sentences(
    root: str | Path,
    files: str,
    columns: SentenceColumns,
    table: str | None = None,
    channels_file: str | None = None,
    region: str | None = None,
    subjects: Sequence[str] | None = None,
) -> Dataset:
    """Read responses to sentences.

    Args:
        root: The folder.
        files: Pattern of the responses: ``.npy``, ``.tsv``, ``.csv`` or ``.nc``; with ``{subject}`` where each participant has a file.
        columns: Names of columns and coordinates.
        table: The table of sentences below the root; None: the tables or assemblies of responses have passage and text.
        channels_file: Pattern of tables of channels beside them: name, region, x, y, z, ...
        region: Column of the regions; None: the first of the usual names.
        subjects: Participants; None for all.

    Raises:
        BrainalignError: Something is missing or cannot be; one sentence for each fault, one a line.
    """
    root, found = files_under(root, files, "responses to sentences")
    said = None if table is None else told(read_table(root / table), columns, root / table)
    errors, notes = ReadErrors(), list[str]()
    people: list[SentenceResponses] = []
    known = [] if said is None else [said]
    for one in found:
        with errors.collected():
            more, own = _read(root, one, columns, said, channels_file)
            people += own
            if said is None:
                known.append(more)
    errors.raise_all()
    _check_once(people)
    sentences = in_order(known[0] if said is not None else _joined(known, files, columns), root)
    if said is None and columns.order is None:
        _check_order(people, sentences)
    chosen = set(chosen_subjects(list(dict.fromkeys(p.subject for p in people)), subjects, str(root)))
    stimuli = passages(sentences)
    recordings = []
    for person in people:
        if person.subject in chosen:
            with errors.collected():
                if region is not None and region == columns.channel:
                    person.channels[region] = person.channels["name"]  # channels are regions
                recordings.append(_recording(person, sentences, region, notes))
    errors.raise_all()
    heard = {p.stimulus for r in recordings for p in r.presentations}
    if len(heard) < len(stimuli):
        notes.append(f"{len(stimuli) - len(heard)} of {len(stimuli)} passages were seen by nobody and are left out.")
    for note in (*notes, *(n for r in recordings for n in r.notes)):
        log.warning(note)
    return Dataset(
        root.resolve().name, {s: stimuli[s] for s in stimuli if s in heard}, recordings, notes=tuple(notes), timed=False
    )


def passages(sentences: pd.DataFrame) -> dict[str, Stimulus]:
    """Passage -> its words, those of the k-th sentence between k and k + 1.

    Args:
        sentences: Columns sentence, passage, text.

    Raises:
        BrainalignError: A sentence has no words.

    Example:
        >>> table = pd.DataFrame({"sentence": ["1", "2"], "passage": ["cats", "cats"], "text": ["A cat sat.", "Why?"]})
        >>> passages(table)["cats"].words[["word", "onset"]].values.tolist()
        [['a', 0.0], ['cat', 0.3333333333333333], ['sat', 0.6666666666666666], ['why', 1.0]]
    """
    out = {}
    for passage, own in sentences.groupby("passage", sort=False):
        parts = []
        for k, (name, text) in enumerate(zip(own["sentence"], own["text"], strict=True)):
            words = text.split()
            edges = k + np.arange(len(words) + 1) / max(len(words), 1)
            part = spoken(pd.DataFrame({"word": words, "onset": edges[:-1], "offset": edges[1:]}), "table", WRITTEN)
            if part.empty:
                raise BrainalignError(f"sentence {name!r} of passage {passage!r} has no words: {text!r}.")
            parts.append(part if "text" in part else part.assign(text=part["word"]))
        out[str(passage)] = Stimulus(str(passage), float(len(own)), pd.concat(parts, ignore_index=True))
    return out


def _read(
    root: Path, one: MatchedFile, columns: SentenceColumns, said: pd.DataFrame | None, channels_file: str | None
) -> tuple[pd.DataFrame, list[SentenceResponses]]:
    """What a file says of the sentences (nothing, where the table does), and the responses in it."""
    path, subject, ending = one.path, one.fields.get("subject"), one.path.suffix.lower()
    known = pd.DataFrame() if said is None else said
    if ending == ".npy":
        if said is None:
            raise BrainalignError(f"{path} has no texts; data.table must name the table of the sentences.")
        about = beside(root, channels_file, one, "data.channels_file")
        channels = None if about is None else read_tsv(about, ["name"])
        return known, [of_array(path, subject or "01", said["sentence"].tolist(), channels)]
    refuse_option("data.channels_file", channels_file, f"{path.name} names its channels itself")
    if ending == ".nc":
        rows, own = read_assembly(path, subject, columns)
        return (told(rows, columns, path) if said is None else known), own
    if ending not in (".tsv", ".csv"):
        raise BrainalignError(
            f"{path} ends in {ending!r}; responses to sentences are read from .npy, .tsv, .csv and .nc."
        )
    return (told(read_table(path), columns, path) if said is None else known), of_table(path, subject, columns)


def _joined(known: Sequence[pd.DataFrame], files: str, columns: SentenceColumns) -> pd.DataFrame:
    """The sentences of all files, each once."""
    places = [PLACE.format(i) for i in range(len(columns.order or []))]
    one = SentenceColumns(passage="passage", order=places)
    return told(pd.concat(known, ignore_index=True), one, f"data.files={files!r}")


def _check_once(people: Sequence[SentenceResponses]) -> None:
    """Refuse a participant whose responses lie in several files: channels would stand twice."""
    where: dict[str, str] = {}
    for person in people:
        if person.subject in where:
            raise BrainalignError(
                f"participant {person.subject!r} has responses in {where[person.subject]} and in {person.where}; one file a participant "
                "is read: put them into one, or let data.files name one of them."
            )
        where[person.subject] = person.where


def _check_order(people: Sequence[SentenceResponses], sentences: pd.DataFrame) -> None:
    """Refuse to guess how a passage reads where participants saw its sentences in different orders."""
    place = {s: k for k, s in enumerate(sentences["sentence"])}
    passage = dict(zip(sentences["sentence"], sentences["passage"], strict=True))
    for person in people:
        last: dict[str, int] = {}
        for sentence in dict.fromkeys(person.sentences):
            at = place[sentence]
            if last.setdefault(passage[sentence], at) > at:
                raise BrainalignError(
                    f"{person.where}: sentence {sentence!r} of passage {passage[sentence]!r} stands elsewhere among its sentences than in "
                    "other responses, so that the order in which a passage reads is not known; data.table must name a table with the "
                    "sentences of each passage in order, or data.columns.order a column of numbers that says it."
                )
            last[passage[sentence]] = at


def _recording(one: SentenceResponses, sentences: pd.DataFrame, region: str | None, notes: list[str]) -> Recording:
    """A participant's presentations: of each passage the sentences that were seen, again where they were seen again."""
    place: Mapping[str, tuple[str, int]] = {
        str(s): (str(p), int(k))
        for s, p, k in zip(
            sentences["sentence"], sentences["passage"], sentences.groupby("passage").cumcount(), strict=True
        )
    }
    strange = [s for s in dict.fromkeys(one.sentences) if s not in place]
    if strange:
        raise BrainalignError(
            f"{one.where}: sentence {strange[0]!r} is not among the {len(place)} sentences of the table; {nearest(strange[0], list(place))}"
        )
    length = sentences["passage"].value_counts()
    again: Counter[str] = Counter()
    seen: dict[tuple[str, int], np.ndarray] = {}
    for row, sentence in enumerate(one.sentences):
        passage, k = place[sentence]
        key = passage, again[sentence]
        again[sentence] += 1
        if key not in seen:
            seen[key] = np.full((int(length[passage]), one.values.shape[1]), np.nan, dtype=one.values.dtype)
        seen[key][k] = one.values[row]
    found = list[str]()
    more = one.channels if len(one.channels.columns) > 1 else None
    channels = channels_table(one.subject, one.channels["name"].tolist(), more, region, where=one.where, notes=found)
    presentations = [Presentation(s, r, v, RATE, 0.5 / RATE) for (s, r), v in seen.items() if np.isfinite(v).any()]
    return usable(one.subject, [channels], [presentations], found)
