"""A word as it was written, and as aligners and word vectors know it; and what of a transcript is a word at all."""

from __future__ import annotations

import unicodedata
from collections import Counter

import numpy as np
import pandas as pd

from brainalign.data.formats import TranscriptFormat
from brainalign.data.transcripts.labels import UNKNOWN_WORD, label_kind

_EDGES = '.,;:!?"“”„«»()[]{}…—–*_<>'

Tally = Counter[tuple[str, str]]
"""(kind, label) -> how often: what was no word (silence, remark), was not identified (unknown), or has no time (untimed)."""


def without_edges(word: str) -> str:
    """Capitals as they are, without the punctuation around the word; apostrophes and hyphens belong to it.

    Example:
        >>> without_edges(' “Don’t!” '), without_edges("Well-known,")
        ("Don't", 'Well-known')
    """
    plain = unicodedata.normalize("NFC", word).replace("’", "'").replace("‘", "'").strip()
    return plain.strip(_EDGES).strip()


def aligned_form(word: str) -> str:
    """The same in lower case.

    Example:
        >>> aligned_form(' “Don’t!” '), aligned_form("well-known,"), aligned_form("'s")
        ("don't", 'well-known', "'s")
    """
    return without_edges(word).lower()


def spoken(
    table: pd.DataFrame, form: str, settings: TranscriptFormat | None = None, tally: Tally | None = None
) -> pd.DataFrame:
    """The rows in which something is said; words in both their forms.

    Args:
        table: First column ``word`` or ``phone``: labels as written.
        form: Format, a key of :data:`~brainalign.data.transcripts.labels.SILENCES`; phones are told by their column.
        settings: ``silences`` and ``brackets``; None: the format's own.
        tally: Gets what was left out or not identified.

    Returns:
        For words: column ``word`` in its aligned form, and ``text`` as written where they differ anywhere; a word of unknown identity is
        ``<unk>``, with no text.

    Example:
        >>> said = pd.DataFrame({"word": ["Oh,", "[Music]", "yes"], "onset": [0.0, 0.4, 0.5], "offset": [0.4, 0.5, 0.9]})
        >>> spoken(said, "table")[["word", "text"]].values.tolist()
        [['oh', 'Oh,'], ['yes', 'yes']]
    """
    settings, tally = settings or TranscriptFormat(), Counter() if tally is None else tally
    label = str(table.columns[0])
    written = [str(w).strip() for w in table[label]]
    own = "phones" if label == "phone" else form
    kinds = [label_kind(w, own, settings.silences, settings.brackets) for w in written]
    tally.update((kind, w) for kind, w in zip(kinds, written, strict=True) if kind != "word" and w)
    keep = np.array([kind in ("word", "unknown") for kind in kinds], dtype=bool)
    table = table[keep]
    if label == "phone":
        return table
    known = [(kind == "word", w) for kind, w, kept in zip(kinds, written, keep, strict=True) if kept]
    text = [w if is_known else "" for is_known, w in known]
    aligned = [(aligned_form(w) or w) if is_known else UNKNOWN_WORD for is_known, w in known]
    if aligned == table[label].tolist():
        return table
    out = table.assign(word=aligned)
    return out if aligned == text else out.assign(text=text)
