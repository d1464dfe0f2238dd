"""read_story_fmri: preprocessed fMRI of stories, a matrix (TR, voxel) each, with words by TR or in transcripts."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from brainalign.data.arrays.source import ArraysSource
from brainalign.data.arrays.tree import open_tree
from brainalign.data.continuous.dataset import chosen
from brainalign.data.continuous.event_table import stimulus_id
from brainalign.data.continuous.recording import usable
from brainalign.data.faults import Faults
from brainalign.data.formats import EventFormat, Keys, StimuliFormat
from brainalign.data.intervals import check_intervals
from brainalign.data.patterns import Found, find
from brainalign.data.pointers import check_fetched
from brainalign.data.stimuli import Read, open_stimuli
from brainalign.data.transcripts.form import split_forms
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.errors import BrainalignError, nearest
from brainalign.progress import track

WORD_COLUMNS = (("stimulus", "story"), ("tr", "row"), ("words", "text"))

log = logging.getLogger(__name__)


def read_story_fmri(
    root: str | Path,
    files: str,
    keys: Keys,
    tr: float,
    stimuli: StimuliFormat | None = None,
    words_file: str | None = None,
    start: float | None = None,
    axes: Sequence[str] = ("time", "channel"),
    subjects: Sequence[str] | None = None,
    stories: Sequence[str] | None = None,
) -> Dataset:
    """Read stories' responses; a story that was heard again is its next repeat.

    Args:
        root: The folder.
        files: Pattern of the files of arrays under it, with a field ``{subject}`` (else there is one participant,
            ``01``), and ``{stimulus}``
            where each story is a file of its own.
        keys: ``responses``, with a field ``{stimulus}`` where a file holds many stories; ``repeats``; of the channels, as for arrays.
        tr: Seconds between volumes.
        stimuli: Where sound and transcripts lie; None: the words come by TR.
        words_file: A table (parquet, TSV or CSV) with the columns ``stimulus`` (or story), ``tr`` (row of the
            matrix, from 0) and ``words``, under the root.
            The words of a TR are spread evenly over it: nothing is known of their times inside it.
        start: Time of the first row in seconds on the clock of the words; None: half a TR, so that row r and the words of TR r are one.
            Larger where the rows' words stand early, or rows were cut.
        axes: Names of the responses' axes: ``time`` and ``channel``, and perhaps ``repeat``.
        subjects: Participants; None for all.
        stories: Stimuli; None for all.

    Raises:
        BrainalignError: Something is missing or cannot be; one sentence for each fault, one a line.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        raise BrainalignError(f"data.root={root} does not exist; it must be the folder of the responses.")
    found = find(root, files, "data.files")
    if not found:
        raise BrainalignError(f"data.root={root}: no file fits data.files={files!r}.")
    known, read = _words_by_tr(root / words_file, tr) if words_file else open_stimuli(stimuli or StimuliFormat(), root)
    if stories is not None:
        for story in stories:
            if known is not None and story not in known:
                raise BrainalignError(
                    f"data.stories: {story!r} is not among the {len(known)} stimuli; {nearest(story, known)}"
                )
        known = [s for s in stories]
    people: dict[str, list[Found]] = {}
    for one in found:
        people.setdefault(one.fields.get("subject", "01"), []).append(one)
    faults, notes = Faults(), list[str]()
    recordings = []
    for subject in track(chosen(list(people), subjects, str(root)), "reading recordings"):
        source = ArraysSource(subject, people[subject], keys, axes, None, EventFormat(), None, None)
        with faults.gathered():
            recordings.append(_recording(source, people[subject], known or (), stories, tr, start, notes))
    heard = dict.fromkeys(p.stimulus for r in recordings for p in r.presentations)
    loaded = {s: stimulus for s in heard if (stimulus := read(s, faults, notes)) is not None}
    faults.refuse()
    for note in notes:
        log.warning(note)
    return Dataset(root.resolve().name, loaded, recordings, notes=tuple(notes))


def _recording(
    source: ArraysSource,
    files: Sequence[Found],
    known: Collection[str],
    stories: Sequence[str] | None,
    tr: float,
    start: float | None,
    notes: list[str],
) -> Recording:
    presentations: list[Presentation] = []
    tables: list[pd.DataFrame] = []
    heard: dict[str, int] = {}
    without: dict[str, None] = {}
    for one in files:
        if stories is not None and one.fields.get("stimulus", stories[0]) not in stories:
            continue
        with open_tree(one.path) as tree:
            for (name, _), values in source.parts(tree, one):
                stimulus = stimulus_id(name, known)
                if stimulus not in known:
                    without[stimulus] = None
                    continue
                repeat = heard[stimulus] = heard.get(stimulus, -1) + 1
                rows = np.asarray(values, dtype=np.float64)
                presentations.append(Presentation(stimulus, repeat, rows, 1 / tr, 0.5 * tr if start is None else start))
                if not tables:
                    tables.append(source.table(tree, one, rows.shape[1]))
                elif rows.shape[1] != len(tables[0]):
                    raise BrainalignError(
                        f"{one.path}: the story {stimulus!r} has {rows.shape[1]} voxels, but the first of the participant has "
                        f"{len(tables[0])}; they must agree."
                    )
    if not presentations:
        raise BrainalignError(
            f"participant {source.subject}: none of the stories ({', '.join(list(without)[:5]) or 'no array'}) has words or sound; "
            f"{nearest(next(iter(without), ''), known)}"
        )
    if without and stories is None:
        notes.append(
            f"participant {source.subject}: {len(without)} stories without words are left out: {', '.join(without)}."
        )
    return usable(source.subject, tables, [presentations], [])


def _words_by_tr(path: Path, tr: float) -> tuple[Collection[str], Read]:
    """Stories from a table of the words of each TR."""
    check_fetched(path)
    if not path.is_file():
        raise BrainalignError(f"data.words_file={path} does not exist; it must be a table of the words of each TR.")
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(
                path, sep="," if path.suffix == ".csv" else "\t", keep_default_na=False, encoding="utf-8-sig"
            )
    except (OSError, ValueError) as error:
        raise BrainalignError(f"data.words_file={path} cannot be read as a table ({error}).") from error
    columns = []
    for names in WORD_COLUMNS:
        name = next((n for n in names if n in table), None)
        if name is None:
            raise BrainalignError(
                f"{path} lacks the column {names[0]!r}; its columns are {', '.join(map(repr, table))}."
            )
        columns.append(name)
    story, row, words = columns
    groups = {str(name): part for name, part in table.groupby(story, sort=False)}

    def read(name: str, faults: Faults, notes: list[str]) -> Stimulus | None:
        part = groups[name]
        spoken = [
            (word, (r + k / len(said)) * tr, (r + (k + 1) / len(said)) * tr)
            for r, said in ((int(r), str(text).split()) for r, text in zip(part[row], part[words], strict=True))
            for k, word in enumerate(said)
        ]
        frame = split_forms(pd.DataFrame(spoken, columns=["word", "onset", "offset"]))
        wrong = check_intervals(frame, None, f"{path}, {name}")
        faults.add(wrong)
        return None if wrong else Stimulus(name, (int(part[row].max()) + 1) * tr, frame)

    return groups, read
