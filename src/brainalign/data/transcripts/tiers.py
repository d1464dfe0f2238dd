"""Which tier of a TextGrid, or of an aligner's JSON, holds the words (or the phones)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from brainalign.data.formats import TRANSCRIPTS
from brainalign.errors import BrainalignError, nearest

ALL = "all"
"""``tier=all``: the words of all speakers, in order of time."""

NAMES = {
    "word": ("word", "words", "ort-mau"),
    "phone": ("phone", "phones", "phoneme", "phonemes", "mau"),
}
"""What tiers are called: the aligners' ``words`` and ``phones``, each speaker's ``A - words`` (MFA), WebMAUS's ``ORT-MAU`` and ``MAU``."""


def is_called(name: str, label: str) -> bool:
    """Whether a tier's name says that it holds words (or phones), perhaps a speaker's.

    Example:
        >>> [is_called(n, "word") for n in ("Words", "A - words", "words_B", "ORT-MAU", "passwords", "phones")]
        [True, True, True, True, False, False]
    """
    plain = name.strip().lower()
    return plain in NAMES[label] or not set(re.findall(r"[^\W_]+", plain)).isdisjoint(NAMES[label])


def chosen_tiers(names: Sequence[str], label: str, tier: str | None, where: str) -> list[int]:
    """The tiers that are meant, by their places.

    Args:
        names: Of all tiers, in the file's order.
        label: ``word`` or ``phone``.
        tier: A name, a number from 1, ``all`` (of those called like the label); None: the one called like the label, or the only one.
        where: The file, for sentences.

    Raises:
        BrainalignError: There is none, or more than one and nobody said which.

    Example:
        >>> chosen_tiers(["words", "phones", "B - words"], "word", "all", "a.TextGrid")
        [0, 2]
    """
    key = f"{TRANSCRIPTS}.{'tier' if label == 'word' else 'phone_tier'}"
    called = [i for i, name in enumerate(names) if is_called(name, label)]
    if tier is None:
        other = "phone" if label == "word" else "word"
        found = called or ([0] if len(names) == 1 and not is_called(names[0], other) else [])
    else:
        found = [i for i, name in enumerate(names) if name == tier]
        if not found and tier == ALL:
            return called or _none(names, label, f"{label}s", where)
        if not found and tier.isdigit() and 1 <= int(tier) <= len(names):
            found = [int(tier) - 1]
    if not found:
        _none(names, label, tier or f"{label}s", where)
    if len(found) > 1:
        listed = " and ".join(f"{names[i]!r} (number {i + 1})" for i in found)
        raise BrainalignError(
            f"{where} has {len(found)} tiers of {label}s, {listed}: two speakers? Say which by {key}: a name, a number, or "
            f"{key}={ALL} for all of them in order of time."
        )
    return found


def _none(names: Sequence[str], label: str, asked: str, where: str) -> list[int]:
    raise BrainalignError(f"{where} has no interval tier {asked!r}; {nearest(asked, names)}")
