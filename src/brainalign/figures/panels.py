"""Several figures as the panels of one: each is drawn by the function that draws it alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING, cast

from brainalign.figures.style import ABOVE, DOUBLE, FONT, Panel, style
from brainalign.journals import column_height, column_width, text_size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STRIP, GAP, LINE = 0.2, 0.12, 0.16
"""Inches: of the strip that a letter stands in, between two rows, and of one line of a legend."""


Draw = Callable[[Panel], tuple["Figure", str]]
"""A figure's function with everything given but the panel."""


def paper_figure(rows: Sequence[Sequence[tuple[Draw, float]]]) -> tuple[Figure, str]:
    """A figure of two columns' width with panels A, B, C ... from left to right, row by row.

    A row is as high as its highest panel would be alone, plus what its legend takes more when there is less width.

    Args:
        rows: Panels of each row: what draws it, and its share of the row's width.

    Returns:
        The figure and its caption: each panel's own behind its letter.

    Example:
        >>> from functools import partial
        >>> from brainalign.figures import canonical_correlations
        >>> table = {"component": [1, 2], "fold": 0, "in_sample": [0.9, 0.8], "held_out": [0.5, 0.1], "null_95": 0.2}
        >>> import pandas as pd
        >>> draw = lambda into: canonical_correlations(pd.DataFrame(table), into=into)
        >>> figure, caption = paper_figure([[(draw, 1), (draw, 1)]])
        >>> caption.startswith("A. Canonical"), " B. Canonical" in caption, len(figure.axes)
        (True, True, 2)
    """
    from matplotlib.figure import Figure
    from matplotlib.gridspec import GridSpec
    from matplotlib.transforms import ScaledTranslation

    letters, captions, drawn = iter(ascii_uppercase), [], []
    width = column_width(DOUBLE)
    with style():
        figure = Figure(figsize=(width, width), layout="constrained")
        grid = GridSpec(len(rows), 1, figure=figure)
        for place, row in enumerate(rows):
            strips = STRIP * len(row)
            widths = [share / sum(s for _, s in row) * (width - strips) for _, share in row]
            ratios = [part for own in widths for part in (STRIP, own)]
            inner = figure.add_subfigure(grid[place])
            columns = GridSpec(1, len(ratios), figure=inner, width_ratios=ratios)  # type: ignore[arg-type]
            for i, (draw, _) in enumerate(row):
                letter = next(letters)
                strip = inner.add_subfigure(columns[2 * i])
                below = strip.transSubfigure + ScaledTranslation(0.0, -0.04, figure.dpi_scale_trans)
                strip.text(
                    0.5, 1.0, letter, transform=below, ha="center", va="top", weight="bold", size=text_size(FONT + 3),
                    gid=f"panel {letter}",
                )  # fmt: skip
                panel = Panel(cast("Figure", inner.add_subfigure(columns[2 * i + 1])), widths[i])
                captions.append(f"{letter}. {draw(panel)[1]}")
                drawn.append((place, panel))
        heights = [max(_height(p) for at, p in drawn if at == place) + GAP for place in range(len(rows))]
        grid.set_height_ratios(heights)
        figure.set_figheight(column_height(sum(heights)))
    return figure, " ".join(captions)


def _height(panel: Panel) -> float:
    """Inches that a panel needs: as alone, where its legend has a line, and the further lines of its legend."""
    above = [legend for legend in panel.figure.legends if legend.get_gid() == ABOVE]
    legend = max((own.get_window_extent().height / panel.figure.dpi for own in above), default=0.0)
    return panel.height + max(0.0, legend - 2 * LINE)
