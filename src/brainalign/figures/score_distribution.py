"""How the scores of all electrodes are distributed, a model a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.counts import count
from brainalign.figures._distribution import density, many
from brainalign.figures._planted import draw_planted, planted
from brainalign.figures._tables import ELECTRODE, finite, jitter, left_out, once, require
from brainalign.figures.style import (
    DOUBLE,
    FONT,
    INK,
    SMALL,
    Colour,
    colours,
    dots,
    inches_wide,
    new_figure,
    order_of,
    score_label,
    style,
    zero_line,
)
from brainalign.figures.text import number, one_result, wrap
from brainalign.journals import text_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from brainalign.figures.style import Panel


def score_distribution(
    scores: pd.DataFrame,
    score: str = "r",
    *,
    by: str = "model",
    order: Sequence[str] | None = None,
    noun: str = "electrode",
    into: Panel | None = None,
) -> tuple[Figure, str]:
    """A density over a dot an electrode for each model, with the median; quartiles in place of more than 100 dots.

    Args:
        scores: Tidy scores table of one space and one layer rule: subject, electrode, ``by`` and ``score``.
        score: Column of the score.
        by: Column whose values are compared.
        order: Labels in the order that fixes the colours; by default as the table has them.
        noun: What a row of the table is, in the caption (``electrode``, ``channel``, ``voxel``).
        into: A panel to draw into, in place of a figure of its own.

    Returns:
        The figure and its caption, which states the highest median.

    Raises:
        BrainalignError: A column is missing, there are no rows, or an electrode has several rows under a
            label.

    Example:
        >>> import pandas as pd
        >>> rows = [(m, f"p{p}", f"e{p}", "STG", 0.1 * k + 0.01 * p) for k, m in enumerate(("mel", "gpt2")) for p in range(6)]
        >>> scores = pd.DataFrame(rows, columns=["model", "subject", "electrode", "region", "r"])
        >>> figure, caption = score_distribution(scores)
        >>> print(caption[:60])
        Distribution of Pearson r (line: median; dot: one electrode)
    """
    require(scores, (*ELECTRODE, by, score), "scores")
    once(scores, (by, *ELECTRODE), "scores")
    labels = order_of(scores[by], order)
    colour = colours(labels)
    shown = [label for label in labels if (scores[by] == label).any()]
    found, marked, crowded = [], False, many(scores)
    with style():
        figure, axes = new_figure(0.75 * DOUBLE, 0.6 + 0.62 * len(shown), into)
        zero_line(axes, "x")
        for row, label in enumerate(shown):
            values = finite(scores.loc[scores[by] == label, score])
            draw_values(axes, values, row, label, colour[label], crowded=crowded)
            truth = planted(scores[scores[by] == label], score, "median")
            marked = draw_planted(axes, truth, row, f"planted {label}") is not None or marked
            middle = float(np.median(values)) if len(values) else float("nan")
            found.append((middle, f"{label}, median {number(middle)} of {count(len(values), noun)}"))
        letters = min(26, max(8, int(0.33 * inches_wide(figure) * 72 / (0.56 * text_size(SMALL)))))
        axes.set_yticks(range(len(shown)), [wrap(label, letters) for label in shown])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        room = max(12, int((inches_wide(figure) - 2.0) * 72 / (0.56 * text_size(FONT))))
        axes.set_xlabel(wrap(score_label(score) if crowded else f"{score_label(score)}, one dot per {noun}", room))
    diamond = "; diamond: the planted median" if marked else ""
    each = f"bar: quartiles of the {noun}s" if crowded else f"dot: one {noun}"
    caption = f"Distribution of {score_label(score)} (line: median; {each}{diamond}).{one_result(found)}"
    return figure, caption + left_out(len(scores) - len(finite(scores[score])), "value")


def draw_values(
    axes: Axes, values: NDArray[np.float64], row: int, label: str, colour: Colour, *, crowded: bool
) -> None:
    """Draw density, dots (or a bar from quartile to quartile) and median of one label around ``row``; numbers at the right."""
    side = "no finite score"
    if len(values):
        grid, height = density(values)
        axes.fill_between(grid, row - 0.42 * height, row, color=colour, alpha=0.35, linewidth=0)
        heights = row + 0.22 + jitter(len(values), 0.2)
        if crowded:
            axes.hlines(
                row + 0.22,
                *np.quantile(values, [0.25, 0.75]),
                color=colour,
                linewidth=5,
                alpha=0.7,
                gid=f"quartiles {label}",
            )
        else:
            dots(axes, values, heights, colour=colour, size=5, gid=f"dots {label}")
        median = float(np.median(values))
        axes.plot([median] * 2, [row - 0.42, row + 0.36], color=INK, linewidth=1.2, gid=f"median {label}")
        side = f"median {number(median)}\nn = {len(values)}"
    axes.text(1.02, row, side, transform=axes.get_yaxis_transform(), va="center", size=text_size(SMALL))
