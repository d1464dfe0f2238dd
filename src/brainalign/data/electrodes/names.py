"""The names of a recording's channels against those of a table of electrodes, which labs spell differently."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

MODALITY = re.compile(r"^(?:s?i?eeg|i?ecog|pol)[\s_-]+(?=\S)", re.IGNORECASE)
"""What recorders put before a name: ``EEG LA1``, ``POL LA1`` (Nihon Kohden)."""
REFERENCE = re.compile(r"(?<=\S)[\s_-]+(?:ref\d*|reference|avg?|average|car|org|le|g2)$", re.IGNORECASE)
"""What they put behind it: ``LA1-Ref``, ``Fp1-AVG``; ``LA1-LA2`` is another channel than LA1 and stays."""
SHOWN = 5
"""Names that a sentence tells one by one."""


def plain_name(name: str) -> str:
    """A channel's name without modality, reference, leading zeros, blanks before its number, and capitals.

    An apostrophe stays: A'1 and A1 are contacts of the two hemispheres.

    Example:
        >>> [plain_name(n) for n in ("EEG LA1-Ref", "LTG01", "la 1", "POL A'12", "LA1-LA2", "A10")]
        ['la1', 'ltg1', 'la1', "a'12", 'la1-la2', 'a10']
    """
    bare = REFERENCE.sub("", MODALITY.sub("", name.strip()))
    bare = re.sub(r"(?<=[^\W\d_])[\s_-]+(?=\d)", "", bare)  # between a letter and a number
    return re.sub(r"(?<!\d)0+(?=\d)", "", bare).casefold()


def matched_names(channels: Sequence[str], electrodes: Sequence[str]) -> dict[str, str]:
    """Channel -> its electrode: of the same name, or else of the same plain name where no other has it.

    Args:
        channels: Of the recording.
        electrodes: Of the table.

    Example:
        >>> matched_names(["EEG LA1-Ref", "LA2", "B1", "b1"], ["LA01", "LA2", "B01"])
        {'LA2': 'LA2', 'EEG LA1-Ref': 'LA01'}
    """
    there = set(electrodes)
    out = {name: name for name in channels if name in there}
    taken = set(out)
    ours, theirs = (Counter(plain_name(n) for n in dict.fromkeys(names)) for names in (channels, electrodes))
    plain = {plain_name(n): n for n in electrodes}
    for name in channels:
        key = plain_name(name)
        if name not in out and ours[key] == 1 == theirs[key] and plain[key] not in taken:
            out[name] = plain[key]
    return out


def match_notes(channels: Sequence[str], electrodes: Sequence[str], found: dict[str, str], where: str) -> list[str]:
    """What a person should know of a match: what was taken for one, and what is left over on either side.

    Args:
        channels: Of the recording.
        electrodes: Of the table.
        found: Of :func:`matched_names`.
        where: The table, for the sentences.

    Example:
        >>> match_notes(["LA1", "LA2"], ["LA01"], {"LA1": "LA01"}, "electrodes.tsv")  # doctest: +NORMALIZE_WHITESPACE
        ['electrodes.tsv: 1 of 2 channels are spelt otherwise than in the recording and were matched without modality, reference, zeros
        and capitals (LA1 = LA01).',
        "electrodes.tsv has no electrode for 1 of 2 channels of the recording (LA2); their region is 'unknown'."]
    """
    out = []
    if alike := [f"{a} = {b}" for a, b in found.items() if a != b]:
        out.append(
            f"{where}: {len(alike)} of {len(channels)} channels are spelt otherwise than in the recording and were matched without "
            f"modality, reference, zeros and capitals ({listed(alike)})."
        )
    if lost := [n for n in channels if n not in found]:
        out.append(
            f"{where} has no electrode for {len(lost)} of {len(channels)} channels of the recording ({listed(lost)}); "
            "their region is 'unknown'."
        )
    if over := [n for n in electrodes if n not in set(found.values())]:
        out.append(
            f"{where} names {len(over)} of {len(electrodes)} electrodes that the recording has no channel for ({listed(over)})."
        )
    return out


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are.

    Example:
        >>> listed(list("abcdefgh"))
        'a, b, c, d, e and 3 more'
    """
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
