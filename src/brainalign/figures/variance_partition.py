"""Unique and shared variance by region: a bar a part, below zero where it is negative, and a line for all sets together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.figures._planted import LABEL, draw_planted, planted
from brainalign.figures._tables import ELECTRODE, finite, left_out, once, require
from brainalign.figures.region_bars import told
from brainalign.figures.style import (
    DOUBLE,
    INK,
    SINGLE,
    Colour,
    colours,
    dots,
    legend_above,
    name_ticks,
    new_figure,
    score_label,
    style,
    zero_line,
)
from brainalign.figures.text import interval_of, one_result
from brainalign.stats import electrodes_ci

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

GROUP, HEIGHT = 0.84, 3.0
"""Share of a region's room that its bars take; inches of the figure's height."""


def variance_partition(
    table: pd.DataFrame,
    parts: Mapping[str, Sequence[str]],
    score: str = "r2",
    *,
    noun: str = "electrode",
) -> tuple[Figure, str]:
    """A bar (mean over electrodes, 95 % interval) a region and part, a dot a participant, a line for the parts' sum.

    Args:
        table: One row a (part, electrode): subject, electrode, region, model (the part's label) and ``score``; the parts of an
            electrode sum to what all sets together explain.
        parts: Label -> the sets that it belongs to: one for a unique part, several for a shared one, whose colour is their mean.
        score: Column of the score.
        noun: What a row of the table is, in the caption.

    Returns:
        The figure and its caption, which states the largest part.

    Raises:
        BrainalignError: A column is missing, there are no rows, or an electrode has several rows for a part.

    Example:
        >>> import pandas as pd
        >>> parts = {"unique gpt2": ["gpt2"], "unique mel": ["mel"], "shared gpt2 and mel": ["gpt2", "mel"]}
        >>> rows = [(f"p{p}", f"e{p}", "STG", part, 0.1 + 0.01 * p) for p in range(4) for part in parts]
        >>> table = pd.DataFrame(rows, columns=["subject", "electrode", "region", "model", "r2"])
        >>> figure, caption = variance_partition(table, parts)
        >>> print(caption[:60])
        Unique and shared variance by region, as parts of the held-o
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    require(table, (*ELECTRODE, "region", "model", score), "partition")
    once(table, ("model", *ELECTRODE), "partition")
    own = colours(list(dict.fromkeys(name for names in parts.values() for name in names)))
    regions = list(dict.fromkeys(table["region"]))
    width = min(DOUBLE, max(SINGLE, 0.8 + len(regions) * max(0.75, 0.14 * len(parts))))
    room, step = (width - 0.6) / len(regions), GROUP / len(parts)
    ticks: list[str] = []
    found: list[tuple[float, str]] = []
    marks: list[Line2D] = []
    with style():
        figure, axes = new_figure(width, HEIGHT)
        zero_line(axes, "y")
        for x, region in enumerate(regions):
            inside = table[table["region"] == region]
            values = {part: finite(inside.loc[inside["model"] == part, score]) for part in parts}
            for place, (part, names) in enumerate(parts.items()):
                rows = inside[inside["model"] == part]
                at, mean = x + (place - (len(parts) - 1) / 2) * step, electrodes_ci(rows[score], rows["subject"])
                if mean.n == 0:
                    continue
                found.append((mean.mean, f"{part} in {region}, {told(mean)}"))
                colour, gid = _blend([own[name] for name in names]), f"bar {region} {part}"
                axes.bar(
                    at,
                    mean.mean,
                    0.86 * step,
                    facecolor=colour,
                    alpha=0.6,
                    linewidth=0,
                    edgecolor="white",
                    hatch=_hatch(names),
                    gid=gid,
                )
                people = rows.groupby("subject")[score].mean().to_numpy()
                dots(axes, at, people, colour=colour, size=5, gid=f"dots of {gid}")
                if np.isfinite(mean.low):
                    axes.vlines(at, mean.low, mean.high, color=INK, linewidth=0.8, zorder=3)
                marks += filter(None, [draw_planted(axes, at, planted(rows, score), f"planted {region} {part}")])
            whole = float(inside.groupby(list(ELECTRODE))[score].sum(min_count=len(parts)).mean())
            axes.hlines(
                whole, x - GROUP / 2, x + GROUP / 2, color=INK, linewidth=0.8, linestyle=":", gid=f"all {region}"
            )
            n = max(map(len, values.values()))
            ticks.append(f"n = {n}")
        name_ticks(axes, range(len(regions)), list(map(str, regions)), room, ticks)
        axes.set_xlim(-0.55, len(regions) - 0.45)
        axes.set_ylabel(f"part of {score_label(score)}")
        handles = [
            Patch(
                facecolor=_blend([own[n] for n in names]),
                alpha=0.6,
                linewidth=0,
                edgecolor="white",
                hatch=_hatch(names),
            )
            for names in parts.values()
        ]
        line = Line2D([], [], color=INK, linewidth=0.8, linestyle=":")
        legend_above(figure, [*handles, line, *marks[:1]], [*parts, "all together", *([LABEL] if marks else [])])
    diamond = "; diamond: the planted mean" if marks else ""
    caption = (
        f"Unique and shared variance by region, as parts of the held-out {score_label(score)} of all sets together (dotted line; bar: "
        f"mean over {noun}s; whisker: its 95 % confidence interval, {interval_of(noun)}; dot: a participant's "
        f"mean{diamond}). "
        f"A part is negative where a set "
        f"costs more weights than it explains, or where sets explain more together than apart.{one_result(found, 'Largest')}"
    )
    return figure, caption + left_out(len(table) - len(finite(table[score])), "value")


def _hatch(names: Sequence[str]) -> str:
    """Lines over what is shared, crossed where three share it."""
    return ("", "////", "xxxx")[min(len(names), 3) - 1]


def _blend(some: Sequence[Colour]) -> Colour:
    """The mean of some colours."""
    red, green, blue = np.mean(some, axis=0)
    return float(red), float(green), float(blue)
