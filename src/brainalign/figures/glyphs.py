"""Signs that no installed font has: matplotlib draws a box, and warns of each anew at each drawing; a run says it once."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def missing_signs(figures: Iterable[Figure]) -> list[str]:
    """Signs in the figures' texts that none of their fonts has.

    Args:
        figures: Drawn.

    Example:
        >>> from matplotlib.figure import Figure
        >>> figure = Figure()
        >>> text = figure.text(0.5, 0.5, "r\u00b2 \ue123")
        >>> missing_signs([figure]) == ["\ue123"]
        True
    """
    from matplotlib.text import Text

    found: dict[str, None] = {}
    for figure in figures:
        for text in figure.findobj(Text):
            assert isinstance(text, Text)
            families = tuple(text.get_fontproperties().get_family())
            found |= dict.fromkeys(s for s in text.get_text() if not s.isspace() and not _has(families, s))
    return list(found)


@cache
def _has(families: tuple[str, ...], sign: str) -> bool:
    return any(ord(sign) in _signs(family) for family in families)


@cache
def _signs(family: str) -> frozenset[int]:
    """Code points that a family has."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    try:
        return frozenset(get_font(findfont(FontProperties(family=[family]), fallback_to_default=False)).get_charmap())
    except ValueError:  # not installed
        return frozenset()


@contextmanager
def boxes_unsaid() -> Iterator[None]:
    """Within the block matplotlib says nothing of signs that it has to draw as a box."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield
