"""What a label of a transcript stands for: a word, a word that nobody could identify, silence, or an annotator's remark."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal

Kind = Literal["word", "unknown", "silence", "remark"]

SILENCES: Mapping[str, tuple[str, ...]] = {
    "tiers": ("sp", "sil", "<sil>", "!sil", "<eps>", "<p:>", "<p>", "{ns}", "{sl}", "{br}", "{lg}", "{cg}", "{ls}", "#", "h#"),
    "timit": ("h#", "#"),
    "table": (),
    "phones": ("sp", "sil", "spn", "!sil", "pau", "epi", "h#", "#", "ns", "br", "noise"),
}  # fmt: skip
"""Format -> labels in which nothing is said, lower case (docs/your-data.md says whose they are).

``tiers``: words that an aligner wrote, in a TextGrid or in MFA's JSON. ``timit``: ``.wrd``. ``table``: tables, events, NWB, and
recognisers' JSON, where every row is what somebody took for a word: Portuguese *pau* and Turkish *sil* are some. ``phones``: phones in
any format; of a spoken noise (``spn``) no phone is known.
"""

UNKNOWN: Mapping[str, tuple[str, ...]] = {"tiers": ("spn",), "timit": (), "table": (), "phones": ()}
"""Format -> bare labels of a word that was spoken but not identified; :data:`UNIDENTIFIED` in brackets say the same in every format."""

UNIDENTIFIED = (
    "unk",
    "unknown",
    "oov",
    "spn",
    "spoken_noise",
    "spoken-noise",
    "inaudible",
    "unintelligible",
    "unclear",
    "?",
    "xxx",
)
"""In brackets (``<unk>``, ``[SPN]``, ``(inaudible)``): speech, but nobody knows which word; so are ``(())`` and MFA's ``<cutoff-...>``."""

UNKNOWN_WORD = "<unk>"
"""How a word of unknown identity stands among the words; its written form is empty, so that no language model reads it."""

_BRACKETED = re.compile(r"<([^<>]*)>|\[([^\[\]]*)\]|\(\(([^()]*)\)\)|\(([^()]*)\)|\{([^{}]*)\}|\*([^*]+)\*")
_MARKS = re.compile(r"[\s.,;:!?…‥·–—―_*~\"'“”„‘’«»‹›|/\\♩♪♫♬¶-]*")


def label_kind(label: str, form: str, silences: Collection[str] | None = None, brackets: str = "remarks") -> Kind:
    """What a label stands for.

    Args:
        label: As written.
        form: Format, a key of :data:`SILENCES`.
        silences: Labels of silence in place of the format's; the same in brackets is meant, too.
        brackets: ``remarks``: what is wholly in brackets (``[Music]``, ``(laughter)``, ``<noise>``, ``{br}``, ``*cough*``) is an
            annotator's remark. ``words``: it is said, like everything that is not silence.

    Example:
        >>> [label_kind(label, "tiers") for label in ("well-known", "<unk>", "sp", "[Music]", "♪", "spn")]
        ['word', 'unknown', 'silence', 'remark', 'silence', 'unknown']
        >>> [label_kind(label, "table") for label in ("sil", "(laughter)", "&")]
        ['word', 'remark', 'word']
    """
    plain = label.strip().lower()
    match = _BRACKETED.fullmatch(plain)
    inner = None if match is None else next(g for g in match.groups() if g is not None).strip()
    listed = SILENCES[form] if silences is None else [s.strip().lower() for s in silences]
    if plain in listed or (silences is not None and inner is not None and inner in listed):
        return "silence"
    if plain in UNKNOWN[form]:
        return "unknown"
    if inner is not None and brackets == "remarks":
        spoken = inner in UNIDENTIFIED or inner.startswith("cutoff") or plain == "(())"
        return "unknown" if spoken and form != "phones" else "remark"
    if form == "phones":  # SAMPA writes phones by marks, too
        return "word" if plain else "silence"
    return "silence" if _MARKS.fullmatch(plain) else "word"
