"""read_bids: iEEG, EEG and MEG in BIDS, found by mne-bids and read by MNE."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.data.bids_names import applicable, entities, fitting
from brainalign.data.continuous.dataset import assemble, chosen
from brainalign.data.continuous.processed import Processing, processed
from brainalign.data.continuous.raw_source import RawFiles, RawSource
from brainalign.data.coordinates import unit_named
from brainalign.data.faults import Faults
from brainalign.data.formats import RECORDINGS, EventFormat, StimuliFormat
from brainalign.data.patterns import filled, find
from brainalign.data.pointers import check_fetched
from brainalign.data.stimuli import open_stimuli
from brainalign.data.tsv import MISSING
from brainalign.data.types import Dataset
from brainalign.errors import BrainalignError

if TYPE_CHECKING:
    from mne_bids import BIDSPath

NOWHERE = "n/a"
"""Coordinate system that nobody told."""

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
    found = sorted(
        find_matching_paths(
            place, tasks=task, sessions=session, descriptions=description, suffixes=list(RECORDINGS), extensions=list(ENDINGS),
            ignore_nosub=True, check=False,
        ),
        key=lambda p: str(p.fpath),
    )  # fmt: skip
    missing = _not_fetched(place)
    found = [p for p in found if not p.split or p.split == "01"]  # MNE opens the further parts of a split file itself
    kinds = list(dict.fromkeys(p.suffix for p in found))
    if missing and not found:
        check_fetched(missing[0])
    if not found or (recording is None and len(kinds) > 1) or (recording is not None and recording not in kinds):
        asked = "".join(
            f", {k}={v}" for k, v in (("task", task), ("session", session), ("description", description)) if v
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
    faults = Faults()
    sources = []
    wanted = None if subjects is None else {str(s).removeprefix("sub-") for s in subjects}
    for link in missing:
        label = link.name.split("_")[0].removeprefix("sub-")
        if wanted is None or label in wanted:
            with faults.gathered():
                check_fetched(link)
    for subject in chosen(list(people), subjects, str(place)):
        with faults.gathered():
            files = [_files(path, root, electrodes_file) for path in people[subject]]
            sources.append(RawSource(subject, files, events or EventFormat(), region, sound_channel))
    known, read = open_stimuli(stimuli, root)
    return assemble(
        root.resolve().name,
        [processed(s, processing) for s in sources],
        known,
        read,
        baseline,
        faults,
        f"data.root={root}",
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
        name="_".join(f"{k}-{v}" for k, v in (("ses", path.session), ("task", path.task), ("run", path.run)) if v)
        or "run",
        path=path.fpath,
        events=_beside(path, "events", ".tsv", root),
        channels=_beside(path, "channels", ".tsv", root),
        electrodes=electrodes,
        unit=unit,
        space=space,
        sidecar=sidecar.content,
        where_sidecar=sidecar.where,
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
        found = [one.path for one in find(root, filled(pattern, fields), "data.electrodes_file")]
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
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise BrainalignError(f"{path} does not parse as JSON ({error}).") from error
    return content if isinstance(content, dict) else {}
