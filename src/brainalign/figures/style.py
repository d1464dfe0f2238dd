"""The look that all figures share: sizes for a paper, colours that everyone can tell apart, nothing cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brainalign.figures.text import longest_word, short, wrap
from brainalign.journals import column_height, column_width, families, text_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Colour = tuple[float, float, float]
"""Red, green and blue from 0 to 1."""

SINGLE, DOUBLE = 3.5, 7.2
"""Widths of one and of two columns of a journal page in inches (89 and 183 mm)."""

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
"""Colours that people with any common colour blindness can tell apart (Okabe and Ito 2008); yellow, which
fades on white, has given way to grey."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

ABOVE = "legend above"
"""Id of a legend that takes its height from the axes."""

LEGEND, SHORTEST = 0.3, 16
"""Share of a journal's greatest height that a legend may have; one that has more gets shorter names: a third of the width, or 16 signs."""

INK, MUTED = "#222222", "#8A8A8A"
FONT, SMALL = 8.0, 7.0

SCORE_LABELS = {
    "r": "Pearson r",
    "r_pooled": "Pearson r, folds pooled",
    "r2": "R² (1 − SSE/SST)",
    "r2_pearson": "squared Pearson r",
    "r2_normalized": "R² over noise ceiling",
    "r_normalized": "r over root of noise ceiling",
    "r2_pearson_normalized": "squared r over noise ceiling",
    "similarity": "shared variance of predictions (squared Pearson r)",
    "similarity_partial": "shared variance (squared partial r given onsets)",
}
"""Axis label of each score; scores have no unit, so the label is the definition."""

RC: dict[str, Any] = {
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "lines.linewidth": 1.3,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}

TEXT = {
    "font.size": FONT,
    "axes.titlesize": FONT + 1,
    "axes.labelsize": FONT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
}
"""Sizes of text in pt, where no journal asks for others."""


@contextmanager
def style() -> Iterator[None]:
    """Matplotlib's settings within the block are those of a brainalign figure, in the style of :func:`figure_style`."""
    import matplotlib
    import matplotlib.style

    sizes = {key: text_size(size) for key, size in TEXT.items()}
    with matplotlib.rc_context():
        matplotlib.style.use(
            ["default", {**RC, **sizes, "font.family": families()}]
        )  # "default" leaves the backend alone
        yield


@dataclass
class Panel:
    """The room that a figure has within a larger one.

    Attributes:
        figure: What is drawn on; a sub-figure, which does all that is asked of a figure here.
        width: Its width in inches.
        height: The height in inches that the figure would have alone; who draws into it says so.
    """

    figure: Figure
    width: float
    height: float = 0.0


def new_figure(width: float, height: float, into: Panel | None = None, **subplots: Any) -> tuple[Figure, Any]:
    """A figure without pyplot, hence without any window or global state, with room for all its labels.

    Args:
        width: Inches; a journal's column takes the place of it (:func:`brainalign.journals.column_width`).
        height: Inches; a journal's greatest takes the place of a larger one.
        into: A panel of a larger figure, which has its own width and is told the height, in place of a new figure.
        subplots: Handed to ``Figure.subplots``.

    Returns:
        The figure and its axes (one, or an array as ``subplots`` ask for).
    """
    from matplotlib.figure import Figure

    if into is not None:
        into.height = height
        return into.figure, into.figure.subplots(**subplots)
    figure = Figure(figsize=(column_width(width), column_height(height)), layout="constrained")
    return figure, figure.subplots(**subplots)


def log_axis(axes: Axes, which: str) -> None:
    """Make an axis logarithmic, its numbers in plain text: matplotlib would write them as mathematics.

    Args:
        axes: Of a figure.
        which: ``x`` or ``y``.
    """
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    axis.set_minor_formatter(NullFormatter())


def stamp(figure: Figure, text: str) -> None:
    """Write a word of warning below the figure, such as ``Simulated data``, where it covers nothing.

    Args:
        figure: Its layout gives up a strip at the bottom, where it is constrained, as that of every figure of this package is.
        text: A few words.
    """
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    strip = 0.17 / figure.get_figheight()
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0.0, strip, 1.0, 1.0 - strip))
    with style():
        figure.text(0.99, 0.01, text, ha="right", va="bottom", size=text_size(SMALL), style="italic", color=MUTED)


def colours(labels: Sequence[str]) -> dict[str, Colour]:
    """A colour a label, the same for the same order of labels; darker ones once the palette is used up.

    Example:
        >>> found = colours(["gpt2", "mel"])
        >>> found["gpt2"] == colours(["gpt2"])["gpt2"], found["gpt2"] == found["mel"]
        (True, False)
    """
    from matplotlib.colors import to_rgb

    found = {}
    for i, label in enumerate(labels):
        turn, place = divmod(i, len(OKABE_ITO))
        red, green, blue = to_rgb(OKABE_ITO[place])
        shade = 0.6**turn
        found[label] = (red * shade, green * shade, blue * shade)
    return found


def order_of(present: Iterable[Any], order: Sequence[str] | None) -> list[str]:
    """Labels that fix the colours: the given order, then what it does not name, as it comes.

    Example:
        >>> order_of(["mel", "gpt2", "mel"], ["gpt2", "glove"])
        ['gpt2', 'glove', 'mel']
    """
    return list(dict.fromkeys([*(order or ()), *map(str, present)]))


def score_label(score: str) -> str:
    """The axis label of a score, its definition included.

    Example:
        >>> score_label("r2")
        'R² (1 − SSE/SST)'
    """
    return SCORE_LABELS.get(score, score)


def legend_above(figure: Figure, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """A legend over the axes, in as many columns as the names leave room for, read row by row; long names are wrapped.

    A figure that is low beside its legend grows by what the legend takes.
    """
    if not handles:
        return
    letter, handle, width = 0.56 * text_size(SMALL), 34.0, 72 * inches_wide(figure)
    lines = max(1, int((width - handle) / letter))
    wrapped = [wrap(label, lines) for label in labels]
    if 1.3 * text_size(SMALL) * sum(label.count("\n") + 1 for label in wrapped) > 72 * LEGEND * column_height(np.inf):
        wrapped = [short(" ".join(label.split()), max(SHORTEST, lines // 3)) for label in labels]
    longest = max(len(line) for label in wrapped for line in label.split("\n"))
    columns = max(1, min(len(labels), int(width / (longest * letter + handle))))
    rows = [wrapped[i : i + columns] for i in range(0, len(wrapped), columns)]
    tall = 1.3 * text_size(SMALL) * sum(max(label.count("\n") + 1 for label in row) for row in rows) / 72
    height = float(figure.bbox.height / figure.dpi)
    if tall > LEGEND * height and hasattr(
        figure, "set_figheight"
    ):  # a panel of a larger figure has its height from there
        figure.set_figheight(column_height(height + tall))
    by_column = [i for column in range(columns) for i in range(column, len(labels), columns)]  # as matplotlib fills it
    figure.legend(
        [handles[i] for i in by_column], [wrapped[i] for i in by_column], loc="outside upper left", ncols=columns,
        columnspacing=1.2, handlelength=1.4,
    ).set_gid(ABOVE)  # fmt: skip


UPRIGHT = 22
"""Signs of a line of a name that stands upright."""


def name_ticks(
    axes: Axes, places: Sequence[float], names: Sequence[str], inches: float, below: Sequence[str] = ()
) -> None:
    """Write names below an axis, each broken between its words; upright where a word is longer than the room.

    Args:
        axes: Of the figure.
        places: On the x axis.
        names: Of regions or models.
        inches: Of the room for one.
        below: A line below each name.
    """
    letters = max(1, int(inches * 72 / (0.62 * text_size(SMALL))))
    upright = max(map(longest_word, names)) > letters
    ends = [f"\n{line}" for line in below] or [""] * len(names)
    ticks = [wrap(name, UPRIGHT if upright else letters) + end for name, end in zip(names, ends, strict=True)]
    axes.set_xticks(places, ticks, rotation=90 if upright else 0)
    axes.tick_params(axis="x", length=0)


def inches_wide(figure: Figure) -> float:
    """The width of a figure or of a panel."""
    return float(figure.bbox.width / figure.dpi)


def dots(
    axes: Axes,
    x: NDArray[np.float64] | float,
    y: NDArray[np.float64] | float,
    *,
    colour: Colour,
    size: float,
    gid: str,
) -> None:
    """Small see-through dots, one a value; x or y may be one number for all."""
    across, up = np.broadcast_arrays(x, y)
    axes.scatter(across, up, s=size, color=colour, alpha=0.6, linewidth=0, zorder=2, gid=gid)


def zero_line(axes: Axes, axis: str) -> None:
    """A thin grey line at 0, where a score says that nothing was predicted."""
    line = axes.axhline if axis == "y" else axes.axvline
    line(0.0, color=MUTED, linewidth=0.6, zorder=0)
