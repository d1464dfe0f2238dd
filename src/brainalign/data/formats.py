"""How an archive writes what it has: the settings of the readers, which are also keys of the config."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from brainalign.bounds import Bounds
from brainalign.errors import one_of

RECORDINGS = ("ieeg", "eeg", "meg")
"""BIDS's kinds of recordings."""

SECONDS = {"seconds": 1.0, "milliseconds": 1e-3}
"""Units of times in transcripts; events may count samples as well."""

UNITS = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "um": 1e-3}
"""Units of coordinates, in millimetres."""

TRANSCRIPTS = "data.stimuli.transcripts"
"""The config's key of a transcript's format, for sentences."""

TRANSCRIPT_COLUMNS = ("label", "onset", "offset", "duration")
"""What a column of a transcript can be."""


@dataclass
class TranscriptFormat:
    """How a lab's transcripts are written.

    Attributes:
        columns: Tables: of label, onset, offset, duration -> the table's own column; None: by the usual names.
        header: Tables: names of the columns where there is no header line.
        unit: Tables: ``seconds`` or ``milliseconds``.
        tier: TextGrids and MFA: name or number of the tier of words, or ``all`` speakers'; None: ``words``, ``word``, or the only one.
        phone_tier: The same for phones.
        silences: Labels in which nothing is said; None: the format's (:data:`brainalign.data.transcripts.labels.SILENCES`).
        brackets: ``remarks``: what is wholly in brackets is an annotator's remark, but for a spoken word that nobody identified;
            ``words``: it is said.
        untimed: Words without a time: ``text``: they stay in the text and have no onset; ``interpolate``: they share the gap that they
            stand in.
        stimulus: Column that names the stimulus, where one table holds the words of many; None: a file each.
        repair: Sort what is out of order, cut what overlaps, leave out what has no length, and count it; false: refuse.
    """

    columns: dict[str, str] | None = None
    header: list[str] | None = None
    unit: str = "seconds"
    tier: str | None = None
    phone_tier: str | None = None
    silences: list[str] | None = None
    brackets: str = "remarks"
    untimed: str = "text"
    stimulus: str | None = None
    repair: bool = False

    def __post_init__(self) -> None:
        one_of(f"{TRANSCRIPTS}.unit", self.unit, tuple(SECONDS))
        one_of(f"{TRANSCRIPTS}.brackets", self.brackets, ("remarks", "words"))
        one_of(f"{TRANSCRIPTS}.untimed", self.untimed, ("text", "interpolate"))
        for role in self.columns or {}:
            one_of(f"{TRANSCRIPTS}.columns", role, TRANSCRIPT_COLUMNS)


@dataclass
class StimulusPatterns:
    """Where an archive keeps the parts of its stimuli, as patterns (:mod:`brainalign.data.files.patterns`) under one folder.

    Attributes:
        audio: Of the sound files; None: no sound.
        words: Of the transcripts; None: no words.
        phones: Of the transcripts of phones; where it is the same as ``words``, one file holds both.
        ignored: Of the sounds that played beside them and were not to be listened to; None: none did.
        id: The stimulus's id, made of the patterns' fields, such as ``{speaker}_{sentence}``.
        lower: Whether ids are lower case, where an archive's capitals vary.
    """

    audio: str | None = None
    words: str | None = None
    phones: str | None = None
    ignored: str | None = None
    id: str = "{stimulus}"
    lower: bool = False


@dataclass
class StimuliFormat:
    """Where stimuli lie and how they are written.

    Attributes:
        root: Their folder; None: ``stimuli`` under the data set's root.
        patterns: Of their files; None: flat in the folder, each named ``<id>`` and one of the usual endings.
        transcripts: How words and phones are written.
        seconds: Where there are no files, because each event is a word: how long each lasts; the event's label is the word.
        channel: Of sound with several channels: ``mean``, ``left``, ``right``, or a number from 1.
    """

    root: str | None = None
    patterns: StimulusPatterns | None = None
    transcripts: TranscriptFormat = field(default_factory=TranscriptFormat)
    seconds: float | None = None
    channel: str = "mean"

    bounds: ClassVar[Bounds] = {"seconds": (0.001, 1e5)}

    def __post_init__(self) -> None:
        if not self.channel.isdigit() or self.channel == "0":
            one_of("data.stimuli.channel", self.channel, ("mean", "left", "right", "1"))


@dataclass
class EventFormat:
    """How an events table is to be read.

    Attributes:
        onset: Column of the onsets.
        duration: Column of the durations; a table without it leaves them to the stimuli.
        stimulus: Columns that may name the stimulus; the first that the table has counts. A file's folder and ending are taken off.
            ``{book}_ses-{session}`` is made of the row's columns and of the parts of the recording's name.
        where: Column -> values: only rows with one of the values are presentations; None: all rows that name a stimulus.
        unit: Of onset and duration: ``seconds``, ``milliseconds`` or ``samples`` (of the recording).
        shift: Seconds to add to every onset, where a data set is known to be off.
        clock: What onsets count from: ``recording``: its first sample, as BIDS has it; ``device``: the zero of the device that recorded,
            whose time at the first sample stands in the file (``first_samp`` of FIF).
        first: Whether all rows of a stimulus in a run tell of one presentation, which begins with the first of them: words of a chapter,
            blocks of a film.
        expand: A column whose cells are Python dictionaries (MEG-MASC's ``trial_type``), taken apart into columns.
        whole: Id of the stimulus that each run plays from its beginning to its end; no table is read then.
        align: ``onset``: a presentation begins where the table says. ``speech``: it begins where the participant
            begins to speak after that, by
            the recorded sound; trials in which nobody speaks are left out.
        words: Rows that are words inside a stimulus, as ``where``; None: words stand in transcripts. Their times are the first
            participant's, from the onset of the stimulus before them.
        word: Column of these words.
        silences: Labels among these words in which nothing is said; None: each is a word.
    """

    onset: str = "onset"
    duration: str = "duration"
    stimulus: list[str] = field(default_factory=lambda: ["stimulus", "stim_file"])
    where: dict[str, list[str]] | None = None
    unit: str = "seconds"
    shift: float = 0.0
    clock: str = "recording"
    first: bool = False
    expand: str | None = None
    whole: str | None = None
    align: str = "onset"
    words: dict[str, list[str]] | None = None
    word: str = "word"
    silences: list[str] | None = None

    bounds: ClassVar[Bounds] = {"shift": (-1e6, 1e6)}

    def __post_init__(self) -> None:
        one_of("data.events.align", self.align, ("onset", "speech"))
        one_of("data.events.clock", self.clock, ("recording", "device"))
        one_of("data.events.unit", self.unit, (*SECONDS, "samples"))


@dataclass
class ArrayKeys:
    """A map of keys (``group/name``; a pattern's fields are filled in).

    Three layouts are told apart by it:

    - *continuous*: ``responses`` is (time, channel) and the presentations come from ``onset`` and ``stimulus``, or from an events table;
    - *epoched*: ``responses`` is (trial, time, channel) and ``stimulus`` names each trial;
    - *by stimulus*: ``responses`` has a field ``{stimulus}`` (or the file's name does), or a field ``{n}`` that
      counts entries whose ``stimulus``
      is another key with the same field: one array a stimulus, (time, channel), or (time, channel, repeat).

    Attributes:
        responses: The responses.
        stimulus: Names of the trials or of the entry.
        onset: Onsets of the presentations in seconds.
        duration: Their lengths in seconds; None: the stimuli's own.
        rate: Samples per second; a key, or a number.
        start: Time of the first sample in seconds: on the clock of the onsets, or from the stimulus's onset; a number, or a key of the
            file: one number, the times of all samples, or two numbers (``befaft``: seconds before the onset and after). None: 0, which is
            said where trials are longer than their sound.
        electrode: Names of the channels; None: ``ch001``, ...
        region: Their regions.
        hemisphere: Their hemispheres.
        x: Their coordinates; or one key with three columns under ``x``.
        y: The same.
        z: The same.
        repeats: An array with one axis more, (repeat, time, channel), that is taken instead where a file has it.
        sound: The recorded sound.
        sound_rate: Its samples per second; a key, or a number.
    """

    responses: str = "responses"
    stimulus: str | None = None
    onset: str | None = None
    duration: str | None = None
    rate: Any = None
    start: Any = None
    electrode: str | None = None
    region: str | None = None
    hemisphere: str | None = None
    x: str | None = None
    y: str | None = None
    z: str | None = None
    repeats: str | None = None
    sound: str | None = None
    sound_rate: Any = None

    bounds: ClassVar[Bounds] = {"rate": (1e-3, 1e7), "start": (-1e6, 1e6), "sound_rate": (1, 1e7)}

    def fields(self) -> list[str]:
        """Names of the fields of ``responses``."""
        return list(dict.fromkeys(re.findall(r"\{(\w+)\}", self.responses)))


@dataclass
class SentenceColumns:
    """Columns of tables, or coordinates of an assembly.

    Attributes:
        passage: Of the passage; ``{experiment}_{passage}`` is made of several; None: each sentence is a passage of its own.
        sentence: Of the sentence's id.
        text: Of its text.
        subject: Of the participant.
        channel: Of the voxel, region or electrode.
        response: Of the response, where a table has one a row.
        order: Of numbers by which the sentences of a passage stand in order, the first decides first; None: as they stand in the table.
    """

    passage: str | None = None
    sentence: str = "sentence"
    text: str = "text"
    subject: str = "subject"
    channel: str = "channel"
    response: str = "response"
    order: list[str] | None = None
