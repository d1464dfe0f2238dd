"""Numbers and names as they stand in figures and captions."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable


def number(value: float) -> str:
    """Three decimals with a true minus sign; ``n/a`` for NaN.

    Example:
        >>> number(0.12345), number(-0.5), number(-0.0001), number(float("nan"))
        ('0.123', '−0.500', '0.000', 'n/a')
    """
    if not math.isfinite(value):
        return "n/a"
    text = f"{value:.3f}"
    return "0.000" if text == "-0.000" else text.replace("-", "−")


def interval_text(low: float, high: float) -> str:
    """The interval that stands behind a value in a caption; nothing where there is none.

    Example:
        >>> interval_text(-0.1, 0.25), interval_text(float("nan"), float("nan"))
        (' [−0.100, 0.250]', '')
    """
    return f" [{number(low)}, {number(high)}]" if math.isfinite(low) and math.isfinite(high) else ""


def p_text(p: float) -> str:
    """A p-value as it is printed: three decimals, or that it is below .001.

    Example:
        >>> p_text(0.0312), p_text(1e-9), p_text(1.0)
        ('p = 0.031', 'p < 0.001', 'p = 1')
    """
    if p < 0.001:
        return "p < 0.001"
    return "p = 1" if p > 0.9995 else f"p = {p:.3f}"


def stars(p: float) -> str:
    """``***`` below .001, ``**`` below .01, ``*`` below .05, else ``n.s.``.

    Example:
        >>> stars(0.0005), stars(0.005), stars(0.04), stars(0.05)
        ('***', '**', '*', 'n.s.')
    """
    return "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else "n.s."


def one_result(found: Iterable[tuple[float, str]], what: str = "Highest") -> str:
    """The result that a caption states: that of the largest number; the figure and the tables show the others.

    Args:
        found: A number, and the words for it.
        what: The first word.

    Example:
        >>> one_result([(0.1, "A1 0.100"), (float("nan"), "MTG n/a"), (0.4, "STG 0.400")])
        ' Highest: STG 0.400.'
        >>> one_result([])
        ' No score is finite.'
    """
    known = [(value, words) for value, words in found if math.isfinite(value)]
    return f" {what}: {max(known)[1]}." if known else " No score is finite."


def interval_of(noun: str) -> str:
    """What the interval of a mean over electrodes is about, see :func:`brainalign.stats.electrodes_ci`.

    Args:
        noun: What a row of the table is.
    """
    return f"over participants where there are three or more, else of these {noun}s only"


LONGEST = 60
"""Signs of a name that a figure shows; tables and captions have the whole."""


def short(label: str, most: int = LONGEST) -> str:
    """A name as a figure shows it: of one that is too long both ends, as names often differ there alone.

    Args:
        label: A model's or region's name.
        most: Signs that it may have, at least 3.

    Example:
        >>> short("gpt2"), len(short(300 * "x")), short("left " + 300 * "x" + " right")[-7:]
        ('gpt2', 60, 'x right')
    """
    end = (most - 1) // 2
    return label if len(label) <= most else f"{label[: most - 1 - end].rstrip()}…{label[-end:].lstrip()}"


_PIECE = re.compile(r"[^\s/_\-.]*[\s/_\-.]?")


def longest_word(label: str) -> int:
    """Signs of the longest part of a name that :func:`wrap` does not break where a line has as many.

    Example:
        >>> longest_word("superior temporal gyrus"), longest_word("facebook/wav2vec2-base")
        (8, 9)
    """
    return max(len(piece.rstrip()) for piece in _PIECE.findall(short(label)))


def wrap(label: str, width: int) -> str:
    """Break a long name into lines, after a space or one of ``/ _ - .`` where there is one; a very long one is shortened before.

    Args:
        label: A model's or region's name.
        width: Characters a line, at least 1.

    Returns:
        The same characters with line breaks (a space at a break falls away).

    Example:
        >>> wrap("facebook/wav2vec2-large-960h", 18).split(chr(10))
        ['facebook/wav2vec2-', 'large-960h']
    """
    lines = [""]
    for piece in _PIECE.findall(short(label)):
        while len(lines[-1] + piece.rstrip()) > width:
            if lines[-1]:
                lines.append("")
            else:
                lines[-1], piece = piece[:width], piece[width:]
        lines[-1] += piece
    return "\n".join(line.strip() for line in lines if line.strip())
