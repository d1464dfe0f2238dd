"""What a journal asks of a figure: widths of its columns, greatest height, sizes of text, fonts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

MM = 25.4
"""Millimetres in an inch."""


@dataclass(frozen=True)
class Journal:
    """A journal's rules for figures.

    Attributes:
        widths: Widths in mm that a figure may have, rising; empty where it may have any.
        tallest: Greatest height in mm.
        smallest: Size of the smallest text in pt.
        largest: Of the largest.
        fonts: Families, the first that is installed is taken; empty: matplotlib's own, which is on every machine.
    """

    widths: tuple[float, ...] = ()
    tallest: float = float("inf")
    smallest: float = 0.0
    largest: float = float("inf")
    fonts: tuple[str, ...] = ()


SANS = ("Arial", "Helvetica", "Liberation Sans")
"""Liberation Sans has the widths of Arial's letters."""

JOURNALS = {
    "default": Journal(),
    "nature": Journal(widths=(89.0, 183.0), tallest=170.0, smallest=5.0, largest=7.0, fonts=SANS),
    "plos": Journal(widths=(132.0, 190.5), tallest=222.3, smallest=8.0, largest=12.0, fonts=SANS),
}
"""``nature``: Nature research figure guide, *Building and exporting figure panels* (research-figure-guide.nature.com): 89 and 183 mm
wide, 170 mm high at most, which leaves room for the caption, text of 5 to 7 pt, Arial or Helvetica. ``plos``: PLOS figure guidelines
(journals.plos.org/plosone/s/figures): 13.2 cm within a column of text, 19.05 cm wide and 22.23 cm high at most, text of 8 to 12 pt,
Arial, Times or Symbol."""

OTHER_SCRIPTS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans CJK TC", "Noto Sans CJK KR", "Source Han Sans", "Hiragino Sans", "PingFang SC",
    "Apple SD Gothic Neo", "Yu Gothic", "Microsoft YaHei", "Microsoft JhengHei", "Malgun Gothic", "WenQuanYi Zen Hei", "IPAexGothic",
    "Arial Unicode MS", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai",
)  # fmt: skip
"""Families that common systems have for what matplotlib's own lacks; those installed are asked last."""

_current: ContextVar[Journal] = ContextVar("journal", default=JOURNALS["default"])


@contextmanager
def figure_style(name: str) -> Iterator[None]:
    """Figures drawn within the block are those of a journal.

    Args:
        name: One of JOURNALS.

    Example:
        >>> with figure_style("nature"):
        ...     round(MM * column_width(4.9)), text_size(9.0)
        (183, 7.0)
        >>> column_width(4.9), text_size(9.0)
        (4.9, 9.0)
    """
    token = _current.set(JOURNALS[name])
    try:
        yield
    finally:
        _current.reset(token)


def column_width(width: float) -> float:
    """The journal's narrowest width that holds a figure of this width, its widest where none does; any width where it has no rule.

    Args:
        width: Inches.

    Returns:
        Inches.
    """
    widths = [mm / MM for mm in _current.get().widths]
    holding = [own for own in widths if own >= width - 0.01]  # 3.5 and 7.2 inches are 88.9 and 182.9 mm
    return min(holding) if holding else max(widths, default=width)


def column_height(height: float) -> float:
    """A height in inches, or the journal's greatest where that is less: what is in the figure then stands closer.

    Example:
        >>> with figure_style("nature"):
        ...     round(MM * column_height(9.0)), column_height(2.5)
        (170, 2.5)
    """
    return min(height, _current.get().tallest / MM)


def text_size(size: float) -> float:
    """A size of text in pt, within what the journal allows."""
    journal = _current.get()
    return min(max(size, journal.smallest), journal.largest)


def families() -> list[str]:
    """Families of fonts, the first that has a sign wins: the journal's, matplotlib's own, those of other scripts."""
    return [*_installed(_current.get().fonts), "DejaVu Sans", *_installed(OTHER_SCRIPTS)]


@cache
def _installed(names: tuple[str, ...]) -> list[str]:
    from matplotlib.font_manager import get_font_names

    there = set(get_font_names()) if names else set()
    return [name for name in names if name in there]
