"""read_bids: iEEG, EEG and MEG in BIDS, found by mne-bids and read by MNE."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.data.bids.names import applicable, entities, fitting
from brainalign.data.continuous.dataset import assemble, chosen_subjects
from brainalign.data.continuous.processed import Processing, processed
from brainalign.data.electrodes.coordinates import unit_named
from brainalign.data.files.participants import compare_ids, ids_in
from brainalign.data.files.patterns import filled, find
from brainalign.data.files.placeholders import check_fetched
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.files.reading import read_json
from brainalign.data.files.tsv import MISSING
from brainalign.data.formats import RECORDINGS, EventFormat, StimuliFormat
from brainalign.data.mne_files.opening import own_id
from brainalign.data.mne_files.source import RawFiles, RawSource
from brainalign.data.stimuli.files import open_stimuli
from brainalign.data.types import Dataset
from brainalign.errors import BrainalignError, one_of

if TYPE_CHECKING:
    from mne_bids import BIDSPath

NOWHERE = "n/a"
"""Coordinate system that nobody told."""

VERSIONS = ("processing", "description", "space")
"""Entities that tell versions of one recording apart, not recordings."""

ENDINGS = (".edf", ".bdf", ".vhdr", ".fif", ".set", ".ds", ".con", ".sqd")


def read_bids(
    root: str | Path,
    stimuli: StimuliFormat,
    events: EventFormat | None = None,
    recording: str | None = None,
    subjects: Sequence[str] | None = None,
    task: str | None = None,
    session: str | None = None,
    derivative: str | None = None,
    description: str | None = None,
    electrodes_file: str | None = None,
    entities: Mapping[str, str] | None = None,
    region: str | None = None,
    sound_channel: str | None = None,
    processing: Processing | None = None,
    baseline: float = 0.5,
) -> Dataset:
    """Read a BIDS data set (https://bids-specification.readthedocs.io).

    What stands beside a recording is found by BIDS's own rules: ``events.tsv``, ``channels.tsv`` (type, status), the
    JSON sidecar, and for iEEG
    ``electrodes.tsv`` with the units of ``coordsystem.json``. Of a derivative, what it lacks is taken from the raw data set.

    Args:
        root: The data set's folder.
        stimuli: Where sound and transcripts lie; BIDS puts them under ``stimuli``.
        events: How ``events.tsv`` is to be read.
        recording: ``ieeg``, ``eeg`` or ``meg``; None: the one that there is.
        subjects: Labels, with or without ``sub-``; None for all.
        task: Of the recordings; None for all.
        session: The same.
        derivative: Folder under the root whose recordings are taken, such as ``derivatives/ecogprep``.
        description: Its ``desc-`` entity.
        electrodes_file: Pattern of the table of electrodes under the root, with the field ``{subject}`` and perhaps ``{session}``, where
            there are several (spaces, acquisitions); None: the one that there is.
        entities: Further entities of the recordings, by their long names: ``{acquisition: hg, processing: sss}``; None for all.
        region: Column of ``electrodes.tsv`` that says where an electrode lies; None: the first of the usual names.
        sound_channel: Channel that recorded the sound.
        processing: What is done with each run; None: the values are taken as they are.
        baseline: Seconds of recording kept before each event, where nothing else was played in them.

    Raises:
        BrainalignError: Something is missing or cannot be; one sentence for each fault, one a line.
    """
    from mne_bids import find_matching_paths

    root = Path(root).expanduser()
    place = root if derivative is None else root / derivative
    for key, folder in (("data.root", root), ("data.derivative", place)):
        if not folder.is_dir():
            raise BrainalignError(
                f"{key}={folder} does not exist; it must be the folder of a BIDS data set, which holds sub-XX/."
            )
    try:
        found = sorted(
            find_matching_paths(
                place, tasks=task, sessions=session, descriptions=description, suffixes=list(RECORDINGS), extensions=list(ENDINGS),
                ignore_nosub=True, check=False,
            ),
            key=lambda p: str(p.fpath),
        )  # fmt: skip
    except (KeyError, ValueError) as error:  # a name with an entity that is none of BIDS's
        raise BrainalignError(f"data.root={place}: {' '.join(str(error).split())}") from error
    for entity, value in (entities or {}).items():
        one_of("data.entities", entity, tuple(found[0].entities) if found else (entity,))
        found = [p for p in found if p.entities[entity] == str(value)]
    missing = _not_fetched(place)
    found = [p for p in found if not p.split or p.split == "01"]  # MNE opens the further parts of a split file itself
    kinds = list(dict.fromkeys(p.suffix for p in found))
    if missing and not found:
        check_fetched(missing[0])
    if not found or (recording is None and len(kinds) > 1) or (recording is not None and recording not in kinds):
        asked = "".join(
            f", {k}={v}"
            for k, v in (("task", task), ("session", session), ("description", description), *(entities or {}).items())
            if v
        )
        there = (
            f"it holds {' and '.join(kinds)}; choose one by data.recording"
            if kinds
            else f"no sub-XX holds a recording ({', '.join(ENDINGS)})"
        )
        raise BrainalignError(f"data.root={place}{asked}: {there}.")
    found = [p for p in found if p.suffix == (recording or kinds[0])]
    people: dict[str, list[BIDSPath]] = {}
    for path in found:
        people.setdefault(f"sub-{path.subject}", []).append(path)
    errors, notes, sources = ReadErrors(), list[str](), []
    labels: dict[Path, str] = {}
    wanted = None if subjects is None else {str(s).removeprefix("sub-") for s in subjects}
    for link in missing:
        label = link.name.split("_")[0].removeprefix("sub-")
        if wanted is None or label in wanted:
            with errors.collected():
                check_fetched(link)
    for subject in chosen_subjects(list(people), subjects, str(place)):
        with errors.collected():
            _one_each(people[subject])
            files = [_files(path, root, electrodes_file) for path in people[subject]]
            sources.append(RawSource(subject, files, events or EventFormat(), region, sound_channel))
            labels |= {one.path: subject for one in files}
    compare_ids(labels, ids_in(labels, own_id, errors), errors, notes, settled=True)
    known, read = open_stimuli(stimuli, root)
    return assemble(
        root.resolve().name,
        [processed(s, processing) for s in sources],
        known,
        read,
        baseline,
        errors,
        f"data.root={root}",
        notes,
    )


def _not_fetched(place: Path) -> list[Path]:
    """Recordings that are links into an annex whose content is not there; mne-bids passes them over."""
    names = tuple(f"_{kind}{ending}" for kind in RECORDINGS for ending in ENDINGS)
    return sorted(p for p in place.glob("sub-*/**/*") if p.name.endswith(names) and p.is_symlink() and not p.exists())


def _files(path: BIDSPath, root: Path, electrodes_file: str | None) -> RawFiles:
    """A recording with what stands beside it, in its own folder or in the raw data set."""
    logging.getLogger("mne").setLevel(logging.ERROR)
    sidecar = _sidecar(path, root)
    electrodes, unit, space = None, None, NOWHERE
    if path.suffix == "ieeg":
        electrodes = _electrodes(path, root, electrodes_file)
    elif electrodes_file is not None:
        raise BrainalignError(
            f"data.electrodes_file has no effect on {path.suffix}: electrodes have places in iEEG alone."
        )
    if electrodes is not None:
        unit, space = _coordinates(electrodes, _beside_electrodes(path, electrodes, root))
    return RawFiles(
        name=_name(path),
        path=path.fpath,
        events=_beside(path, "events", ".tsv", root),
        channels=_beside(path, "channels", ".tsv", root),
        electrodes=electrodes,
        unit=unit,
        space=space,
        sidecar=sidecar.content,
        where_sidecar=sidecar.where,
        fields={entity: value for entity, value in path.entities.items() if value is not None},
    )


def _as_recorded(path: BIDSPath, root: Path) -> BIDSPath:
    """A derivative's recording in the raw data set."""
    return path.copy().update(root=root, description=None, processing=None, check=False)


@dataclass(frozen=True)
class _Sidecar:
    """What the JSON files of a recording say together, and the nearest of them."""

    content: dict[str, Any]
    where: str


def _sidecar(path: BIDSPath, root: Path) -> _Sidecar:
    """By BIDS's inheritance: what stands nearer to the recording wins, the rest is kept."""
    files = [file for _, file in applicable(path, path.suffix, ".json")]
    if not files and path.root != root:
        files = [file for _, file in applicable(_as_recorded(path, root), path.suffix, ".json")]
    content: dict[str, Any] = {}
    for file in files:
        content |= _json(file)
    return _Sidecar(content, str(files[-1]) if files else "")


def _name(path: BIDSPath) -> str:
    """A run by all entities of its name but the participant's: ``ses-1_task-story_acq-hg_run-2``."""
    parts = path.fpath.name.split("_")[:-1]
    return "_".join(p for p in parts if not p.startswith(("sub-", "split-"))) or "run"


def _one_each(paths: Sequence[BIDSPath]) -> None:
    """Refuse one recording that is there twice, in two formats or as processed in two ways.

    Raises:
        BrainalignError: There is one; the entities in which two differ are named.
    """
    first: dict[str, BIDSPath] = {}
    for path in paths:
        differing = {k: v for k, v in path.entities.items() if k in VERSIONS}
        name = re.sub(r"(^|_)(proc|desc|space)-[^_]+", "", _name(path))
        other = first.setdefault(name, path)
        if other is path:
            continue
        ways = [k for k, v in differing.items() if other.entities[k] != v]
        how = (
            f"choose one by data.entities, such as {{{ways[0]}: {path.entities[ways[0]]}}}"
            if ways
            else "keep one of them"
        )
        raise BrainalignError(f"{other.fpath} and {path.fpath} are one recording by the rest of their names; {how}.")


def _beside(path: BIDSPath, suffix: str, ending: str, root: Path) -> Path | None:
    """The file of a kind that belongs to a recording, by BIDS's inheritance.

    Raises:
        BrainalignError: Several do.
    """
    own = fitting(path, suffix, ending) or (
        fitting(_as_recorded(path, root), suffix, ending) if path.root != root else []
    )
    if len(own) > 1:
        raise BrainalignError(
            f"{path.fpath}: {' and '.join(p.name for p in own)} both fit it by their names; entities must tell which is its."
        )
    return own[0] if own else None


def _electrodes(path: BIDSPath, root: Path, pattern: str | None) -> Path | None:
    """The table of a participant's electrodes: the one that the recording's entities or ``data.electrodes_file`` choose.

    Raises:
        BrainalignError: There are several (spaces, acquisitions), or none fits the pattern.
    """
    if pattern is not None:
        fields = {k: v for k, v in (("subject", path.subject), ("session", path.session)) if v}
        found = [one.path for one in find(root, pattern, "data.electrodes_file", fields)]
        if len(found) != 1:
            raise BrainalignError(
                f"{path.fpath}: {len(found)} files fit data.electrodes_file={filled(pattern, fields)!r} under {root}; one must."
            )
        return found[0]
    found = fitting(path, "electrodes", ".tsv")
    if not found and path.root != root:
        found = fitting(_as_recorded(path, root), "electrodes", ".tsv")
    if len(found) > 1:
        one = found[0].relative_to(root).as_posix() if found[0].is_relative_to(root) else found[0].name
        given = one.replace(f"sub-{path.subject}", "sub-{subject}").replace(f"ses-{path.session}", "ses-{session}")
        raise BrainalignError(
            f"sub-{path.subject} has {len(found)} tables of electrodes, {' and '.join(p.name for p in found)}; choose one by "
            f"data.electrodes_file={given!r}."
        )
    return found[0] if found else None


def _beside_electrodes(path: BIDSPath, electrodes: Path, root: Path) -> Path | None:
    """The ``coordsystem.json`` of a table of electrodes: of the same entities, or else the only one of the recording."""
    twin = electrodes.with_name(electrodes.name.replace("_electrodes.tsv", "_coordsystem.json"))
    if twin.is_file():
        return twin
    found = fitting(path, "coordsystem", ".json") or fitting(_as_recorded(path, root), "coordsystem", ".json")
    own = entities(electrodes)
    found = [p for p in found if all(own.get(k, v) == v for k, v in entities(p).items())]
    return found[0] if len(found) == 1 else None


def _coordinates(electrodes: Path, about: Path | None) -> tuple[str | None, str]:
    """Unit (None: not told) and coordinate system of a table of electrodes."""
    space = entities(electrodes).get("space", NOWHERE)
    if about is None:
        return None, space
    said = _json(about)
    system = str(said.get("iEEGCoordinateSystem", space))
    unit = unit_named(said.get("iEEGCoordinateUnits", MISSING), f"{about}: iEEGCoordinateUnits")
    return ("pixels", system) if system.lower() == "pixels" else (unit, system if system.lower() != "other" else space)


def _json(path: Path) -> dict[str, Any]:
    content = read_json(path)
    return content if isinstance(content, dict) else {}
