"""What forced aligners and recognisers write as JSON: Whisper, Gentle, the Montreal Forced Aligner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from brainalign.errors import BrainalignError


def read_json(path: Path, label: str, tier: str | None = None) -> tuple[pd.DataFrame, int]:
    """Read the words (or phones) with their times.

    - Whisper, and whisperX: ``{"segments": [{"words": [{"word", "start", "end"}]}]}``, or ``{"words": [...]}``.
    - Gentle: ``{"words": [{"word", "alignedWord", "case", "start", "end", "phones"}]}``; phones stand inside the words.
    - Montreal Forced Aligner: ``{"tiers": {"words": {"entries": [[begin, end, label]]}, "phones": ...}}``.

    Args:
        path: The file, UTF-8.
        label: ``word`` or ``phone``.
        tier: Of MFA's, where it is not called like the label or ``<speaker> - words``.

    Returns:
        Columns label, onset, offset in seconds, unchecked; the index, named ``entry``, counts from 1. And how many entries were left out
        because the aligner gave them no times.

    Raises:
        BrainalignError: The file is missing, no JSON, or none of these.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise BrainalignError(f"{path} cannot be read as JSON ({error}).") from error
    entries: list[tuple[Any, Any, Any]]
    if isinstance(content, dict) and isinstance(content.get("tiers"), dict):
        entries = _tier(path, content["tiers"], label, tier)
    else:
        words = _words(content)
        if words is None:
            raise BrainalignError(
                f"{path} is no transcript of Whisper ('segments' with 'words'), Gentle ('words') or MFA ('tiers'); "
                f"its keys are {', '.join(map(repr, content)) if isinstance(content, dict) else 'none'}."
            )
        if label == "phone":
            entries = [phone for w in words for phone in _phones(w)]
        else:
            entries = [(w.get("word", w.get("text")), w.get("start"), w.get("end")) for w in words]
    timed = {
        n: (str(name).strip(), float(begin), float(end))
        for n, (name, begin, end) in enumerate(entries, start=1)
        if name is not None and _is_number(begin) and _is_number(end)
    }
    index = pd.Index(list(timed), name="entry")
    return pd.DataFrame(list(timed.values()), columns=[label, "onset", "offset"], index=index), len(entries) - len(
        timed
    )


def _words(content: Any) -> list[dict[str, Any]] | None:
    if not isinstance(content, dict):
        return None
    if isinstance(content.get("words"), list):
        found = content["words"]
    elif isinstance(content.get("segments"), list):
        found = [w for segment in content["segments"] for w in segment.get("words", [])]
    else:
        return None
    return found if all(isinstance(w, dict) for w in found) else None


def _phones(word: dict[str, Any]) -> list[tuple[str, float, float]]:
    """Gentle gives durations; ``sh_B`` is the phone ``sh`` at a word's beginning."""
    out: list[tuple[str, float, float]] = []
    if not _is_number(word.get("start")):
        return out
    at = float(word["start"])
    for phone in word.get("phones", []):
        end = at + float(phone["duration"])
        out.append((str(phone["phone"]).split("_")[0], at, end))
        at = end
    return out


def _tier(path: Path, tiers: dict[str, Any], label: str, tier: str | None) -> list[tuple[Any, Any, Any]]:
    names = {name.lower().split(" - ")[-1].removesuffix("s"): name for name in tiers}
    name = tier or names.get(label)
    if name not in tiers:
        raise BrainalignError(f"{path} has no tier of {label}s; its tiers are {', '.join(map(repr, tiers))}.")
    return [(text, begin, end) for begin, end, text in tiers[name]["entries"]]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
