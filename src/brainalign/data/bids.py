"""read_bids: iEEG, EEG and MEG in BIDS, found by mne-bids and read by MNE."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainalign.data.continuous.dataset import assemble, chosen
from brainalign.data.continuous.processed import Processing, processed
from brainalign.data.continuous.raw_source import RawFiles, RawSource
from brainalign.data.faults import Faults
from brainalign.data.formats import MILLIMETRES, RECORDINGS, EventFormat, StimuliFormat
from brainalign.data.pointers import check_fetched
from brainalign.data.stimuli import open_stimuli
from brainalign.data.types import Dataset
from brainalign.errors import BrainalignError, nearest

if TYPE_CHECKING:
    from mne_bids import BIDSPath

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
            files = [_files(path, root) for path in people[subject]]
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


def _files(path: BIDSPath, root: Path) -> RawFiles:
    """A recording with what stands beside it, in its own folder or in the raw data set."""
    logging.getLogger("mne").setLevel(logging.ERROR)
    sidecar = _beside(path, path.suffix, ".json", root)
    coordinates = _beside(path, "coordsystem", ".json", root) if path.suffix == "ieeg" else None
    return RawFiles(
        name="_".join(f"{k}-{v}" for k, v in (("ses", path.session), ("task", path.task), ("run", path.run)) if v)
        or "run",
        path=path.fpath,
        events=_beside(path, "events", ".tsv", root),
        channels=_beside(path, "channels", ".tsv", root),
        electrodes=_beside(path, "electrodes", ".tsv", root) if path.suffix == "ieeg" else None,
        unit=_unit(coordinates),
        sidecar=_json(sidecar) if sidecar else {},
        where_sidecar=str(sidecar or ""),
    )


def _beside(path: BIDSPath, suffix: str, ending: str, root: Path) -> Path | None:
    """The file of a kind that belongs to a recording, by BIDS's inheritance."""
    own = path.find_matching_sidecar(suffix=suffix, extension=ending, on_error="ignore")
    if own is None and path.root != root:
        raw = path.copy().update(root=root, description=None, processing=None, check=False)
        own = raw.find_matching_sidecar(suffix=suffix, extension=ending, on_error="ignore")
    return None if own is None else Path(own)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise BrainalignError(f"{path} does not parse as JSON ({error}).") from error
    return content if isinstance(content, dict) else {}


def _unit(path: Path | None) -> str:
    """Unit of the coordinates; BIDS has them in millimetres where nothing is said."""
    if path is None:
        return "mm"
    said = str(_json(path).get("iEEGCoordinateUnits", "mm"))
    if said in ("n/a", "pixels", ""):
        return "mm"
    if said not in MILLIMETRES:
        raise BrainalignError(f"{path}: iEEGCoordinateUnits={said!r} is unknown; {nearest(said, MILLIMETRES)}")
    return said
