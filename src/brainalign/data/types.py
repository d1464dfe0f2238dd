"""The nouns: what was heard (Stimulus), what was recorded (Presentation, Recording), and both together (Dataset)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.data.fmri.geometry import Geometry
from brainalign.data.sound.audio import Audio
from brainalign.errors import BrainalignError
from brainalign.notes import Note

if TYPE_CHECKING:
    from brainalign.data.preprocessing.quality import Quality
    from brainalign.data.sync.result import Sync

WORD_COLUMNS = ("word", "onset", "offset")
PHONE_COLUMNS = ("phone", "onset", "offset")
CHANNEL_COLUMNS = ("subject", "electrode", "region", "hemisphere", "x", "y", "z")


def empty_intervals(columns: Sequence[str]) -> pd.DataFrame:
    """A words or phones table without rows.

    Example:
        >>> list(empty_intervals(WORD_COLUMNS).columns)
        ['word', 'onset', 'offset']
    """
    return pd.DataFrame(
        {
            columns[0]: pd.Series(dtype=str),
            columns[1]: pd.Series(dtype=float),
            columns[2]: pd.Series(dtype=float),
        }
    )


@dataclass(frozen=True)
class Stimulus:
    """One thing that can be heard: a sentence or a story. Every split is by its ``id``.

    Attributes:
        id: The identity; two presentations of one sentence share it.
        duration: Length in seconds.
        words: Columns word, onset, offset (s from the stimulus's start), by onset; may have no rows. ``word`` is the form that aligners and
            word vectors know; a column ``text`` has the words as written, with capitals and punctuation, where the transcript has them. A
            word whose time nobody knows has NaN: it belongs to the text alone. A spoken word that nobody identified is ``<unk>``, without
            text.
        phones: Columns phone, onset, offset; may have no rows.
        audio: The sound, or None where the set has none.
        tally: (kind, label) -> how often a transcript's label was no word (``silence``, ``remark``), was spoken but not identified
            (``unknown``), or has no time (``untimed``); no part of the digest.
        ignored: The sound that played beside it and was not to be listened to (a second talker), or None.

    Example:
        >>> words = pd.DataFrame({"word": ["so", "it"], "onset": [0.1, 0.4], "offset": [0.3, 0.6]})
        >>> stimulus = Stimulus("s1", duration=1.0, words=words)
        >>> stimulus.spoken, stimulus.audio is None
        ((0.1, 0.6), True)
    """

    id: str
    duration: float
    words: pd.DataFrame = field(default_factory=lambda: empty_intervals(WORD_COLUMNS))
    phones: pd.DataFrame = field(default_factory=lambda: empty_intervals(PHONE_COLUMNS))
    audio: Audio | None = None
    tally: Counter[tuple[str, str]] = field(default_factory=Counter, compare=False)
    ignored: Audio | None = None

    @cached_property
    def timed_words(self) -> pd.DataFrame:
        """The words that have a time, index 0..n-1: what features, word rate and figures place."""
        known = self.words["onset"].notna()
        return self.words if known.all() else self.words[known].reset_index(drop=True)

    @property
    def spoken(self) -> tuple[float, float]:
        """Onset of the first word and offset of the last, in seconds."""
        return float(self.words["onset"].min()), float(self.words["offset"].max())

    def digest(self) -> str:
        """SHA-256 of everything a feature can depend on: id, duration, words, phones and sounds."""
        state = hashlib.sha256(f"{self.id}|{self.duration!r}".encode())
        for table in (self.words, self.phones):
            known = [*table.columns[:3], *(c for c in table.columns[3:] if c == "text")]
            state.update(table[known].to_csv(index=False).encode())
        state.update((self.audio.digest() if self.audio else "silent").encode())
        if self.ignored is not None:
            state.update(self.ignored.digest().encode())
        return state.hexdigest()


@dataclass(frozen=True)
class Presentation:
    """One playing of a stimulus to one participant.

    Attributes:
        stimulus: The stimulus's id.
        repeat: 0 for the first playing of this stimulus to this participant, then 1, 2, ...
        response: (T, channels) float64, or float32 where there are many channels (voxels); NaN where nothing valid was recorded.
        rate: Samples per second (0.5 for a TR of 2 s).
        start: Time of the first sample in seconds from the stimulus's start (negative: before it).
    """

    stimulus: str
    repeat: int
    response: NDArray[np.floating[Any]]
    rate: float
    start: float = 0.0


@dataclass(frozen=True)
class Recording:
    """All presentations to one participant, and the participant's channels.

    Attributes:
        subject: The participant's label.
        channels: One row a channel, in the responses' column order: subject, electrode, region, hemisphere,
            x, y, z (mm, MNI; NaN where unknown), and whatever more the source has.
        presentations: In the order in which they were recorded.
        notes: Sentences on what was dropped or repaired while reading, for the report.
        quality: What the preprocessing found, or None; no part of the digest.
        checks: Of each run: how far its sound or its responses are from its events; no part of the digest.
        geometry: Where the channels lie in an image, by their columns i, j, k or vertex; None where they are no image.
    """

    subject: str
    channels: pd.DataFrame
    presentations: list[Presentation]
    notes: tuple[str, ...] = ()
    quality: Quality | None = None
    checks: tuple[Sync, ...] = ()
    geometry: Geometry | None = None

    @property
    def named_notes(self) -> list[str]:
        """The notes, each with the participant's label in front where it does not hold it."""
        return [n if self.subject in n else Note(n).map(lambda text: f"{self.subject}: {text}") for n in self.notes]

    def __post_init__(self) -> None:
        missing = [c for c in CHANNEL_COLUMNS if c not in self.channels.columns]
        if missing:
            raise BrainalignError(
                f"participant {self.subject}: the channels table lacks the column(s) {', '.join(missing)}."
            )
        for p in self.presentations:
            if p.response.ndim != 2 or p.response.shape[1] != len(self.channels):
                raise BrainalignError(
                    f"participant {self.subject}, stimulus {p.stimulus}: the response has shape {p.response.shape}, "
                    f"but the channels table has {len(self.channels)} rows; (time, {len(self.channels)}) is needed."
                )


@dataclass(frozen=True)
class Dataset:
    """Stimuli and the recordings made with them.

    Attributes:
        name: As the user calls it.
        stimuli: By id.
        recordings: One a participant; none where the stimuli alone are there.
        latents: Simulated data only: name of a latent -> stimulus id -> (frames, dims) on the speech frame grid.
        signals: Simulated data only: (participant, electrode) -> stimulus -> (frames,) its response without noise on the speech frame
            grid; no part of the digest.
        vectors: A GloVe-format file that belongs to this data set (the simulator writes one), or None.
        notes: Sentences on what was left out or repaired, for the report.
        settings: Simulated data only: the simulator's options, but for the folder that it writes to.
        stimulus_table: Stimulus -> column -> cell of what a table says of the stimuli, such as ``split``; empty where there is none. No
            number is computed from it, so that it is no part of the digest.
        timed: Whether responses go on in time; else a sample is a sentence, and the seconds of a passage count its sentences.
    """

    name: str
    stimuli: Mapping[str, Stimulus]
    recordings: Sequence[Recording]
    latents: Mapping[str, Mapping[str, NDArray[np.float64]]] | None = None
    signals: Mapping[tuple[str, str], Mapping[str, NDArray[np.floating[Any]]]] | None = None
    vectors: str | None = None
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] | None = None
    stimulus_table: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    timed: bool = True

    def __post_init__(self) -> None:
        for recording in self.recordings:
            unknown = sorted({p.stimulus for p in recording.presentations} - set(self.stimuli))
            if unknown:
                raise BrainalignError(
                    f"participant {recording.subject} heard the stimulus {unknown[0]!r}, which data set {self.name!r} does not have."
                )

    @property
    def extent(self) -> str:
        """How long all stimuli last together: ``12.3 min``, or ``384 sentences``."""
        total = sum(s.duration for s in self.stimuli.values())
        return f"{total / 60:.1f} min" if self.timed else f"{total:.0f} sentences"

    @cached_property
    def channels(self) -> pd.DataFrame:
        """The channels of all participants, one under the other, index 0..n-1."""
        if not self.recordings:
            return pd.DataFrame(columns=list(CHANNEL_COLUMNS))
        return pd.concat([r.channels for r in self.recordings], ignore_index=True)

    @cached_property
    def phones(self) -> list[str]:
        """Every label of a phone that the stimuli have, once, in alphabetical order."""
        return sorted({str(p) for s in self.stimuli.values() for p in s.phones["phone"]})

    @cached_property
    def stimuli_digest(self) -> str:
        """SHA-256 of all stimuli, in the order of their ids."""
        text = "".join(self.stimuli[i].digest() for i in sorted(self.stimuli))
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of stimuli, channels (:data:`CHANNEL_COLUMNS`) and responses: what MLflow shows as the data set's digest.

        The same recording has the same digest in every format that keeps its numbers.
        """
        state = hashlib.sha256(self.stimuli_digest.encode())
        for recording in self.recordings:
            state.update(recording.subject.encode())
            state.update(recording.channels[list(CHANNEL_COLUMNS)].to_csv(index=False).encode())
            for p in recording.presentations:
                state.update(f"{p.stimulus}|{p.repeat}|{p.rate!r}|{p.start!r}".encode())
                state.update(np.ascontiguousarray(p.response, dtype=np.float64).tobytes())
        return state.hexdigest()
