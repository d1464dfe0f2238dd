"""Mean score by region and model, each electrode a dot, the tests as brackets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.figures._brackets import LEVEL, draw_brackets, find_brackets, say_no_brackets, sentence_of_tests
from brainalign.figures._distribution import draw_values, many, shown_as
from brainalign.figures._planted import LABEL, draw_planted, planted
from brainalign.figures._tables import ELECTRODE, finite, left_out, once, require
from brainalign.figures.style import (
    DOUBLE,
    INK,
    SINGLE,
    Colour,
    colours,
    legend_above,
    name_ticks,
    new_figure,
    order_of,
    score_label,
    style,
    zero_line,
)
from brainalign.figures.text import interval_of, interval_text, number, one_result, wrap
from brainalign.stats import MeanInterval, electrodes_ci

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from brainalign.figures.style import Panel

GROUP, WIDEST, HEIGHT = 0.82, 0.45, 2.7
"""Largest share of a region's room that its bars take; inches of the widest bar, and of the figure's height
without brackets."""


def region_bars(
    scores: pd.DataFrame,
    tests: pd.DataFrame | None,
    score: str = "r",
    *,
    by: str = "model",
    order: Sequence[str] | None = None,
    lines: Sequence[str] = (),
    noun: str = "electrode",
    into: Panel | None = None,
) -> tuple[Figure, str]:
    """A bar (mean, 95 % interval) a region and model, a dot an electrode or their distribution, a bracket a test.

    Args:
        scores: Tidy scores table of one space and one layer rule: subject, electrode, region, ``by``,
            ``score``.
        tests: Table of paired tests; those of this score between labels and regions that are shown become
            brackets, with the corrected p as text; one line says so where none could have been significant.
            None or without rows where nothing was tested.
        score: Column of the score.
        by: Column whose values stand side by side.
        order: Labels in the order that fixes colours and places; by default as the table has them.
        lines: Labels whose mean is a dashed line across the region's bars: what the bars are to be seen against.
        noun: What a row of the table is, in the caption.
        into: A panel to draw into, in place of a figure of its own.

    Returns:
        The figure and its caption, which states how many tests were significant, or else the highest mean.

    Raises:
        BrainalignError: A column is missing, there are no rows, or an electrode has several rows under a
            label.

    Example:
        >>> import pandas as pd
        >>> rows = [(m, f"p{p}", f"e{p}", "STG", 0.1 * k + 0.01 * p) for k, m in enumerate(("mel", "gpt2")) for p in range(6)]
        >>> scores = pd.DataFrame(rows, columns=["model", "subject", "electrode", "region", "r"])
        >>> figure, caption = region_bars(scores, None)
        >>> print(caption[:26])
        Mean Pearson r by region (
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    require(scores, (*ELECTRODE, "region", by, score), "scores")
    once(scores, (by, *ELECTRODE), "scores")
    labels = order_of(scores[by], order)
    colour = colours(labels)
    labels = [label for label in labels if (scores[by] == label).any()]
    bars = [label for label in labels if label not in lines] or labels
    regions = list(dict.fromkeys(scores["region"]))
    brackets, limits = find_brackets(tests, bars, regions, score)
    levels = max((b.level + 1 for b in brackets), default=0)
    width = min(DOUBLE, max(SINGLE, 0.8 + len(regions) * max(0.75, 0.16 * len(bars))))
    width = into.width if into is not None else width
    room = (width - 0.6) / len(regions)
    exact = room >= 0.7
    step = min(GROUP / len(bars), WIDEST / room)
    place = {label: (i - (len(bars) - 1) / 2) * step for i, label in enumerate(bars)}
    tops, ticks, crowded = {}, [], many(scores)
    found: list[tuple[float, str]] = []
    marks: list[Line2D] = []
    with style():
        figure, axes = new_figure(width, HEIGHT + LEVEL * levels, into)
        zero_line(axes, "y")
        for x, region in enumerate(regions):
            inside = scores[scores["region"] == region]
            values = {label: finite(inside.loc[inside[by] == label, score]) for label in labels}
            means = {label: electrodes_ci(own[score], own["subject"]) for label, own in inside.groupby(by, sort=False)}
            drawn = [
                draw_bar(
                    axes,
                    x + place[label],
                    0.86 * step,
                    values[label],
                    means[label],
                    colour[label],
                    f"bar {region} {label}",
                    crowded=crowded,
                )
                for label in bars
                if label in means
            ]
            tops[region] = max(drawn, default=0.0)
            for label in bars:
                truth = planted(inside[inside[by] == label], score)
                if mark := draw_planted(axes, x + place[label], truth, f"planted {region} {label}"):
                    marks.append(mark)
                    tops[region] = max(tops[region], truth)
            for label in labels:
                if label not in bars and len(values[label]):
                    mean, reach = float(values[label].mean()), step * len(bars) / 2
                    axes.hlines(mean, x - reach, x + reach, gid=f"line {region} {label}", **dashed(colour[label]))
                    tops[region] = max(tops[region], mean)
            n = max(map(len, values.values()))
            ticks.append(f"n = {n}")
            found += [(m.mean, f"{label} in {region}, {told(m)}") for label, m in means.items()]
        name_ticks(axes, range(len(regions)), list(map(str, regions)), room, ticks)
        axes.set_xlim(-0.55, len(regions) - 0.45)
        axes.set_ylabel(wrap(f"mean {score_label(score)}", 31))
        if brackets:
            draw_brackets(axes, brackets, tops, place, inches=HEIGHT - 0.6, exact=exact)
        say_no_brackets(axes, brackets, limits)
        handles = [
            Patch(facecolor=colour[label], alpha=0.6) if label in bars else Line2D([], [], **dashed(colour[label]))
            for label in labels
        ]
        legend_above(figure, [*handles, *marks[:1]], [*labels, *([LABEL] if marks else [])])
    across = f"; dashed line: mean of {' or '.join(x for x in labels if x not in bars)}" if bars != labels else ""
    across += "; diamond: the planted mean" if marks else ""
    across += ", where one was planted" if 0 < len(marks) < len(bars) * len(regions) else ""
    caption = (
        f"Mean {score_label(score)} by region (bar; whisker: its 95 % confidence interval, {interval_of(noun)}; {shown_as(crowded, noun)}"
        f"{across}).{'' if brackets else one_result(found)}{sentence_of_tests(brackets, limits, tests, score, exact=exact)}"
    )
    return figure, caption + left_out(len(scores) - len(finite(scores[score])), "value")


def draw_bar(
    axes: Axes,
    at: float,
    width: float,
    values: NDArray[np.float64],
    mean: MeanInterval,
    colour: Colour,
    gid: str,
    *,
    crowded: bool,
) -> float:
    """Draw mean, interval and values of one bar; nothing where there is no value.

    Returns:
        The highest thing drawn, at least 0.
    """
    if mean.n == 0:
        return 0.0
    axes.bar(at, mean.mean, width, color=colour, alpha=0.2 if crowded else 0.45, linewidth=0, gid=gid)
    draw_values(axes, values, at, width, colour, size=4, crowded=crowded, gid=f"dots of {gid}")
    if np.isfinite(mean.low):
        axes.vlines(at, mean.low, mean.high, color=INK, linewidth=1.0, zorder=3)
    return max(0.0, float(values.max()), mean.high if np.isfinite(mean.high) else mean.mean)


def dashed(colour: Colour) -> dict[str, Any]:
    """How the line of a label that has no bar is drawn, in the figure and in its legend."""
    return {"color": colour, "linestyle": (0, (3, 1.5)), "linewidth": 1.4}


def told(mean: MeanInterval) -> str:
    """A caption's words for a mean: number, interval and n."""
    interval = interval_text(mean.low, mean.high)
    return f"{number(mean.mean)}{interval} (n = {mean.n})"
