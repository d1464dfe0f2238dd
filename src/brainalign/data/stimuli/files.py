"""Sound, words and phones of each stimulus: which files they are, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from math import nan
from pathlib import Path

import pandas as pd

from brainalign.data.files.patterns import find
from brainalign.data.files.read_errors import ReadErrors
from brainalign.data.formats import StimuliFormat, StimulusPatterns, TranscriptFormat
from brainalign.data.sound.audio import Audio
from brainalign.data.transcripts import has_phones, read_transcript, stimuli_in
from brainalign.data.transcripts.form import Tally
from brainalign.data.types import PHONE_COLUMNS, WORD_COLUMNS, Stimulus, empty_intervals
from brainalign.data.unread_options import refuse_transcripts
from brainalign.errors import BrainalignError

ENDINGS = {
    "_words.tsv": "words",
    "_phones.tsv": "phones",
    "_words.csv": "words",
    "_phones.csv": "phones",
    ".textgrid": "both",
    ".wrd": "words",
    ".phn": "phones",
    ".json": "both",
    ".wav": "audio",
    ".flac": "audio",
    ".ogg": "audio",
    ".mp3": "audio",
}
"""How a file's name ends, and what it holds; what stands before is the stimulus's id."""

NO_WORDS, NO_PHONES = empty_intervals(WORD_COLUMNS), empty_intervals(PHONE_COLUMNS)

SOUNDS = ("audio", "ignored")
PARTS = (*SOUNDS, "words", "phones")


def _id(patterns: StimulusPatterns, fields: dict[str, str]) -> str:
    name = patterns.id.format(**fields)
    return name.lower() if patterns.lower else name


@dataclass
class StimulusFiles:
    """Where the parts of one stimulus lie.

    Attributes:
        id: The stimulus.
        within: The stimulus's name in a table that holds the words of many.
        parts: ``audio``, ``ignored``, ``words``, ``phones``, or ``both`` of the latter -> files; more than one is a fault.
    """

    id: str
    parts: dict[str, list[Path]] = field(default_factory=dict)
    within: str | None = None

    def one(self, part: str) -> Path | None:
        """The file that holds a part, if there is one.

        Raises:
            BrainalignError: There are several.
        """
        found = self.parts.get(part, [])
        if len(found) > 1:
            alike = len({p.name for p in found}) < len(found)
            names = " and ".join(str(p) if alike else p.name for p in found)
            part = "words" if part == "both" else part
            raise BrainalignError(f"stimulus {self.id!r} has its {part} twice, in {names}; keep one of them.")
        return found[0] if found else None


def list_stimuli(folder: Path) -> dict[str, StimulusFiles]:
    """Stimulus id -> its files.

    Raises:
        BrainalignError: The folder is missing, or holds no stimulus.
    """
    out: dict[str, StimulusFiles] = {}
    for path in sorted(folder.glob("*")):
        ending = next((e for e in ENDINGS if path.name.lower().endswith(e)), None)
        if ending is not None:
            name = path.name[: -len(ending)]
            out.setdefault(name, StimulusFiles(name)).parts.setdefault(ENDINGS[ending], []).append(path)
    if not out:
        raise BrainalignError(
            f"{folder} holds no stimulus; <id>.wav (or flac, ogg), <id>_words.tsv or <id>.TextGrid must lie there."
        )
    return out


def find_stimuli(
    folder: Path, patterns: StimulusPatterns, form: TranscriptFormat | None = None, key: str = "data.stimuli"
) -> dict[str, StimulusFiles]:
    """Stimulus id -> its files, where an archive has a layout of its own.

    Raises:
        BrainalignError: The folder is missing, a pattern does not parse, its fields do not make up the id, or nothing fits.
    """
    if not folder.is_dir():
        raise BrainalignError(f"{key}.root={folder} does not exist; it must be the folder of the stimuli.")
    out: dict[str, StimulusFiles] = {}
    shared = None
    if form is not None and form.stimulus is not None and patterns.words is not None:
        shared = folder / patterns.words
    for part in PARTS:
        pattern = None if part == "words" and shared is not None else getattr(patterns, part)
        for found in find(folder, pattern, f"{key}.{part}") if pattern else ():
            try:
                name = _id(patterns, found.fields)
            except KeyError as error:
                raise BrainalignError(
                    f"{key}.id={patterns.id!r} asks for {error}, which {key}.{part}={pattern!r} has no field for."
                ) from None
            out.setdefault(name, StimulusFiles(name)).parts.setdefault(part, []).append(found.path)
    if shared is not None:
        assert form is not None
        for name in stimuli_in(shared, form):
            own = out.setdefault(known := _id(patterns, {"stimulus": name}), StimulusFiles(known))
            own.parts["words"], own.within = [shared], name
    if not out:
        asked = ", ".join(f"{part}={getattr(patterns, part)!r}" for part in PARTS if getattr(patterns, part))
        raise BrainalignError(f"{key}.root={folder}: no file fits {asked or 'no pattern at all'}.")
    return out


Read = Callable[[str, ReadErrors, list[str]], Stimulus | None]


def open_stimuli(form: StimuliFormat, root: Path) -> tuple[Collection[str] | None, Read]:
    """Which stimuli there are (None: those of the events), and what reads one of them.

    Where no folder is named and there is no folder ``stimuli``, or all patterns are null, the stimuli have neither sound nor words but
    those among the events: somebody's own features are all that is known of the others. They last as long as their events
    (:func:`brainalign.data.continuous.stimulus_lengths.with_lengths`).

    Args:
        form: Where and how.
        root: Of the data set.

    Raises:
        BrainalignError: The folder is missing, or nothing in it is a stimulus.
    """
    if form.seconds is not None:
        refuse_transcripts(form, ())
        return None, lambda s, errors, notes: _word_alone(s, float(form.seconds or 0.0))
    folder = root / "stimuli" if form.root is None else root / Path(form.root).expanduser()
    nowhere = form.patterns is not None and not any(getattr(form.patterns, part) for part in PARTS)
    if nowhere or (form.root is None and form.patterns is None and not folder.is_dir()):
        return None, lambda s, errors, notes: Stimulus(s, nan)
    files = list_stimuli(folder) if form.patterns is None else find_stimuli(folder, form.patterns, form.transcripts)
    refuse_transcripts(
        form, {p.suffix.lower() for f in files.values() for k, ps in f.parts.items() if k not in SOUNDS for p in ps}
    )
    return files, lambda s, errors, notes: read_stimulus(files[s], form, errors, notes)


def _word_alone(word: str, seconds: float) -> Stimulus:
    return Stimulus(word, seconds, pd.DataFrame({"word": [word], "onset": [0.0], "offset": [seconds]}))


def read_stimulus(files: StimulusFiles, form: StimuliFormat, errors: ReadErrors, notes: list[str]) -> Stimulus | None:
    """Read one stimulus; sound stays on disk until a model asks for it.

    Args:
        files: Where its parts lie.
        form: How transcripts are written, and which channel of the sound is heard.
        errors: Gets the sentences on what is wrong.
        notes: Gets the sentences on what was repaired.

    Returns:
        The stimulus, as long as its sound, or up to its last word where it has none; None where something is wrong.
    """
    before, tally = len(errors.sentences), Tally()
    stimulus = None
    with errors.collected():
        audio, ignored = (_audio(files.one(part), form.channel) for part in SOUNDS)
        length = audio.duration if audio else None
        notes += [sound.header_note for sound in (audio, ignored) if sound is not None and sound.header_note]
        tables = {WORD_COLUMNS[0]: NO_WORDS, PHONE_COLUMNS[0]: NO_PHONES}
        rate = audio.native_rate if audio else None
        for label, path in _transcripts(files, form.transcripts).items():
            tables[label], wrong = read_transcript(
                path, label, form.transcripts, length, notes, files.within, rate, tally
            )
            errors.add(wrong)
        if length is None and tables["word"].empty:
            raise BrainalignError(f"stimulus {files.id!r} has neither sound nor words, so its length is not known.")
        if len(errors.sentences) == before:
            duration = float(tables["word"]["offset"].max()) if length is None else length
            stimulus = Stimulus(files.id, duration, tables["word"], tables["phone"], audio, tally, ignored)
    return stimulus


def _audio(path: Path | None, channel: str) -> Audio | None:
    if path is None:
        return None
    audio = Audio(path=path, channel=channel)
    if channel != "mean":
        audio.unlike_channels()  # refuses a channel that there is not
    if audio.duration == 0:
        raise BrainalignError(
            f"audio file {path} is empty (0 samples); a stimulus needs sound or no audio file at all."
        )
    return audio


def _transcripts(files: StimulusFiles, form: TranscriptFormat) -> dict[str, Path]:
    """Label -> file; a TextGrid, or an aligner's JSON, may hold both words and phones."""
    out = {label: path for label in ("word", "phone") if (path := files.one(f"{label}s"))}
    if path := files.one("both"):
        for label in ("word", "phone") if has_phones(path, form) else ("word",):
            if label in out:
                raise BrainalignError(
                    f"stimulus {files.id!r} has its {label}s twice, in {out[label].name} and {path.name}; keep one of them."
                )
            out[label] = path
    return out
