"""What forced aligners and recognisers write as JSON: Whisper and its kin, Gentle, the Montreal Forced Aligner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from brainalign.data.files import reading
from brainalign.data.transcripts.tiers import chosen_tiers, is_called
from brainalign.errors import BrainalignError

UNSPACED = ("zh", "ja", "th", "lo", "my", "yue", "chinese", "japanese", "thai", "lao", "myanmar", "cantonese")
"""Languages that Whisper cuts without blanks between words."""


class Entry(NamedTuple):
    """A word or phone; times are None where the file has none, and ``low`` and ``high`` bound them where it tells as much."""

    label: str
    begin: float | None
    end: float | None
    low: float | None = None
    high: float | None = None


class Read(NamedTuple):
    """What a file holds.

    Attributes:
        table: Columns label, onset, offset in seconds (NaN: no time), low, high, unchecked; the index, named ``entry``, counts from 1.
        form: Format, a key of :data:`~brainalign.data.transcripts.labels.SILENCES`.
        notes: Sentences, without the file's name.
    """

    table: pd.DataFrame
    form: str
    notes: list[str]


def read_json(path: Path, label: str, tier: str | None = None) -> Read:
    """Read the words (or phones) with their times.

    - Whisper, faster-whisper, whisper-timestamped, stable-ts, whisperX: ``{"segments": [{"text", "words": [{"word", "start", "end"}]}]}``.
      Pieces that begin without a blank go on with the word before them, where the others begin with one. A segment without words stays
      in the text.
    - The same model by transformers: ``{"chunks": [{"text", "timestamp"}]}``; by whisper.cpp: ``{"transcription": [{"text", "offsets"}]}``.
    - Gentle: ``{"words": [{"word", "alignedWord", "case", "start", "end", "phones"}]}``; phones stand inside the words.
    - Montreal Forced Aligner: ``{"tiers": {"words": {"entries": [[begin, end, label]]}, "phones": ...}}``; praatio's list of tiers.

    Args:
        path: The file, UTF-8.
        label: ``word`` or ``phone``.
        tier: Of MFA's; see :func:`~brainalign.data.transcripts.tiers.chosen_tiers`.

    Raises:
        BrainalignError: The file is missing, no JSON, or none of these.
    """
    content = reading.read_json(path)
    notes: list[str] = []
    with reading.reading(path, "a transcript"):
        tiers = _tiers(content)
        if tiers is not None:
            chosen = chosen_tiers([name for name, _ in tiers], label, tier, str(path))
            entries = [Entry(str(text), begin, end) for i in chosen for begin, end, text in tiers[i][1]]
            if len(chosen) > 1:
                entries.sort(key=lambda e: (e.begin is None, e.begin))
        elif label == "phone":
            entries = [phone for w in _words(content) or [] for phone in _phones(w)]
        else:
            found = _recognised(content, notes)
            if found is None:
                raise BrainalignError(
                    f"{path} is no transcript of Whisper ('segments' with 'words'), Gentle ('words') or MFA ('tiers'); "
                    f"its keys are {', '.join(map(repr, content)) if isinstance(content, dict) else 'none'}."
                )
            entries = found
    columns = {f: [getattr(e, f) for e in entries] for f in Entry._fields}
    index = pd.Index(range(1, len(entries) + 1), name="entry")
    table = pd.DataFrame({label: pd.Series(columns["label"], index=index, dtype=object)}, index=index)
    for name, values in zip(("onset", "offset", "low", "high"), list(columns.values())[1:], strict=True):
        table[name] = pd.Series(values, index=index, dtype=float)
    return Read(table, "table" if tiers is None else "tiers", notes)


def holds_phones(path: Path) -> bool:
    """Whether an aligner's JSON has phones beside its words."""
    content = reading.read_json(path)
    with reading.reading(path, "a transcript"):
        tiers = _tiers(content)
        if tiers is not None:
            return any(is_called(name, "phone") for name, _ in tiers)
        words = _words(content)
        return words is not None and any(isinstance(w, dict) and w.get("phones") for w in words)


def _tiers(content: Any) -> list[tuple[str, list[Any]]] | None:
    tiers = content.get("tiers") if isinstance(content, dict) else None
    if isinstance(tiers, dict):
        return [(str(name), t["entries"]) for name, t in tiers.items() if "point" not in str(t.get("type", ""))]
    if isinstance(tiers, list):
        return [(str(t["name"]), t["entries"]) for t in tiers if t.get("class", "IntervalTier") == "IntervalTier"]
    return None


def _words(content: Any) -> list[Any] | None:
    found = content.get("words") if isinstance(content, dict) else None
    return found if isinstance(found, list) else None


def _recognised(content: Any, notes: list[str]) -> list[Entry] | None:
    """The words of Gentle, or of a Whisper; None where it is neither."""
    if isinstance(content, list):  # the segments, or the words, alone
        inside = any(isinstance(one, dict) and "words" in one for one in content)
        content = {"segments" if inside else "words": content}
    if not isinstance(content, dict):
        return None
    spaced = str(content.get("language", "")).lower() not in UNSPACED
    if (words := _words(content)) is not None:
        return joined([_piece(w) for w in words], spaced)
    if isinstance(content.get("chunks"), list):
        timed = [(str(c["text"]), *(c.get("timestamp") or (None, None))) for c in content["chunks"]]
    elif isinstance(content.get("transcription"), list):
        parts = [(str(c["text"]), c["offsets"]) for c in content["transcription"]]
        timed = [(text, at["from"] / 1000, at["to"] / 1000) for text, at in parts]
    elif isinstance(content.get("segments"), list):
        return _of_segments(content["segments"], spaced, notes)
    else:
        return None
    if any(len(text.split()) > 1 for text, *_ in timed):
        return _of_segments([{"text": text, "start": begin, "end": end} for text, begin, end in timed], spaced, notes)
    return joined([Entry(text, _number(begin), _number(end)) for text, begin, end in timed], spaced)


def _of_segments(segments: Sequence[dict[str, Any]], spaced: bool, notes: list[str]) -> list[Entry]:
    blanks = any(_piece(w).label[:1].isspace() for s in segments for w in s.get("words") or [])
    out: list[Entry] = []
    without = words = 0
    for segment in segments:
        text, low, high = (
            str(segment.get("text", "")).strip(),
            _number(segment.get("start")),
            _number(segment.get("end")),
        )
        pieces = [_piece(w) for w in segment.get("words") or []]
        if (
            len(pieces) != 1
            and text[:1] + text[-1:] in ("[]", "()", "{}", "<>", "**")
            and not set(text[1:-1]) & set(text[0] + text[-1])
        ):
            out.append(Entry(text, low, high))  # (audience laughing): a remark, whatever it is made of
        elif pieces:
            out += [e._replace(low=low, high=high) for e in joined(pieces, spaced, blanks)]
        elif text:
            out += [Entry(word, None, None, low, high) for word in text.split()]
            without, words = without + 1, words + len(text.split())
    if without:
        notes.append(
            f"{without} segment(s) with {words} word(s) have no times of words; Whisper writes them with word_timestamps=True"
        )
    return out


def joined(pieces: Iterable[Entry], spaced: bool, blanks: bool | None = None) -> list[Entry]:
    """Pieces of words made into words: where a tool writes a blank before each word, a piece without one goes on with the word before.

    Args:
        pieces: In order, their labels as they stand in the file; the first begins a word.
        spaced: Whether the language has blanks between words.
        blanks: Whether words begin with blanks; None: as the pieces say.

    Example:
        >>> [e.label for e in joined([Entry(" well", 0.1, 0.3), Entry("-known", 0.3, 0.6), Entry(" man", 0.6, 0.9)], True)]
        ['well-known', 'man']
        >>> [e.label for e in joined([Entry("in", 0.1, 0.3), Entry("2016", None, None)], True)]
        ['in', '2016']
    """
    pieces = list(pieces)
    blanks = any(p.label[:1].isspace() for p in pieces) if blanks is None else blanks
    out: list[Entry] = []
    for piece in pieces:
        if out and spaced and blanks and piece.label and not piece.label[0].isspace():
            last = out[-1]
            begin = piece.begin if last.begin is None else last.begin
            out[-1] = last._replace(
                label=last.label + piece.label.rstrip(), begin=begin, end=last.end if piece.end is None else piece.end
            )
        else:
            out.append(piece._replace(label=piece.label.rstrip()))
    return [e._replace(label=e.label.strip()) for e in out if e.label.strip()]


def _piece(word: dict[str, Any]) -> Entry:
    text = word.get("word", word.get("text"))
    return Entry("" if text is None else str(text), _number(word.get("start")), _number(word.get("end")))


def _phones(word: dict[str, Any]) -> list[Entry]:
    """Gentle gives durations; ``sh_B`` is the phone ``sh`` at a word's beginning."""
    out: list[Entry] = []
    at = _number(word.get("start"))
    if at is None:
        return out
    for phone in word.get("phones", []):
        end = at + float(phone["duration"])
        out.append(Entry(str(phone["phone"]).split("_")[0], at, end))
        at = end
    return out


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
