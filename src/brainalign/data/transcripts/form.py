"""A word as it was written, and as aligners and word vectors know it."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

import pandas as pd

SILENCES = (
    "",
    "sp",
    "sil",
    "spn",
    "<sil>",
    "<unk>",
    "<p:>",
    "{ns}",
    "{sl}",
    "{br}",
    "{lg}",
    "{cg}",
    "{ls}",
    "h#",
    "pau",
    "epi",
    "#",
)
"""Labels of intervals in which nothing is said (Praat, MFA, WebMAUS, Penn aligner, TIMIT), compared without regard to capitals."""

_EDGES = '.,;:!?"“”„«»()[]{}…—–*_<>'


def aligned_form(word: str) -> str:
    """Lower case, without the punctuation around it; apostrophes and hyphens belong to the word.

    Example:
        >>> aligned_form(' “Don’t!” '), aligned_form("well-known,"), aligned_form("'s")
        ("don't", 'well-known', "'s")
    """
    plain = unicodedata.normalize("NFC", word).replace("’", "'").replace("‘", "'").strip()
    return plain.strip(_EDGES).strip().lower()


def without_silences(table: pd.DataFrame, silences: Collection[str] = SILENCES) -> pd.DataFrame:
    """The rows in which something is said.

    Args:
        table: First column: labels, stripped.
        silences: Labels to leave out, lower case.
    """
    nothing = {s.lower() for s in silences}
    said = [str(label).strip().lower() not in nothing for label in table.iloc[:, 0]]
    return table if all(said) else table[said]


def split_forms(table: pd.DataFrame) -> pd.DataFrame:
    """Column ``word`` in its aligned form, and column ``text`` as written, where they differ anywhere.

    Rows that are punctuation alone keep their label: they are told as they are, not lost.

    Args:
        table: Columns word, onset, offset.

    Example:
        >>> split_forms(pd.DataFrame({"word": ["Oh,", "yes"], "onset": [0.0, 0.5], "offset": [0.4, 0.9]})).to_dict("list")
        {'word': ['oh', 'yes'], 'onset': [0.0, 0.5], 'offset': [0.4, 0.9], 'text': ['Oh,', 'yes']}
    """
    written = [str(w).strip() for w in table["word"]]
    aligned = [aligned_form(w) or w for w in written]
    if aligned == table["word"].tolist():
        return table
    out = table.assign(word=aligned)
    return out if aligned == written else out.assign(text=written)
