"""Praat's TextGrids, in the long and the short form, by Praat's own rule of reading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from brainalign.data.transcripts.tiers import chosen_tiers, is_called
from brainalign.errors import BrainalignError

_TOKEN = re.compile(r'"((?:[^"]|"")*)"|!.*|\[[^\]"\n]*\]|([^\s"=]+)')
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
Token = str | float
Interval = tuple[float, float, str]


class Tier(NamedTuple):
    """An interval tier.

    Attributes:
        name: As it stands in the file.
        intervals: Onset, offset and label, as they stand in the file.
    """

    name: str
    intervals: list[Interval]


class TextGrid:
    """The interval tiers of a TextGrid.

    Praat (manual, *TextGrid file formats*) takes from a text file its free-standing numbers, its texts in double quotes (a quote
    inside is doubled) and its flags such as ``<exists>``, in their order; everything else (``intervals [1]:``, ``xmin =``) is comment.
    The long and the short form are therefore one. Intervals may overlap or stand out of order here: whoever reads on is to be told.

    Args:
        path: The file: UTF-8, UTF-16, or, as Praat falls back to, Windows Latin-1.

    Attributes:
        tiers: The interval tiers, in the file's order; two may have one name.
        latin: Whether the file was taken for Windows Latin-1.

    Raises:
        BrainalignError: The file is missing or does not parse.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise BrainalignError(f"TextGrid {path} cannot be read ({error.strerror}).") from error
        if raw.startswith(b"ooBinaryFile"):
            raise BrainalignError(f"{path} is a binary TextGrid; save it from Praat as text, long or short.")
        try:
            text, self.latin = _text(raw)
            self.tiers = list(_tiers(_tokens(text)))
        except UnicodeDecodeError as error:
            raise BrainalignError(
                f"{path} is no text that Praat could have written ({error}); save it as UTF-8."
            ) from error
        except (ValueError, RuntimeError) as error:  # RuntimeError: the tokens end inside a tier
            why = str(error) if isinstance(error, ValueError) else "it ends early"
            raise BrainalignError(
                f"{path} does not parse as a TextGrid ({why}); save it from Praat as text, long or short."
            ) from error

    def has(self, label: str) -> bool:
        """Whether a tier is called like the label (``word``, ``phone``)."""
        return any(is_called(t.name, label) for t in self.tiers)

    def intervals(self, label: str, tier: str | None = None) -> pd.DataFrame:
        """What stands in a tier, silences too.

        Args:
            label: ``word`` or ``phone``: the name of the first column.
            tier: See :func:`~brainalign.data.transcripts.tiers.chosen_tiers`.

        Returns:
            Columns ``label``, onset, offset, not yet checked; of several tiers by onset, else in the file's order; the index,
            named ``interval``, counts a tier's intervals from 1.

        Raises:
            BrainalignError: There is no such tier, or it is not clear which one is meant.
        """
        chosen = chosen_tiers([t.name for t in self.tiers], label, tier, str(self.path))
        rows = [(n, *interval) for i in chosen for n, interval in enumerate(self.tiers[i].intervals, start=1)]
        if len(chosen) > 1:
            rows.sort(key=lambda row: row[1])
        index = pd.Index([n for n, *_ in rows], name="interval")
        return pd.DataFrame(
            {label: [r[3] for r in rows], "onset": [r[1] for r in rows], "offset": [r[2] for r in rows]}, index=index
        )


def _text(raw: bytes) -> tuple[str, bool]:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16"), False
    try:
        return raw.decode("utf-8-sig"), False
    except UnicodeDecodeError:
        return raw.decode("cp1252"), True


def _tokens(text: str) -> Iterator[Token]:
    """Numbers as floats, texts as they are; flags and all that Praat takes for comment are passed over."""
    for match in _TOKEN.finditer(text):
        quoted, bare = match.groups()
        if quoted is not None:
            yield quoted.replace('""', '"')
        elif bare is not None and _NUMBER.fullmatch(bare):
            yield float(bare)


def _tiers(tokens: Iterator[Token]) -> Iterator[Tier]:
    if not _word(tokens).startswith("ooTextFile") or _word(tokens) != "TextGrid":
        raise ValueError("it does not begin as one")
    _number(tokens), _number(tokens)
    for _ in range(_count(tokens)):
        kind, name = _word(tokens), _word(tokens).strip()
        _number(tokens), _number(tokens)
        n = _count(tokens)
        if kind == "IntervalTier":
            yield Tier(name, [(_number(tokens), _number(tokens), _word(tokens).strip()) for _ in range(n)])
        elif kind == "TextTier":
            for _ in range(n):
                _number(tokens), _word(tokens)
        else:
            raise ValueError(f"{kind!r} is no kind of tier")
    if (more := next(tokens, None)) is not None:
        raise ValueError(f"it goes on with {more!r} after as many intervals as it says that it has")


def _word(tokens: Iterator[Token]) -> str:
    found = next(tokens)
    if isinstance(found, float):
        raise ValueError(f"{found:g} stands where a text must")
    return found


def _number(tokens: Iterator[Token]) -> float:
    found = next(tokens)
    if isinstance(found, str):
        raise ValueError(f"{found[:40]!r} stands where a number must")
    return found


def _count(tokens: Iterator[Token]) -> int:
    found = _number(tokens)
    if found < 0 or found != int(found):
        raise ValueError(f"{found:g} stands where a count must")
    return int(found)
