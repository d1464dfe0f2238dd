"""The ``stimuli`` folder of the plain layout: sound, words and phones of each stimulus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from brainalign.data.audio import Audio
from brainalign.data.faults import Faults
from brainalign.data.intervals import check_intervals, clip_overlaps, read_intervals
from brainalign.data.textgrid import TextGrid
from brainalign.data.types import PHONE_COLUMNS, WORD_COLUMNS, Stimulus, empty_intervals
from brainalign.errors import BrainalignError

ENDINGS = {
    "_words.tsv": "words",
    "_phones.tsv": "phones",
    ".TextGrid": "textgrid",
    ".wav": "audio",
    ".flac": "audio",
    ".ogg": "audio",
}
"""How a file's name ends, and what it holds; what stands before is the stimulus's id."""


@dataclass
class StimulusFiles:
    """Where the parts of one stimulus lie.

    Attributes:
        id: The stimulus.
        parts: ``audio``, ``words``, ``phones`` or ``textgrid`` -> files; more than one is a fault.
    """

    id: str
    parts: dict[str, list[Path]] = field(default_factory=dict)

    def one(self, part: str) -> Path | None:
        """The file that holds a part, if there is one.

        Raises:
            BrainalignError: There are several.
        """
        found = self.parts.get(part, [])
        if len(found) > 1:
            names = " and ".join(p.name for p in found)
            raise BrainalignError(f"stimulus {self.id!r} has its {part} twice, in {names}; keep one of them.")
        return found[0] if found else None


def list_stimuli(folder: Path) -> dict[str, StimulusFiles]:
    """Stimulus id -> its files.

    Raises:
        BrainalignError: The folder is missing, or holds no stimulus.
    """
    out: dict[str, StimulusFiles] = {}
    for path in sorted(folder.glob("*")):
        ending = next((e for e in ENDINGS if path.name.endswith(e)), None)
        if ending is not None:
            name = path.name.removesuffix(ending)
            out.setdefault(name, StimulusFiles(name)).parts.setdefault(ENDINGS[ending], []).append(path)
    if not out:
        raise BrainalignError(
            f"{folder} holds no stimulus; <id>.wav (or flac, ogg), <id>_words.tsv or <id>.TextGrid must lie there."
        )
    return out


def read_stimulus(files: StimulusFiles, faults: Faults, notes: list[str]) -> Stimulus | None:
    """Read one stimulus; sound stays on disk until a model asks for it.

    Args:
        files: Where its parts lie.
        faults: Gets the sentences on what is wrong.
        notes: Gets the sentences on what was repaired.

    Returns:
        The stimulus, as long as its sound, or up to its last word where it has none; None where something is wrong.
    """
    before = len(faults.sentences)
    stimulus = None
    with faults.gathered():
        audio = _audio(files.one("audio"))
        length = audio.duration if audio else None
        tables = {
            WORD_COLUMNS[0]: empty_intervals(WORD_COLUMNS),
            PHONE_COLUMNS[0]: empty_intervals(PHONE_COLUMNS),
        }
        for label, (path, table) in _tables(files).items():
            faults.add(check_intervals(table, length, str(path)))
            tables[label], clipped = clip_overlaps(table)
            if clipped:
                notes.append(f"{path.name}: {clipped} overlap(s) of {label}s by at most 1 ms were clipped.")
        if length is None and tables["word"].empty:
            raise BrainalignError(f"stimulus {files.id!r} has neither sound nor words, so its length is not known.")
        duration = float(tables["word"]["offset"].max()) if length is None else length
        stimulus = Stimulus(files.id, duration, tables["word"], tables["phone"], audio)
    return stimulus if len(faults.sentences) == before else None


def _audio(path: Path | None) -> Audio | None:
    if path is None:
        return None
    audio = Audio(path=path)
    if audio.duration == 0:
        raise BrainalignError(
            f"audio file {path} is empty (0 samples); a stimulus needs sound or no audio file at all."
        )
    return audio


def _tables(files: StimulusFiles) -> dict[str, tuple[Path, pd.DataFrame]]:
    """Label -> (file, unchecked table); a TextGrid may hold both words and phones."""
    out: dict[str, tuple[Path, pd.DataFrame]] = {}
    for label in ("word", "phone"):
        if path := files.one(f"{label}s"):
            out[label] = (path, read_intervals(path, label))
    if path := files.one("textgrid"):
        grid = TextGrid(path)
        labels: Sequence[str] = ("word", "phone") if grid.find("phone") else ("word",)
        for label in labels:
            if label in out:
                raise BrainalignError(
                    f"stimulus {files.id!r} has its {label}s twice, in {out[label][0].name} and {path.name}; "
                    f"keep one of them."
                )
            out[label] = (path, grid.intervals(label))
    return out
