"""read_story_fmri: preprocessed fMRI of stories, a matrix (TR, voxel) each, with words by TR or in transcripts."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.arrays.source import ArraysSource
from brainalign.data.arrays.tree import open_tree
from brainalign.data.continuous.dataset import chosen_subjects
from brainalign.data.continuous.recording import usable
from brainalign.data.events.table import stimulus_id
from brainalign.data.events.times import onsets_of, refuse_unused
from brainalign.data.files.participants import participants
from brainalign.data.files.patterns import MatchedFile, beside, files_under
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.files.reading import reading
from brainalign.data.files.tsv import MISSING, read_tsv
from brainalign.data.fmri.geometry import Geometry, Surface
from brainalign.data.fmri.images import read_surfaces, read_volumes
from brainalign.data.fmri.mesh import mesh_note
from brainalign.data.formats import ArrayKeys, EventFormat, StimuliFormat, TranscriptFormat
from brainalign.data.plausibility import stories_of_other_length
from brainalign.data.stimuli.files import Read, open_stimuli
from brainalign.data.stimuli.summary import stimuli_notes
from brainalign.data.stimuli.table import constant_columns
from brainalign.data.sync.fmri import fmri_sync
from brainalign.data.transcripts.clean import cleaned
from brainalign.data.transcripts.form import Tally
from brainalign.data.types import Dataset, Presentation, Recording, Stimulus
from brainalign.data.unread_options import PLACES, refuse_image_keys, refuse_option, refuse_unread
from brainalign.errors import BrainalignError, nearest
from brainalign.progress import track
from brainalign.signal.drift import cosine_highpass

IMAGES = (".nii", ".nii.gz", ".gii")

WORD_COLUMNS = (("stimulus", "story"), ("tr", "row"), ("words", "text"))

log = logging.getLogger(__name__)


def read_story_fmri(
    root: str | Path,
    files: str,
    keys: ArrayKeys,
    tr: float,
    stimuli: StimuliFormat | None = None,
    words_file: str | None = None,
    start: float | None = None,
    axes: Sequence[str] = ("time", "channel"),
    subjects: Sequence[str] | None = None,
    stories: Sequence[str] | None = None,
    order: Sequence[str] | None = None,
    mask: str | None = None,
    events_file: str | None = None,
    events: EventFormat | None = None,
    highpass: float | None = None,
    zscore: bool = False,
) -> Dataset:
    """Read stories' responses; a story that was heard again is its next repeat.

    Args:
        root: The folder.
        files: Pattern of the files under it (arrays, NIfTI, or GIFTI with a field ``{hemi}``: L and R), with a field
            ``{subject}`` (else there is one participant,
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
        order: Stimuli in the order of a participant's files, where their names count runs (which need not begin at 1); a participant
            with another number of files is refused.
        mask: Pattern of the mask of NIfTI files, with the field ``{subject}`` or none; None: every voxel that varies.
        events_file: Pattern of a table of events beside each file, with its fields: the onset of the first row of
            ``events.where`` is where the
            story begins; None: it begins with the first volume.
        events: How these are to be read.
        highpass: Seconds; slower drifts are regressed out of each story (discrete cosines); None: they stay.
        zscore: Whether each voxel is brought to mean 0 and standard deviation 1 in each story.

    Raises:
        BrainalignError: Something is missing or cannot be; one sentence for each fault, one a line.
    """
    root, found = files_under(root, files, "the responses")
    _refuse_unread(found[0].path.name, keys, axes, mask, start, events_file, events)
    form = stimuli or StimuliFormat()
    table: Mapping[str, Mapping[str, str]] = {}
    if words_file:
        known, read, table = _words_by_tr(root / words_file, tr, form.transcripts)
    else:
        known, read = open_stimuli(form, root)
    if stories is not None:
        for story in stories:
            if known is not None and story not in known:
                raise BrainalignError(
                    f"data.stories: {story!r} is not among the {len(known)} stimuli; {nearest(story, known)}"
                )
        known = [s for s in stories]
    errors, notes = ReadErrors(), list[str]()
    people = participants(root, found, files, errors, notes, subjects)
    recordings = []
    for subject in track(chosen_subjects(list(people), subjects, str(root)), "reading recordings"):
        with errors.collected():
            own = list(people[subject].values())
            if found[0].path.name.endswith(IMAGES):
                runs = _images(subject, own, tr, None if mask is None else beside(root, mask, own[0], "data.mask"))
            else:
                source = ArraysSource(subject, people[subject], keys, axes, None, EventFormat(), None, None)
                runs = _arrays(source, own, notes)
            starts = {
                one.path: _start(root, one, tr, start, events_file, events or EventFormat(), notes) for one in own
            }
            recordings.append(_recording(subject, runs, known, stories, order, tr, starts, highpass, zscore, notes))
    heard = dict.fromkeys(p.stimulus for r in recordings for p in r.presentations)
    loaded = {s: _lasting(stimulus, recordings) for s in heard if (stimulus := read(s, errors, notes)) is not None}
    notes += stimuli_notes(loaded)
    meshes = [mesh_note(r.geometry.vertices) for r in recordings if isinstance(r.geometry, Surface)]
    notes += dict.fromkeys(note for note in meshes if note)
    errors.raise_all()
    notes += stories_of_other_length(Dataset(root.resolve().name, loaded, recordings), tr)
    for recording in track(recordings, "holding responses against the stories"):
        checked = fmri_sync(recording, loaded)
        if checked is not None and checked.warning is not None:
            notes.append(checked.warning)
    for note in notes:
        log.warning(note)
    return Dataset(root.resolve().name, loaded, recordings, notes=tuple(notes), stimulus_table=table)


def _lasting(stimulus: Stimulus, recordings: Sequence[Recording]) -> Stimulus:
    """A story without sound and words, as long as the scans of it; others as they are."""
    if not isnan(stimulus.duration):
        return stimulus
    scans = [p for r in recordings for p in r.presentations if p.stimulus == stimulus.id]
    return replace(stimulus, duration=max(p.start + (len(p.response) - 0.5) / p.rate for p in scans))


def _refuse_unread(
    name: str,
    keys: ArrayKeys,
    axes: Sequence[str],
    mask: str | None,
    start: float | None,
    events_file: str | None,
    events: EventFormat | None,
) -> None:
    """Refuse options that do nothing for the kind of file, or beside another that is set."""
    image = name.endswith(IMAGES)
    if image:
        refuse_image_keys(keys, name)
        refuse_option(
            "data.axes", None if list(axes) == ["time", "channel"] else list(axes), "an image has axes of its own"
        )
    else:
        read = {"responses", "repeats", *PLACES} | ({"stimulus"} if keys.fields() or "trial" in axes else set())
        refuse_unread("data.keys", keys, read, name, "a story's matrix begins with data.start, a volume each data.tr")
    if not name.endswith(IMAGES[:2]):
        refuse_option("data.mask", mask, "a mask is for NIfTI files")
    if start is not None:
        refuse_option("data.events_file", events_file, f"data.start={start:g} says when the story begins")
    elif events_file is None and events is not None:
        refuse_unread("data.events", events, (), name, "data.events_file is not given")


@dataclass(frozen=True)
class _Runs:
    """A participant's stories as matrices: file, name as the file has it, and (TR, voxel)."""

    parts: Sequence[tuple[Path, str, NDArray[np.floating[Any]]]]
    channels: pd.DataFrame
    geometry: Geometry | None = None


def _arrays(source: ArraysSource, files: Sequence[MatchedFile], notes: list[str]) -> _Runs:
    parts, table = [], None
    for one in files:
        with open_tree(one.path) as tree:
            for (name, fields), values in source.parts(tree, one):
                rows = np.asarray(values, dtype=np.float64)
                table = source.table(tree, one, rows.shape[1], notes) if table is None else table
                if rows.shape[1] != len(table):
                    raise BrainalignError(
                        f"{one.path}: the story {name!r} has {rows.shape[1]} voxels, but the first of the participant has {len(table)}; "
                        "they must agree."
                    )
                parts.append((one.path, fields.get("stimulus", name), rows))
    assert table is not None
    return _Runs(parts, table)


def _images(subject: str, files: Sequence[MatchedFile], tr: float, mask: Path | None) -> _Runs:
    runs: dict[tuple[tuple[str, str], ...], dict[str, Path]] = {}
    for one in files:
        key = tuple((k, v) for k, v in one.fields.items() if k != "hemi")
        runs.setdefault(key, {})[one.fields.get("hemi", "").upper()] = one.path
    names = {next(iter(sides.values())): one for sides in runs.values() for one in files if one.path in sides.values()}
    if files[0].path.suffix == ".gii":
        scans = read_surfaces(subject, list(runs.values()))
    else:
        scans = read_volumes(subject, [sides[""] for sides in runs.values()], mask)
    if scans.tr is not None and abs(scans.tr - tr) > 0.01:
        raise BrainalignError(f"data.tr={tr:g} s contradicts {files[0].path.name}, whose header says {scans.tr:g} s.")
    parts = [
        (path, one.fields.get("stimulus", one.fields.get("run", path.stem)), values)
        for (path, one), values in zip(names.items(), scans.runs, strict=True)
    ]
    return _Runs(parts, scans.channels.assign(status="good"), scans.geometry)


def _start(
    root: Path,
    one: MatchedFile,
    tr: float,
    start: float | None,
    pattern: str | None,
    form: EventFormat,
    notes: list[str],
) -> float:
    """Time of the first row on the clock of the words, which begins with the sound."""
    if form.whole is not None:
        raise BrainalignError(
            f"data.events.whole={form.whole} does nothing here: data.files or data.order names the story of each file."
        )
    if start is not None or pattern is None:
        refuse_unused(form, str(one.path))
        if start is not None and form.shift:
            raise BrainalignError(
                f"data.start={start:g} and data.events.shift={form.shift:g} both say when the story began; keep one."
            )
        return 0.5 * tr - form.shift if start is None else start
    path = beside(root, pattern, one, "data.events_file")
    assert path is not None
    table = read_tsv(path, [form.onset])
    chosen_rows = table
    for column, values in (form.where or {}).items():
        if column not in table:
            raise BrainalignError(f"{path} lacks the column {column!r}; its columns are {', '.join(map(repr, table))}.")
        chosen_rows = chosen_rows[chosen_rows[column].isin([str(v) for v in values])]
    if chosen_rows.empty:
        raise BrainalignError(
            f"{path} has no row of data.events.where={form.where}: nothing says when the story begins."
        )
    played = _same_sound(table, chosen_rows.index[0], form)
    onsets = onsets_of(table.loc[played], path, 1 / tr, form, 0.0, notes)
    wrong = next((n for n, onset in enumerate(onsets) if not np.isfinite(onset)), None)
    if wrong is not None:
        cell = table.loc[played[wrong], form.onset]
        raise BrainalignError(f"{path}, line {played[wrong]}: {form.onset}={cell!r} is no number of {form.unit}.")
    if onsets[0] < onsets[-1]:
        notes.append(
            f"{path.name}: the sound of the story began {onsets[-1] - onsets[0]:g} s before the story, with line {played[0]}; its words "
            "are timed from there."
        )
    return 0.5 * tr - float(onsets[0])


def _same_sound(table: pd.DataFrame, line: Any, form: EventFormat) -> list[Any]:
    """The rows up to the story's that play its sound file: music before a story, in one file with it, is a row of its own."""
    named = next((c for c in form.stimulus if c in table), None)
    before = table.loc[:line]
    if named is None or table.loc[line, named] in ("", MISSING):
        return [line]
    return list(before.index[before[named] == table.loc[line, named]])


def _recording(
    subject: str,
    runs: _Runs,
    known: Collection[str] | None,
    stories: Sequence[str] | None,
    order: Sequence[str] | None,
    tr: float,
    starts: Mapping[Path, float],
    highpass: float | None,
    zscore: bool,
    notes: list[str],
) -> Recording:
    if order is not None and len(order) != len(runs.parts):
        raise BrainalignError(
            f"participant {subject} has {len(runs.parts)} runs, but data.order names {len(order)} stories; which is "
            f"missing cannot be told: "
            "leave the participant out by data.subjects, or rename the files."
        )
    presentations: list[Presentation] = []
    heard: dict[str, int] = {}
    without: dict[str, None] = {}
    for n, (path, name, values) in enumerate(runs.parts):
        stimulus = stimulus_id(name if order is None else order[n], known)
        if known is not None and stimulus not in known:
            without[stimulus] = None
            continue
        repeat = heard[stimulus] = heard.get(stimulus, -1) + 1
        rows = values if highpass is None else cosine_highpass(values, tr, highpass)
        if zscore:
            spread = np.nanstd(rows, axis=0)
            rows = (rows - np.nanmean(rows, axis=0)) / np.where(spread > 0, spread, 1.0)
        presentations.append(Presentation(stimulus, repeat, rows, 1 / tr, starts[path]))
    if not presentations:
        raise BrainalignError(
            f"participant {subject}: none of the stories ({', '.join(list(without)[:5]) or 'no array'}) has words or sound; "
            f"{nearest(next(iter(without), ''), known or ())}"
        )
    if without and stories is None:
        notes.append(f"participant {subject}: {len(without)} stories without words are left out: {', '.join(without)}.")
    return replace(usable(subject, [runs.channels], [presentations], []), geometry=runs.geometry)


def _words_by_tr(
    path: Path, tr: float, form: TranscriptFormat
) -> tuple[Collection[str] | None, Read, Mapping[str, Mapping[str, str]]]:
    """Stories from a table of the words of each TR, and what its further columns say of each story."""
    with reading(path, "data.words_file, a table of the words of each TR"):
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(
                path, sep="," if path.suffix == ".csv" else "\t", keep_default_na=False, encoding="utf-8-sig"
            )
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

    def read(name: str, errors: ReadErrors, notes: list[str]) -> Stimulus | None:
        part = groups[name]
        rows = [
            (word, (r + k / len(said)) * tr, (r + (k + 1) / len(said)) * tr)
            for r, said in ((int(r), _said(cell)) for r, cell in zip(part[row], part[words], strict=True))
            for k, word in enumerate(said)
        ]
        tally, frame = Tally(), pd.DataFrame(rows, columns=["word", "onset", "offset"])
        frame, wrong = cleaned(frame, "table", form, None, f"{path}, {name}", tally, [])
        errors.add(wrong)
        return None if wrong else Stimulus(name, (int(part[row].max()) + 1) * tr, frame, tally=tally)

    return groups, read, constant_columns(table, story, [row, words])


def _said(cell: Any) -> list[str]:
    """The words of a TR: a text, or a list of words (parquet); nothing where there is none."""
    if isinstance(cell, list | np.ndarray):
        return [str(word) for word in cell]
    return [] if pd.isna(cell) else str(cell).split()
