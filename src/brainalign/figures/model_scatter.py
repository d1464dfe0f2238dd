"""One model against another, electrode by electrode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.counts import count
from brainalign.figures._distribution import many
from brainalign.figures._planted import LABEL, MARK, draw_planted, planted
from brainalign.figures._tables import ELECTRODE, left_out, require
from brainalign.figures.style import (
    INK,
    MARKERS,
    MUTED,
    SINGLE,
    Colour,
    colours,
    legend_above,
    new_figure,
    order_of,
    score_label,
    style,
)
from brainalign.figures.text import interval_text, number, wrap
from brainalign.stats import electrodes_ci, pair_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from brainalign.figures.style import Panel


def model_scatter(
    scores: pd.DataFrame,
    a: str,
    b: str,
    score: str = "r",
    *,
    by: str = "model",
    noun: str = "electrode",
    into: Panel | None = None,
) -> tuple[Figure, str]:
    """Score under a (up) against score under b (across), a dot an electrode or a grid of their counts, with the line of equality.

    Args:
        scores: Tidy scores table of one space and one layer rule: subject, electrode, region, ``by``,
            ``score``.
        a: The model.
        b: The baseline.
        score: Column of the score.
        by: Column that holds a and b.
        noun: What a row of the table is, in the caption.
        into: A panel to draw into, in place of a figure of its own.

    Returns:
        The figure and its caption, which states the mean difference.

    Raises:
        BrainalignError: A column or label does not exist, there are no rows, or an electrode has several rows
            under a label.

    Example:
        >>> import pandas as pd
        >>> rows = [(m, f"p{p}", f"e{p}", "STG", 0.1 * k + 0.01 * p) for k, m in enumerate(("mel", "gpt2")) for p in range(6)]
        >>> scores = pd.DataFrame(rows, columns=["model", "subject", "electrode", "region", "r"])
        >>> figure, caption = model_scatter(scores, "gpt2", "mel")
        >>> print(caption.partition(".")[0])
        Pearson r of gpt2 against mel for 6 electrodes, one dot per electrode, line: equality
    """
    require(scores, (*ELECTRODE, "region", by, score), "scores")
    pairs = pair_values(scores, a, b, by=by, score=score)
    regions = order_of(scores["region"], None)
    colour = colours(regions)
    both = pairs[np.isfinite(pairs[["value_a", "value_b"]].to_numpy(dtype=np.float64)).all(axis=1)]
    crowded = many(both)
    with style():
        figure, axes = new_figure(SINGLE + 0.9, SINGLE, into)
        if into is None:  # the plain constrained layout cuts the labels of square axes; compressed, by a pixel or two
            figure.set_layout_engine("compressed", w_pad=0.1)
        for i, region in enumerate(regions):
            own = both[both["region"] == region]
            if len(own):
                marker, label = MARKERS[i % len(MARKERS)], f"{wrap(region, 18)} ({len(own)})"
                draw_region(axes, own, colour[region], marker, label, crowded=crowded)
        truths = planted_points(scores, both, a, b, by, score)
        values = np.array([*both[["value_a", "value_b"]].to_numpy(dtype=np.float64), *truths.values()])
        low, high = (min(0.0, values.min()), max(0.0, values.max())) if len(values) else (0.0, 1.0)
        margin = 0.06 * (high - low or 1.0)
        limits = (low - margin, high + margin)
        axes.plot(limits, limits, color=MUTED, linewidth=0.8, zorder=0, gid="identity")
        if crowded:
            axes.hexbin(
                both["value_b"], both["value_a"], gridsize=28, extent=(*limits, *limits), cmap="Greys", mincnt=1, vmin=-3, linewidths=0,
                alpha=0.8, zorder=0, gid="counts",
            )  # fmt: skip
        for region, (x, y) in truths.items():
            if (mark := draw_planted(axes, x, y, "planted")) is not None:
                mark.set_markerfacecolor(colour[region])
        if truths:
            axes.plot([], [], label=wrap(LABEL, 18), **MARK)
        axes.set(xlim=limits, ylim=limits, aspect="equal", anchor="NW")
        room = 40 if into is None else 26  # letters along the square
        axes.set_xlabel(f"{wrap(b, room)}\n{wrap(score_label(score), room)}")
        axes.set_ylabel(f"{wrap(a, room)}\n{wrap(score_label(score), room)}")
        axes.locator_params(nbins=6)
        if len(both) and into is None:
            figure.legend(loc="outside right upper", handletextpad=0.3)
        elif len(both):  # a panel's width is for the square
            legend_above(figure, *axes.get_legend_handles_labels())
    difference = electrodes_ci(both["value_a"] - both["value_b"], both["subject"])
    each = f"grey: how many {noun}s; sign: a region's mean, with quartiles" if crowded else f"one dot per {noun}"
    diamond = (
        f" Diamond of a region's colour: up its mean planted score of {a}, across that of {b}, or what was found where none was "
        "planted."
    )
    caption = (
        f"{score_label(score)} of {a} against {b} for {count(len(both), noun)}, {each}, line: equality. Mean difference "
        f"{number(difference.mean)}, "
        f"{difference.over(noun)}{interval_text(difference.low, difference.high)}."
        f"{diamond if truths else ''}"
    )
    return figure, caption + left_out(len(pairs) - len(both), "pair")


def planted_points(
    scores: pd.DataFrame, both: pd.DataFrame, a: str, b: str, by: str, score: str
) -> dict[str, tuple[float, float]]:
    """Of each region whose truth under a is known: across the mean under b, the planted one where there is one; up the planted of a.

    Args:
        scores: As for :func:`model_scatter`, with the true score beside it where there is one.
        both: The electrodes that are shown.
        a: The model.
        b: The baseline.
        by: Column that holds a and b.
        score: Column of the score.
    """
    shown = scores.merge(both[list(ELECTRODE)], on=list(ELECTRODE))
    points = {}
    for region, own in both.groupby("region", sort=False):
        inside = shown[shown["region"] == region]
        up, across = (planted(inside[inside[by] == label], score) for label in (a, b))
        if np.isfinite(up):
            points[str(region)] = (across if np.isfinite(across) else float(own["value_b"].mean()), float(up))
    return points


def draw_region(axes: Axes, own: pd.DataFrame, colour: Colour, marker: str, label: str, *, crowded: bool) -> None:
    """Draw one region: its electrodes, or its mean with lines from quartile to quartile.

    Args:
        axes: Of the figure.
        own: Columns value_a (up) and value_b (across), both finite.
        colour: Of the region.
        marker: Its sign.
        label: In the legend.
        crowded: Whether the figure has too many electrodes for a dot each.
    """
    if not crowded:
        axes.scatter(
            own["value_b"], own["value_a"], s=14, color=colour, alpha=0.75, linewidth=0, marker=marker, label=label
        )
        return
    (x, y), quartiles = own[["value_b", "value_a"]].mean(), own[["value_b", "value_a"]].quantile([0.25, 0.75])
    axes.hlines(y, *quartiles["value_b"], color=colour, linewidth=1.4, zorder=3)
    axes.vlines(x, *quartiles["value_a"], color=colour, linewidth=1.4, zorder=3)
    axes.scatter(x, y, s=34, color=colour, edgecolor=INK, linewidth=0.5, marker=marker, label=label, zorder=4)
