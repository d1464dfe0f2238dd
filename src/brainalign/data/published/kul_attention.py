"""read_kul_attention: KU Leuven's auditory attention set: two stories at once, one at each ear, and 64 channels of EEG.

Das, Francart & Bertrand (2019), Auditory Attention Detection Dataset KULeuven, https://doi.org/10.5281/zenodo.4004271.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from brainalign.data.arrays.tree import Tree, numbers, open_tree, texts
from brainalign.data.continuous.dataset import assemble, chosen_subjects
from brainalign.data.continuous.processed import Processing, processed
from brainalign.data.continuous.run import Run
from brainalign.data.electrodes.layouts import SENSOR
from brainalign.data.electrodes.table import channels_table
from brainalign.data.events.event import Event
from brainalign.data.files.patterns import find
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.sound.audio import Audio
from brainalign.data.types import Dataset, Stimulus
from brainalign.errors import BrainalignError, one_of

SOUND = re.compile(r"(?P<again>rep_)?(?P<story>part\d+_track\d+)_(dry|hrtf)(\.wav)?")
"""Names of sounds in a trial: ``rep_`` is the begin of the same sound, ``hrtf`` the same filtered as for a head."""

MONTAGE = "biosemi64"
"""MNE's name of the channels' order, for files without labels; column 48 is Cz, which the set's own code refers to."""


def read_kul_attention(
    root: str | Path,
    subjects: Sequence[str] | None = None,
    repetitions: bool = True,
    processing: Processing | None = None,
) -> Dataset:
    """Read the set; a stimulus is what was listened to, with the other ear's story as the sound that was ignored.

    Sounds are those without a head's filter (``dry``), whichever was played, as the set's own code takes them. A trial is shorter than its
    sounds, and its repetitions have their first two minutes alone: what was not recorded is missing (NaN). All trials of one story are one
    stimulus, so that no fold has heard what another is scored on.

    Args:
        root: Holds ``S1.mat``, ... (MATLAB's format before or after 7.3) and ``stimuli/part1_track1_dry.wav``, ...
        subjects: Participants such as ``S1``; None for all.
        repetitions: Whether the short trials, in which the first experiment's begins are heard again, are read as well.
        processing: What is done with each participant's trials; None: the values are taken as they are.

    Raises:
        BrainalignError: Something is missing or cannot be; one sentence for each fault, one a line.
    """
    root = Path(root).expanduser()
    found = find(root, "S{number}.mat", "data.files") if root.is_dir() else []
    files = {f"S{f.fields['number']}": f.path for f in found if f.fields["number"].isdigit()}
    if not files:
        raise BrainalignError(
            f"data.root={root} holds no S1.mat; it must be the folder of the KU Leuven auditory attention set, with stimuli in it."
        )
    people = sorted(files, key=lambda label: int(label[1:]))
    stories = Stories(root / "stimuli")
    return assemble(
        "kul_attention",
        [
            processed(AttentionSource(s, files[s], stories, repetitions), processing)
            for s in chosen_subjects(people, subjects, str(root))
        ],
        None,
        stories.read,
        0.0,
        ReadErrors(),
        f"data.root={root}",
        keys=False,
    )


class Stories:
    """The stories that were listened to, each with the one that played beside it.

    Args:
        folder: Of the sounds.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._beside: dict[str, str] = {}

    def pair(self, attended: str, ignored: str, where: str) -> None:
        """Remember what played beside a story.

        Raises:
            BrainalignError: Another one did in another trial.
        """
        if self._beside.setdefault(attended, ignored) != ignored:
            raise BrainalignError(
                f"{where}: {ignored!r} played beside {attended!r}, but {self._beside[attended]!r} did in another trial; a stimulus can "
                "have one ignored sound."
            )

    def read(self, name: str, errors: ReadErrors, notes: list[str]) -> Stimulus | None:
        """A story, by the name of its file without ``_dry.wav``; None where a sound is missing."""
        sounds = []
        for story in (name, self._beside[name]):
            path = self._folder / f"{story}_dry.wav"
            if not path.is_file():
                errors.add([f"{path} does not exist; it must be the sound of {story}, as unpacked from stimuli.zip."])
                return None
            sounds.append(Audio(path))
        return Stimulus(name, sounds[0].duration, audio=sounds[0], ignored=sounds[1])


class AttentionSource:
    """One participant; the trials stand one after the other in a run.

    Args:
        subject: ``S1``.
        path: The file.
        stories: Gets what was listened to.
        repetitions: Whether short trials count.
    """

    def __init__(self, subject: str, path: Path, stories: Stories, repetitions: bool) -> None:
        self.subject, self.align = subject, "onset"
        self._path, self._stories, self._repetitions = path, stories, repetitions
        self.how = f"repetitions={repetitions}"

    def files(self, run: str) -> list[Path]:
        """The participant's file."""
        return [self._path]

    def events(self, known: Collection[str] | None, errors: ReadErrors, notes: list[str]) -> list[Event]:
        """The trials, each from the begin of its sounds to where the recording was stopped."""
        out, at = list[Event](), 0.0
        with errors.collected(), open_tree(self._path) as tree:
            trials = self._trials(tree)
            _check_alike(tree, trials)
            for trial in trials:
                where = f"{self._path}, {trial}"
                played = [_story(name, where) for name in texts(tree[f"{trial}/stimuli"], f"{trial}/stimuli")]
                if len(played) != 2:
                    raise BrainalignError(
                        f"{where}: stimuli has {len(played)} name(s) of sounds; it must have two, of the left ear and of the right."
                    )
                left, right = played
                ear = " ".join(texts(tree[f"{trial}/attended_ear"], f"{trial}/attended_ear"))
                one_of(f"{where}: attended_ear", ear, ("L", "R"))
                attended, ignored = (left, right) if ear == "L" else (right, left)
                self._stories.pair(attended, ignored, where)
                last = at + len(tree[f"{trial}/RawData/EegData"]) / _rate(tree, trial)
                out.append(Event(where, attended, at, float("nan"), self.subject, at, last, stopped=True))
                at = last
        return out

    def open(self, run: str) -> Run:
        """All trials; the file has microvolts, without a reference."""
        with open_tree(self._path) as tree:
            trials = self._trials(tree)
            parts = [numbers(tree[f"{trial}/RawData/EegData"], "EegData") for trial in trials]
            rate = _rate(tree, trials[0])
            table = channels_table(
                self.subject, _labels(tree, trials[0], parts[0].shape[1]), where=str(self._path), notes=[]
            ).assign(**{SENSOR: "eeg"})
        joints = np.cumsum([len(part) for part in parts])[:-1] / rate
        return Run(np.concatenate(parts), rate, 0.0, table, boundaries=tuple(joints))

    def _trials(self, tree: Tree) -> list[str]:
        """Paths of the trials that are read."""
        trials = [f"trials/{n}" for n in range(len(tree.root["trials"]))] if tree.is_list("trials") else []
        if not trials:
            raise BrainalignError(
                f"{tree.path} has no cell array 'trials'; it must be a participant's file as published."
            )
        return [t for t in trials if self._repetitions or not np.any(tree[f"{t}/repetition"])]


def _story(name: str, where: str) -> str:
    """The story that a file of sound tells, whichever way it was filtered, from its begin on."""
    found = SOUND.fullmatch(name)
    if found is None:
        raise BrainalignError(f"{where}: stimulus {name!r} is no name of a story; part1_track1_dry.wav is one.")
    return found["story"]


def _check_alike(tree: Tree, trials: Sequence[str]) -> None:
    """All trials are of one rate and of the same channels, in one order.

    Raises:
        BrainalignError: One is not.
    """
    told = {trial: _header(tree, trial) for trial in trials}
    for trial, own in told.items():
        first = told[trials[0]]
        for key in dict.fromkeys([*first, *own]):
            if own.get(key) != first.get(key):
                raise BrainalignError(
                    f"{tree.path}, {trial}: the {key} is {own.get(key)!r}, but {first.get(key)!r} in {trials[0]}; it must be alike in all."
                )


def _header(tree: Tree, trial: str) -> dict[str, float | str]:
    """What a trial says of its samples and channels."""
    found: dict[str, float | str] = {
        "SampleRate": _rate(tree, trial),
        "number of channels": np.shape(tree[f"{trial}/RawData/EegData"])[-1],
    }
    return found | {f"label of channel {k}": label for k, label in enumerate(_own_labels(tree, trial), 1)}


def _rate(tree: Tree, trial: str) -> float:
    """Samples per second."""
    return float(numbers(tree[f"{trial}/FileHeader/SampleRate"], "SampleRate"))


def _own_labels(tree: Tree, trial: str) -> list[str]:
    """The channels' names by a trial's header; none where it has none."""
    path = f"{trial}/FileHeader/Channels/Label"
    return texts(tree[path], path) if tree.has(path) else []


def _labels(tree: Tree, trial: str, columns: int) -> list[str]:
    """The channels' names by a trial's header, else in the order of a BioSemi cap of 64.

    Raises:
        BrainalignError: There are no labels for so many channels, and they are not 64.
    """
    if len(labels := _own_labels(tree, trial)) == columns:
        return labels
    import mne

    names: list[str] = mne.channels.make_standard_montage(MONTAGE).ch_names
    if len(names) != columns:
        raise BrainalignError(
            f"{tree.path}: EegData has {columns} channels without labels; {len(names)} (samples x channels) are needed."
        )
    return names
