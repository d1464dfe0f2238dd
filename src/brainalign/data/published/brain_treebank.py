"""read_brain_treebank: the Brain Treebank's own files: a data set an electrode, movies with pauses, transcripts of all words.

Wang et al. (2024), Brain Treebank, NeurIPS Datasets and Benchmarks; https://braintreebank.dev.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.continuous.dataset import assemble, chosen_subjects
from brainalign.data.continuous.processed import Processing, processed
from brainalign.data.continuous.run import Run
from brainalign.data.electrodes.table import channels_table
from brainalign.data.events.event import Event
from brainalign.data.files.patterns import MatchedFile, find
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.files.reading import read_json, reading
from brainalign.data.formats import TranscriptFormat
from brainalign.data.transcripts.clean import cleaned
from brainalign.data.transcripts.form import Tally
from brainalign.data.types import Dataset, Stimulus
from brainalign.errors import BrainalignError

RATE = 2048.0
"""Samples per second of all recordings."""


def read_brain_treebank(
    root: str | Path,
    subjects: Sequence[str] | None = None,
    region: str = "DesikanKilliany",
    processing: Processing | None = None,
    baseline: float = 0.5,
) -> Dataset:
    """Read the set, a sentence a stimulus.

    The movies are not distributed: there is no sound. A sentence during which the movie was paused, or that ends
    after the last trigger, is left
    out and counted. Its time in the recording is that of the trigger before it, plus what the movie ran since then.

    Args:
        root: Holds ``sub_1_trial000.h5`` (``data/electrode_0``, ...), ``electrode_labels``, ``localization``, ``subject_metadata``,
            ``subject_timings`` and ``transcripts``.
        subjects: ``1`` or ``sub_1``; None for all.
        region: Column of ``localization/sub_1/depth-wm.csv``: DesikanKilliany, Destrieux or DKT.
        processing: What is done with each trial; None: the values are taken as they are.
        baseline: Seconds of recording kept before each sentence, where nothing else was said in them.

    Raises:
        BrainalignError: Something is missing or cannot be; one sentence for each fault, one a line.
    """
    root = Path(root).expanduser()
    found = find(root, "sub_{subject}_trial{run}.h5", "data.files") if root.is_dir() else []
    if not found:
        raise BrainalignError(
            f"data.root={root} holds no sub_1_trial000.h5; it must be the folder of the Brain Treebank."
        )
    people: dict[str, list[MatchedFile]] = {}
    for one in found:
        people.setdefault(f"sub_{one.fields['subject']}", []).append(one)
    asked = None if subjects is None else [s if s.startswith("sub_") else f"sub_{s}" for s in map(str, subjects)]
    sentences: dict[str, Stimulus] = {}
    sources = [
        TreebankSource(root, s, people[s], region, sentences) for s in chosen_subjects(list(people), asked, str(root))
    ]
    return assemble(
        "brain_treebank",
        [processed(s, processing) for s in sources],
        None,
        lambda s, errors, notes: sentences[s],
        baseline,
        ReadErrors(),
        f"data.root={root}",
        keys=False,
    )


class TreebankSource:
    """One participant; each movie is a run.

    Args:
        root: Of the set.
        subject: ``sub_1``.
        files: The recordings.
        region: Column of regions.
        sentences: Gets the sentences of each movie, by id.
    """

    def __init__(
        self, root: Path, subject: str, files: Sequence[MatchedFile], region: str, sentences: dict[str, Stimulus]
    ) -> None:
        self.subject, self.align = subject, "onset"
        self._root, self._region, self._sentences = root, region, sentences
        self._notes: list[str] = []
        self._files = {f"trial{f.fields['run']}": f.path for f in files}

    def files(self, run: str) -> list[Path]:
        """The recording of a movie."""
        return [self._files[run]]

    def events(self, known: Collection[str] | None, errors: ReadErrors, notes: list[str]) -> list[Event]:
        """The sentences of all movies that were heard without a pause."""
        out: list[Event] = []
        for run in self._files:
            with errors.collected():
                about = self._root / "subject_metadata" / f"{self.subject}_{run}_metadata.json"
                movie = str(read_json(about)["filename"])
                path = self._root / "subject_timings" / f"{self.subject}_{run}_timings.csv"
                clock = _table(path, ["movie_time", "index"])
                kept, heard = [], self._movie(movie)
                for name, begin in heard.items():
                    onset = _sample(clock, begin, begin + self._sentences[name].duration)
                    if onset is not None:
                        kept.append(Event(f"{path}, {name}", name, onset / RATE, float("nan"), run))
                if len(kept) < len(heard):
                    notes.append(
                        f"{path.name}: {len(heard) - len(kept)} of {len(heard)} sentences were paused in, or not reached, and "
                        f"are left out."
                    )
                out += sorted(kept, key=lambda e: e.onset)
        return out

    def open(self, run: str) -> Run:
        """All electrodes of a movie."""
        import h5py

        path, labels = self._files[run], self._labels
        with reading(path, "HDF5"), h5py.File(path) as file:
            group = file["data"]
            names = sorted(group, key=lambda n: int(n.rsplit("_", 1)[1]))
            if len(names) < len(labels):
                raise BrainalignError(
                    f"{path} has {len(names)} electrodes, but electrode_labels.json names {len(labels)}."
                )
            values: NDArray[Any] = np.stack([group[n][:] for n in names[: len(labels)]], axis=1)
        table = self._channels
        return Run(values, RATE, 0.0, table, notes=tuple(self._notes))

    def _movie(self, movie: str) -> dict[str, float]:
        """Sentence -> its onset in the movie; the sentences themselves are kept."""
        path = self._root / "transcripts" / movie / "features.csv"
        table = _table(path, ["text", "start", "end", "is_onset"])
        table = table[table["text"].notna()]
        number = (table["is_onset"].astype(float) > 0).cumsum()
        out = {}
        for n, part in table.groupby(number):
            begin = float(part["start"].min())
            if np.isnan(begin):
                continue
            words = pd.DataFrame(
                {"word": part["text"].astype(str), "onset": part["start"] - begin, "offset": part["end"] - begin}
            )
            name, tally = f"{movie}_{int(str(n)):04d}", Tally()
            words, wrong = cleaned(
                words.reset_index(drop=True), "table", TranscriptFormat(repair=True), None, f"{path}, {name}", tally, []
            )
            if wrong:
                raise BrainalignError("\n".join(wrong))
            if len(words):
                self._sentences[name] = Stimulus(name, float(words["offset"].max()), words, tally=tally)
                out[name] = begin
        return out

    @cached_property
    def _labels(self) -> list[str]:
        labels = read_json(self._root / "electrode_labels" / self.subject / "electrode_labels.json")
        return [str(label).translate(str.maketrans("", "", "*#_")) for label in labels]

    @cached_property
    def _channels(self) -> pd.DataFrame:
        path = self._root / "localization" / self.subject / "depth-wm.csv"
        places = _table(path, ["Electrode", self._region])
        places["name"] = places["Electrode"].astype(str).str.translate(str.maketrans("", "", "*#_"))
        named = places.drop_duplicates("name")[["name", self._region]].fillna("unknown").astype(str)
        table = channels_table(self.subject, self._labels, named, self._region, where=str(path), notes=self._notes)
        bad = self._root / "corrupted_elec.json"
        corrupted = set(read_json(bad).get(self.subject, [])) if bad.is_file() else set()
        triggers = [n.upper().startswith(("DC", "TRIG")) for n in self._labels]
        table["status"] = [
            "bad" if n in corrupted or t else "good" for n, t in zip(self._labels, triggers, strict=True)
        ]
        return table


def _sample(clock: pd.DataFrame, begin: float, end: float) -> float | None:
    """The sample at a time of the movie; None where it was paused before the end, or never got there."""
    times = clock["movie_time"].to_numpy(dtype=np.float64)
    index = clock["index"].to_numpy(dtype=np.float64)
    before = int(np.searchsorted(times, begin, side="right")) - 1
    if before < 0 or end > times[-1]:
        return None
    inside = np.flatnonzero((times > times[before]) & (times <= end))
    ran = index[before] + (times[inside] - times[before]) * RATE
    if len(inside) and np.abs(ran - index[inside]).max() > 0.05 * RATE:
        return None
    return float(index[before] + (begin - times[before]) * RATE)


def _table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    with reading(path, "a table"):
        table = pd.read_csv(path, converters={"text": str})  # a word such as "null" is no missing value
    missing = [c for c in columns if c not in table]
    if missing:
        raise BrainalignError(f"{path} lacks the column {missing[0]!r}; its columns are {', '.join(map(repr, table))}.")
    return table
