"""read_nwb: Neurodata Without Borders, by pynwb: electrical series, electrodes, trials, and the stimulus itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from brainalign.data.arrays.tree import texts
from brainalign.data.continuous.dataset import assemble, chosen_subjects
from brainalign.data.continuous.processed import Processing, processed
from brainalign.data.continuous.run import Run
from brainalign.data.electrodes.channels import marked_bad
from brainalign.data.electrodes.table import channels_table
from brainalign.data.events.event import Event
from brainalign.data.events.table import events_of
from brainalign.data.events.times import counts_samples, refuse_unused
from brainalign.data.files.participants import participants
from brainalign.data.files.patterns import MatchedFile, files_under, tables_beside
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.files.reading import reading
from brainalign.data.files.tsv import MISSING, read_tsv
from brainalign.data.formats import EventFormat, StimuliFormat, TranscriptFormat
from brainalign.data.mne_files.channels import BRAIN, channel_types
from brainalign.data.sound.audio import Audio
from brainalign.data.sound.channels import channel_difference
from brainalign.data.stimuli.files import NO_WORDS, Read, open_stimuli
from brainalign.data.transcripts.clean import cleaned
from brainalign.data.transcripts.form import Tally
from brainalign.data.types import Dataset, Stimulus
from brainalign.data.unread_options import refuse_option, refuse_words
from brainalign.errors import BrainalignError, nearest


def read_nwb(
    root: str | Path,
    files: str,
    stimuli: StimuliFormat | None,
    events: EventFormat | None = None,
    series: str | None = None,
    trials: str = "trials",
    sound: str | None = None,
    events_file: str | None = None,
    channels_file: str | None = None,
    electrodes_file: str | None = None,
    subjects: Sequence[str] | None = None,
    region: str | None = None,
    unit: str | None = None,
    processing: Processing | None = None,
    baseline: float = 0.5,
) -> Dataset:
    """Read NWB files, one a run.

    Args:
        root: Their folder.
        files: Pattern of the files, with a field ``{subject}``, and ``{run}``, ``{session}`` or whatever else their names tell;
            without ``{subject}``, ``sub-`` in the name or the file's ``subject_id`` says whose a file is.
        stimuli: Where sound and transcripts lie; None: the sound stands in the files' ``stimulus`` group, a series a
            stimulus, and the words in an interval table
            ``words`` (start_time, stop_time, word) or in the trials.
        events: How the table of trials is to be read (``start_time`` is the onset).
        series: Name of the electrical series (or any series of (time, channel)), in acquisition or a processing module; None: the only one.
        trials: Name of the table of intervals that says what was played when.
        sound: Name of the series in acquisition that recorded the sound, or None.
        events_file: Pattern of tables of events beside the files, with the same fields (iEEG-BIDS with NWB); None: ``trials``.
        channels_file: The same, of the channels' names (``name``) and status; None: the electrodes table of the file.
        electrodes_file: The same, of name, x, y, z and where an electrode lies.
        subjects: Participants; None for all.
        region: Column of the electrodes table that says where an electrode lies; None: the first of the usual names.
        unit: Of the electrodes' x, y and z: mm, cm, m or um; None: told by their size.
        processing: What is done with each run; None: the values are taken as they are.
        baseline: Seconds of recording kept before each event, where nothing else was played in them.

    Raises:
        BrainalignError: Something is missing or cannot be; one sentence for each fault, one a line.
    """
    root, found = files_under(root, files, "the NWB files")
    errors, notes, sources = ReadErrors(), list[str](), []
    people = participants(root, found, files, errors, notes, subjects, own_id)
    form = events or EventFormat()
    for subject in chosen_subjects(list(people), subjects, str(root)):
        with errors.collected():
            runs = people[subject]
            beside = {
                one.path: tables_beside(root, one, events_file, channels_file, electrodes_file) for one in runs.values()
            }
            sources.append(NwbSource(subject, runs, form, series, trials, sound, region, unit, beside))
    known, read = _inside([one.path for one in found], errors) if stimuli is None else open_stimuli(stimuli, root)
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


class NwbSource:
    """One participant: each file is a run.

    Args:
        subject: The label.
        files: Name of the run -> file.
        form: How the table of trials is to be read.
        series: Name of the series of responses; None: the only one.
        trials: Name of the table of intervals.
        sound: Name of the series of recorded sound.
        region: Column of the electrodes' regions.
        unit: Of their coordinates.
        beside: File -> the tables of events, channels and electrodes beside it, or None.
    """

    def __init__(
        self, subject: str, files: Mapping[str, MatchedFile], form: EventFormat, series: str | None, trials: str, sound: str | None,
        region: str | None, unit: str | None, beside: Mapping[Path, tuple[Path | None, Path | None, Path | None]],
    ) -> None:  # fmt: skip
        self.subject = subject
        self._paths = {run: one.path for run, one in files.items()}
        self._form, self._series, self._trials, self._sound = form, series, trials, sound
        self.align = form.align
        self.how = f"series {series}"  # a file may hold many
        self._region, self._unit, self._beside = region, unit, beside

    def files(self, run: str) -> list[Path]:
        """The file of a run."""
        return [self._paths[run]]

    def events(self, known: Collection[str] | None, errors: ReadErrors, notes: list[str]) -> list[Event]:
        """The tables of trials of all files."""
        out: list[Event] = []
        for run, path in self._paths.items():
            with errors.collected(), opened(path) as nwb:
                if self._form.whole is not None:
                    refuse_unused(self._form, str(path))
                    refuse_option("data.events_file", self._beside[path][0], "data.events.whole names what was played")
                    out.append(Event(str(path), self._form.whole, self._form.shift, float("nan"), run))
                    continue
                beside = self._beside[path][0]
                refuse_words(self._form, str(beside or path))
                if beside is not None and self._trials != "trials":
                    refuse_option("data.trials", self._trials, "data.events_file is read in its place")
                table = _interval_table(nwb, self._trials, path) if beside is None else read_tsv(beside, [])
                rate, start = 1.0, 0.0
                if counts_samples(table, self._form):
                    rate, start = _clock(_series(nwb, self._series, path), path)
                out += events_of(table, beside or path, run, rate, self._form, known, errors, notes, start)
        return out

    def open(self, run: str) -> Run:
        """The series, in its own unit (``conversion`` and ``offset`` applied)."""
        path = self._paths[run]
        with opened(path) as nwb:
            found = _series(nwb, self._series, path)
            values = np.asarray(found.data[:], dtype=np.float64) * float(found.conversion)
            if getattr(found, "channel_conversion", None) is not None:
                values *= np.asarray(found.channel_conversion[:])
            values += float(getattr(found, "offset", 0.0) or 0.0)  # in the unit itself: neither conversion scales it
            rate, start = _clock(found, path)
            notes: list[str] = []
            table = self._channels(nwb, found, values.shape[1], path, notes)
            sound, sound_rate, begin = None, 0.0, 0.0
            if self._sound is not None:
                other = _series(nwb, self._sound, path)
                sound_rate, begin = _clock(other, path)
                sound = np.asarray(other.data[:], dtype=np.float64).reshape(len(other.data), -1).mean(axis=1)
        return Run(values, rate, start, table, sound, sound_rate, begin, notes=tuple(notes))

    def _channels(self, nwb: Any, series: Any, columns: int, path: Path, notes: list[str]) -> pd.DataFrame:
        """One row a column of the series: by the tables beside the file, or the electrodes table inside it."""
        _, names_file, places_file = self._beside[path]
        places = None if places_file is None else read_tsv(places_file, ["name"])
        if names_file is not None:
            given, where = read_tsv(names_file, ["name"]), str(names_file)
        else:
            given, where = _electrodes(series, columns), str(path)
        if len(given) != columns:
            turned = "; it looks transposed, (channel, time)" if len(given) == len(series.data) else ""
            raise BrainalignError(
                f"{where} has {len(given)} rows, but the series {series.name!r} of {path.name} has {columns} channels{turned}."
            )
        bare = len(given.columns) == 1 and places is None  # names alone say nothing of places
        out = channels_table(
            self.subject,
            given["name"].tolist(),
            places if places is not None else None if bare else given.drop(columns="bad", errors="ignore"),
            self._region,
            self._unit,
            where=str(places_file or where),
            notes=notes,
        )
        bad = marked_bad(given["status"], where) if "status" in given else np.zeros(columns, dtype=bool)
        if "bad" in given:
            bad |= given["bad"].astype(str).str.strip().str.lower().isin(["true", "1", "1.0", "bad"]).to_numpy()
        why = np.where(bad, "marked bad", "")
        if names_file is not None and "type" in given:
            types = channel_types(given, dict.fromkeys(given["name"], "ecog"), names_file, notes)
            other = ~given["name"].map(types).isin(BRAIN).to_numpy()
            why = np.where(other, "its type " + given["type"].to_numpy(dtype=str) + " does not record the brain", why)
            bad |= other
        return out.assign(status=np.where(bad | out["status"].eq("bad").to_numpy(), "bad", "good"), why=why)


def _electrodes(series: Any, columns: int) -> pd.DataFrame:
    """The rows of a file's electrodes table that a series names, with their names; ``ch001``, ... where it names none."""
    region = getattr(series, "electrodes", None)
    if region is None:
        return pd.DataFrame({"name": [f"ch{n + 1:03d}" for n in range(columns)]})
    rows = region.table.to_dataframe().iloc[np.asarray(region.data[:])]
    rows = rows.drop(columns=[c for c in ("group",) if c in rows])  # an object; group_name says the same
    label = next((c for c in ("electrode_name", "channel_name", "name", "label", "electrode_label") if c in rows), None)
    names = [f"ch{int(i):03d}" for i in rows.index] if label is None else rows[label].astype(str).tolist()
    return rows.drop(columns=[] if label is None else [label]).assign(name=names)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """An NWB file, its arrays left on disk.

    Raises:
        BrainalignError: It is not fetched, or cannot be read.
    """
    with reading(path, "NWB"):
        from pynwb import NWBHDF5IO

        with NWBHDF5IO(str(path), mode="r", load_namespaces=True) as io:
            yield io.read()


def own_id(path: Path) -> str | None:
    """``subject.subject_id`` of a file, without the rest of it."""
    import h5py

    with reading(path, "NWB"), h5py.File(path) as file:
        said = file.get("general/subject/subject_id")
        return None if said is None else texts(said, "subject_id")[0]


def _series(nwb: Any, name: str | None, path: Path) -> Any:
    """The series of a name, or of a place such as ``processing/ecephys/LFP/ElectricalSeries`` where the name stands twice."""
    from pynwb.ecephys import ElectricalSeries

    found = {f"acquisition/{key}": series for key, series in nwb.acquisition.items()}
    for module in nwb.processing.values():
        for key, container in module.data_interfaces.items():
            place = f"processing/{module.name}/{key}"
            inner = getattr(container, "electrical_series", None)
            found |= {f"{place}/{k}": v for k, v in inner.items()} if inner else {place: container}
    names = {place: place.rsplit("/", 1)[1] for place in found}
    if name is None:
        fits = [place for place, series in found.items() if isinstance(series, ElectricalSeries)]
    else:
        fits = [place for place in found if name in (place, names[place])]
        if not fits:
            raise BrainalignError(f"{path} has no series {name!r} (data.series); {nearest(name, names.values())}")
    if len(fits) == 1:
        return found[fits[0]]
    # a name that stands twice is told with its place, which data.series takes as well
    told = [names[p] if list(names.values()).count(names[p]) == 1 else p for p in fits or found]
    what = "electrical series" if name is None else f"series {name!r}"
    there = f"({', '.join(told)})" if fits else f"(it has {', '.join(told) or 'no series'})"
    raise BrainalignError(f"{path} has {len(fits) or 'no'} {what}; name one by data.series {there}.")


def _clock(series: Any, path: Path) -> tuple[float, float]:
    """Samples per second, and the time of the first."""
    if series.rate is not None:
        return float(series.rate), float(series.starting_time or 0.0)
    times = np.asarray(series.timestamps[:], dtype=np.float64)
    steps = np.diff(times)
    if len(times) < 2 or np.ptp(steps) > 0.5 * np.median(steps):
        raise BrainalignError(f"{path}: the timestamps of {series.name!r} are not uniform; a constant rate is needed.")
    return float((len(times) - 1) / (times[-1] - times[0])), float(times[0])


def _interval_table(nwb: Any, name: str, path: Path) -> pd.DataFrame:
    tables = {} if nwb.intervals is None else dict(nwb.intervals)
    if nwb.trials is not None:
        tables["trials"] = nwb.trials
    if name not in tables:
        raise BrainalignError(f"{path} has no table of intervals {name!r} (data.trials); {nearest(name, tables)}")
    frame = tables[name].to_dataframe()
    table = frame.map(
        lambda v: MISSING if v is None or v == "" or v != v else repr(v) if isinstance(v, float) else str(v)
    )
    table = table.assign(
        onset=table["start_time"],
        duration=[
            repr(float(b - a)) if np.isfinite(b - a) else MISSING  # NaN is how NWB writes a time that nobody knows
            for a, b in zip(frame["start_time"], frame["stop_time"], strict=True)
        ],
    )
    table.index = pd.Index(np.asarray(table.index) + 1, name="line")
    return table.astype(object)


def _inside(paths: Sequence[Path], errors: ReadErrors) -> tuple[Collection[str], Read]:
    """Stimuli that the files themselves hold."""
    found: dict[str, Stimulus] = {}
    digests: dict[str, tuple[str, Path]] = {}
    apart: dict[str, str] = {}
    for path in paths:
        with errors.collected(), opened(path) as nwb:
            for name, series in (nwb.stimulus or {}).items():
                if not hasattr(series, "data"):
                    continue
                rate, _ = _clock(series, path)
                samples = np.asarray(series.data[:], dtype=np.float64)
                samples = samples.reshape(len(samples), -1)
                if (how := channel_difference(samples)) is not None:
                    apart[name] = how
                samples = samples.mean(axis=1)
                samples = samples / max(1.0, float(np.abs(samples).max(initial=0.0)))
                audio = Audio(samples=samples.astype(np.float32), rate=round(rate))
                if name in found:
                    if audio.digest() != digests[name][0]:
                        errors.add(
                            [
                                f"{path} and {digests[name][1]} hold different sounds of one name, {name!r}; rename one of them."
                            ]
                        )
                    continue
                digests[name] = audio.digest(), path
                words, tally = _words(nwb, name, audio.duration, path, errors)
                found[name] = Stimulus(name, audio.duration, words, audio=audio, tally=tally)
    if not found:
        raise BrainalignError(
            f"{paths[0]} and the others hold no stimulus; give data.stimuli.root, the folder of the sound and the transcripts."
        )

    def read(name: str, _faults: ReadErrors, notes: list[str]) -> Stimulus:
        if name in apart:
            notes.append(
                f"the channels of the sound {name!r} {apart[name]}: their mean is taken (of files of sound one can be chosen)."
            )
        return found[name]

    return found, read


def _words(nwb: Any, stimulus: str, duration: float, path: Path, errors: ReadErrors) -> tuple[pd.DataFrame, Tally]:
    """Words of a stimulus from the table ``words``, whose column ``stimulus`` names it; times from the stimulus's start."""
    tally = Tally()
    table = (nwb.intervals or {}).get("words")
    if table is None:
        return NO_WORDS, tally
    frame = table.to_dataframe()
    frame = frame[frame["stimulus"] == stimulus] if "stimulus" in frame else frame
    words = pd.DataFrame(
        {"word": frame["word"].astype(str), "onset": frame["start_time"], "offset": frame["stop_time"]}
    )
    words.index = pd.Index(range(1, len(words) + 1), name="row")
    clean, wrong = cleaned(words, "table", TranscriptFormat(), duration, f"{path}, words of {stimulus!r}", tally, [])
    errors.add(wrong)
    return (NO_WORDS if wrong else clean), tally
