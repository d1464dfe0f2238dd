"""A participant's runs as files that MNE reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.continuous.run import Run
from brainalign.data.electrodes.channels import marked_bad
from brainalign.data.electrodes.layouts import SENSOR
from brainalign.data.electrodes.table import channels_table
from brainalign.data.events.event import Event
from brainalign.data.events.labels import label_column, with_name_fields
from brainalign.data.events.software_marks import is_software_mark
from brainalign.data.events.table import events_of, stimulus_id, words_inside
from brainalign.data.events.times import counts_samples, refuse_unused
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.files.reading import reading
from brainalign.data.files.tsv import read_tsv, unquoted
from brainalign.data.formats import EventFormat
from brainalign.data.mne_files.channels import (
    BRAIN,
    channel_types,
    channels_beside,
    own_rates,
    rates_beside,
    retype,
    with_own_rates,
)
from brainalign.data.mne_files.discontinuous import is_discontinuous, with_gaps
from brainalign.data.mne_files.epochs import concatenated_epochs, is_epochs, read_epochs, with_boundaries
from brainalign.data.mne_files.events_inside import events_inside
from brainalign.data.mne_files.opening import MNE, read_raw, shielding
from brainalign.data.mne_files.serialised import ENDINGS
from brainalign.data.preprocessing.segments import boundaries, is_boundary, valid_data
from brainalign.data.unread_options import refuse_option
from brainalign.errors import BrainalignError, nearest

if TYPE_CHECKING:
    import mne


@dataclass(frozen=True)
class RawFiles:
    """Where one run lies, and what stands beside it.

    Attributes:
        name: Of the run.
        path: The recording.
        events: The table of events, or None.
        channels: The table of channels (BIDS ``channels.tsv``: name, type, status), or None.
        electrodes: The table of electrodes (name, x, y, z, and where they lie), or None.
        unit: Of their coordinates: mm, cm, m, um or pixels; None: told by their size.
        space: Their coordinate system, as BIDS names it.
        sidecar: What a JSON file says of the recording.
        where_sidecar: That file, for sentences.
        fields: Part of the recording's name -> what stands in its place, such as session, task and run.
    """

    name: str
    path: Path
    events: Path | None = None
    channels: Path | None = None
    electrodes: Path | None = None
    unit: str | None = None
    space: str = "MNI"
    sidecar: dict[str, Any] = field(default_factory=dict)
    where_sidecar: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RawRun:
    """One run, opened but not read.

    Attributes:
        raw: The channels that record the brain, in the order of ``channels``.
        channels: One row a channel.
        start: Time of the first sample on the clock of the events.
        sound: (T,) recorded sound, or None.
        sound_rate: Its samples per second.
        sound_start: Time of its first sample on the clock of the events.
        notes: Sentences on what was passed over.
    """

    raw: mne.io.BaseRaw
    channels: pd.DataFrame
    start: float = 0.0
    sound: NDArray[Any] | None = None
    sound_rate: float = 0.0
    sound_start: float = 0.0
    notes: tuple[str, ...] = ()


class RawSource:
    """One participant.

    Args:
        subject: The label.
        runs: The files.
        form: How tables of events are to be read.
        region: Column of the electrodes' regions; None: the first of the usual names.
        sound_channel: Name of the channel that recorded the sound, or None.
        read: What opens a file; None: MNE, by its ending.
    """

    def __init__(
        self,
        subject: str,
        runs: Sequence[RawFiles],
        form: EventFormat,
        region: str | None = None,
        sound_channel: str | None = None,
        read: Callable[[Path], mne.io.BaseRaw] | None = None,
    ) -> None:
        self.subject = subject
        self._runs = {r.name: r for r in runs}
        self._form, self._region, self._sound = form, region, sound_channel
        self.align = form.align
        self._read = read or read_raw
        self._gaps: dict[str, list[str]] = {}  # sentences on them, by run
        self._told: dict[str, set[str]] = {}  # labels of the annotations that are events, by run
        self.spoken: dict[str, pd.DataFrame] = {}  # words that the events tell, by stimulus

    def files(self, run: str) -> list[Path]:
        """Every file that a run's samples rest on: BrainVision has three, CTF a folder, FIF may be split."""
        path = self._runs[run].path
        if path.is_dir():
            return sorted(p for p in path.rglob("*") if p.is_file())
        if path.suffix.lower() in ENDINGS:
            return [path]
        split = [Path(p) for p in self._closed(self._runs[run]).filenames if p is not None]
        return sorted({*(p for p in path.parent.glob(f"{path.stem}.*") if p.is_file()), *split})

    def events(self, known: Collection[str] | None, errors: ReadErrors, notes: list[str]) -> list[Event]:
        """Of all runs, in the order of their names."""
        out: list[Event] = []
        for name, files in self._runs.items():
            with errors.collected():
                if is_epochs(files.path):
                    refuse_unused(self._form, str(files.path), ("shift", "align", "stimulus"))
                    refuse_option(
                        "data.events_file", files.events, f"{files.path.name} holds epochs, which name their stimuli"
                    )
                    out += self._of_epochs(files, known, errors)
                elif self._form.whole is not None:
                    refuse_unused(self._form, str(files.path))
                    out.append(Event(str(files.path), self._form.whole, self._form.shift, float("nan"), name))
                else:
                    table, where = self._table(files, known, notes)
                    rate = float(self._closed(files).info["sfreq"]) if counts_samples(table, self._form) else 1.0
                    table, start = with_name_fields(table, self._form, files.fields), self._start(files)
                    own = events_of(table, where, name, rate, self._form, known, errors, notes, start)
                    if self._form.words is not None:
                        self.spoken = words_inside(table, where, own, rate, self._form, start) | self.spoken
                    out += own
        return out

    def _table(self, files: RawFiles, known: Collection[str] | None, notes: list[str]) -> tuple[pd.DataFrame, Path]:
        """The events beside the recording, or else those inside it."""
        if files.events is not None:
            return unquoted(read_tsv(files.events, [])), files.events
        table = events_inside(self._open(files), files.path, self._form, known, notes)
        self._told[files.name] = {
            label for label in table[label_column(self._form)] if not is_software_mark(label, known)
        }
        return table, files.path

    def open(self, run: str) -> Run:
        """A run as it was recorded, all of it in memory, in the file's own units (volts, tesla)."""
        opened = self.raw(run)
        rate = float(opened.raw.info["sfreq"])
        return Run(
            valid_data(opened.raw, opened.raw.ch_names).T,
            rate,
            opened.start,
            opened.channels,
            opened.sound,
            opened.sound_rate,
            opened.sound_start,
            notes=opened.notes,
            boundaries=tuple(opened.start + n / rate for n in boundaries(opened.raw)),
        )

    def raw(self, run: str) -> RawRun:
        """A run, opened; held against its sidecars.

        Raises:
            BrainalignError: It cannot be read, is truncated, or contradicts its sidecars.
        """
        files = self._runs[run]
        raw = self._open(files)
        table, notes = self._channels(raw, files)
        notes += shielding(raw, files.path.name)
        sound = None
        if self._sound is not None:
            if self._sound not in raw.ch_names:
                raise BrainalignError(
                    f"{files.path} has no channel {self._sound!r} (data.sound_channel); {nearest(self._sound, raw.ch_names)}"
                )
            with reading(files.path, MNE):
                sound = raw.get_data(picks=[self._sound])[0]
        rate = float(raw.info["sfreq"])
        own = own_rates(files.path, raw.ch_names) or rates_beside(files.channels, raw.ch_names, files.path)
        table = with_own_rates(table, own, rate, files.path, notes)
        slow = self._at_own_rate(raw, table["electrode"].tolist(), own, files)
        self._hold_against_sidecar(slow, files, rate)
        raw = slow.pick(table["electrode"].tolist())
        if "PowerLineFrequency" in files.sidecar:
            raw.info["line_freq"] = _frequency(files.sidecar["PowerLineFrequency"])
        told = self._told.get(run, ())  # a stimulus may be called 'bad apple'
        others = [
            n
            for n, text in enumerate(raw.annotations.description)
            if not (text.upper().startswith("BAD") or is_boundary(text)) or text in told
        ]
        raw.annotations.delete(others)  # they tell events; to set the rest anew would shift it where a FIF has no date
        start = self._start(files)
        return RawRun(
            raw, table, start, sound, rate if sound is not None else 0.0, start, (*self._gaps.get(run, ()), *notes)
        )

    def _at_own_rate(
        self, raw: mne.io.BaseRaw, names: list[str], own: Mapping[str, float], files: RawFiles
    ) -> mne.io.BaseRaw:
        """The recording opened anew without faster channels (sound), so that MNE does not bring the others to their rate."""
        faster = [n for n, rate in own.items() if rate > max(own.get(name, np.inf) for name in names)]
        if not faster or files.path.suffix.lower() not in (".edf", ".bdf") or self._read is not read_raw:
            return raw
        alone = read_raw(files.path, exclude=faster)
        if not set(names) <= set(alone.ch_names):  # of two channels of one label, one is faster
            return raw
        types = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
        retype(alone, {n: types[n] for n in names})
        alone.info["bads"] = [n for n in raw.info["bads"] if n in alone.ch_names]
        if is_discontinuous(files.path):
            alone, self._gaps[files.name] = with_gaps(alone, files.path)
        return alone

    def _open(self, files: RawFiles) -> mne.io.BaseRaw:
        """The recording, with its gaps where it has some."""
        raw = self._closed(files)
        if is_discontinuous(files.path):
            raw, self._gaps[files.name] = with_gaps(raw, files.path)
        return raw

    def _start(self, files: RawFiles) -> float:
        """Time of the first sample on the clock of the events."""
        return float(self._closed(files).first_time) if self._form.clock == "device" else 0.0

    def _closed(self, files: RawFiles) -> mne.io.BaseRaw:
        if is_epochs(files.path):
            with reading(files.path, "epochs that MNE reads"):
                return concatenated_epochs(read_epochs(files.path))
        return self._read(files.path)

    def _of_epochs(self, files: RawFiles, known: Collection[str] | None, errors: ReadErrors) -> list[Event]:
        """Epochs lie one after the other; the metadata name their stimuli, or else the kinds of events do."""
        epochs = read_epochs(files.path)
        rate, length = float(epochs.info["sfreq"]), len(epochs.times)
        labels = [next(k for k, v in epochs.event_id.items() if v == code) for code in epochs.events[:, 2]]
        if epochs.metadata is not None:
            named = next((c for c in self._form.stimulus if c in epochs.metadata), None)
            labels = labels if named is None else epochs.metadata[named].astype(str).tolist()
        out = []
        for n, label in enumerate(labels):
            where, stimulus = f"{files.path}, epoch {n}", stimulus_id(label, known)
            if known is not None and stimulus not in known:
                errors.add(
                    [f"{where}: stimulus {label!r} is not among the {len(known)} stimuli; {nearest(stimulus, known)}"]
                )
                continue
            first = n * length / rate
            out.append(
                Event(
                    where,
                    stimulus,
                    first - float(epochs.times[0]) + self._form.shift,
                    float("nan"),
                    files.name,
                    first,
                    first + length / rate,
                )
            )
        return out

    def _hold_against_sidecar(self, raw: mne.io.BaseRaw, files: RawFiles, fastest: float) -> None:
        rate, length = float(raw.info["sfreq"]), raw.n_times / float(raw.info["sfreq"])
        said = files.sidecar.get("SamplingFrequency")
        if isinstance(said, int | float) and min(abs(said / r - 1) for r in (rate, fastest)) > 1e-3:
            raise BrainalignError(
                f"{files.where_sidecar}: SamplingFrequency={said:g} Hz contradicts {files.path.name}, whose header says {rate:g} Hz."
            )
        said = files.sidecar.get("RecordingDuration")
        if isinstance(said, int | float) and said > 0 and abs(said - length) > max(1.0, 0.01 * length):
            raise BrainalignError(
                f"{files.where_sidecar}: RecordingDuration={said:g} s contradicts {files.path.name}, which lasts "
                f"{length:g} s; it may be truncated."
            )

    def _channels(self, raw: mne.io.BaseRaw, files: RawFiles) -> tuple[pd.DataFrame, list[str]]:
        """The channels that record the brain, as the sidecars and the header tell them."""
        types = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
        notes: list[str] = []
        bad, why = set(raw.info["bads"]), dict[str, str]()
        if files.channels is not None:
            said = channels_beside(files.channels, raw.ch_names, files.path, notes)
            if "type" in said:
                types |= channel_types(said, types, files.channels, notes)
            if "status" in said:
                bad |= set(said["name"][marked_bad(said["status"], str(files.channels))])
                if "status_description" in said:
                    why = dict(zip(said["name"], said["status_description"], strict=True))
        names = [n for n in raw.ch_names if types[n] in BRAIN and n != self._sound]
        if not names:
            raise BrainalignError(
                f"{files.path} has no channel that records the brain ({', '.join(BRAIN)}); its channels are of the type "
                f"{', '.join(sorted(set(types.values())))}."
            )
        electrodes = None
        if files.electrodes is not None:
            electrodes = read_tsv(files.electrodes, ["name"])
        table = channels_table(
            self.subject,
            names,
            electrodes,
            self._region,
            files.unit,
            files.space,
            where=str(files.electrodes or files.path),
            notes=notes,
        )
        table["status"] = np.where([n in bad for n in names] | table["status"].eq("bad").to_numpy(), "bad", "good")
        table["why"] = [
            f"marked bad{f': {why[n]}' if why.get(n, 'n/a') != 'n/a' else ''}" if status == "bad" else ""
            for n, status in zip(names, table["status"], strict=True)
        ]
        table[SENSOR] = [types[n] for n in names]
        retype(raw, {n: types[n] for n in names})
        others = len(raw.ch_names) - len(names)
        if others:
            notes.append(f"{files.path.name}: {others} channels that do not record the brain are passed over.")
        return table, notes


def raw_run_of(source: Any, run: str) -> RawRun:
    """A run as MNE has it, whatever format it came from."""
    if hasattr(source, "raw"):
        opened: RawRun = source.raw(run)
        return opened
    import mne

    found: Run = source.open(run)
    info = mne.create_info(found.channels["electrode"].tolist(), found.rate, "ecog", verbose="error")
    raw = mne.io.RawArray(np.asarray(found.values, dtype=np.float64).T, info, verbose="error")
    raw = with_boundaries(raw, [t - found.start for t in found.boundaries])
    return RawRun(raw, found.channels, found.start, found.sound, found.sound_rate, found.sound_start, found.notes)


def _frequency(said: Any) -> float | None:
    """A frequency as a sidecar tells it; ``n/a`` is none."""
    return float(said) if isinstance(said, int | float) and not isinstance(said, bool) else None
