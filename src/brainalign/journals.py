"""What a journal asks of a figure: widths of its columns, sizes of text, fonts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

MM = 25.4
"""Millimetres in an inch."""


@dataclass(frozen=True)
class Journal:
    """A journal's rules for figures.

    Attributes:
        widths: Widths in mm that a figure may have, rising; empty where it may have any.
        smallest: Size of the smallest text in pt.
        largest: Of the largest.
        fonts: Families, the first that is installed is taken; empty: matplotlib's own, which is on every machine.
    """

    widths: tuple[float, ...] = ()
    smallest: float = 0.0
    largest: float = float("inf")
    fonts: tuple[str, ...] = ()


SANS = ("Arial", "Helvetica", "Liberation Sans")
"""Liberation Sans has the widths of Arial's letters."""

JOURNALS = {
    "default": Journal(),
    "nature": Journal(widths=(89.0, 183.0), smallest=5.0, largest=7.0, fonts=SANS),
    "plos": Journal(widths=(132.0, 190.5), smallest=8.0, largest=12.0, fonts=SANS),
}
"""``nature``: Nature research figure guide, *Building and exporting figure panels* (research-figure-guide.nature.com): 89 and 183 mm, text
of 5 to 7 pt, Arial or Helvetica. ``plos``: PLOS figure guidelines (journals.plos.org/plosone/s/figures): 13.2 cm within a column of text,
19.05 cm at most, text of 8 to 12 pt, Arial, Times or Symbol."""

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


def text_size(size: float) -> float:
    """A size of text in pt, within what the journal allows."""
    journal = _current.get()
    return min(max(size, journal.smallest), journal.largest)


def families() -> list[str]:
    """Families of fonts, the first wins; the last is matplotlib's own, which has each sign that a figure shows."""
    from matplotlib.font_manager import get_font_names

    wanted = _current.get().fonts
    installed = set(get_font_names()) if wanted else set()
    return [*(font for font in wanted if font in installed), "DejaVu Sans"]
