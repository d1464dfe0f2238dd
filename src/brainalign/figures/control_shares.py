"""What each control reaches of a model's score, in all and by region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from brainalign.figures._tables import once, require
from brainalign.figures.style import (
    DOUBLE,
    INK,
    MUTED,
    colours,
    legend_above,
    new_figure,
    order_of,
    style,
    zero_line,
)
from brainalign.figures.text import count, wrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW = 0.42
"""Inches of a control's row."""

ALL = "all"


def control_shares(
    table: pd.DataFrame, model: str, *, splits: Sequence[str] = (), noun: str = "electrode"
) -> tuple[Figure, str]:
    """A row a control: its share of the model's score with interval, over all electrodes (black) and by region.

    Args:
        table: Columns control, region (``all`` among them), share, share_low, share_high, share_over, n.
        model: The control that is the model itself; 100 %, drawn as a line.
        splits: Controls that are splits, below a line of their own.
        noun: What n counts.

    Returns:
        The figure and its caption, which states every share over all.

    Raises:
        BrainalignError: A column is missing, there are no rows, or a control has two rows for a region.
    """
    require(table, ("control", "region", "share", "share_low", "share_high", "share_over", "n"), "controls")
    once(table, ("control", "region"), "controls")
    shown = table[table["control"] != model]
    names = order_of(shown["control"], None)
    regions = order_of(shown["region"], [ALL])
    colour: dict[str, Any] = {ALL: INK, **colours([r for r in regions if r != ALL])}
    step = 0.76 / len(regions)
    handles: list[Any] = []
    sentences = []
    with style():
        figure, axes = new_figure(0.8 * DOUBLE, 0.8 + ROW * len(names))
        zero_line(axes, "x")
        axes.axvline(100, color=MUTED, linewidth=0.8, linestyle="--", gid="the model itself")
        for place, region in enumerate(regions):
            own = shown[shown["region"] == region].set_index("control").reindex(names)
            share, low, high = (100 * own[c].to_numpy(dtype=np.float64) for c in ("share", "share_low", "share_high"))
            at = np.arange(len(names)) + (place - (len(regions) - 1) / 2) * step
            axes.hlines(at, low, high, color=colour[region], linewidth=1.4 if region == ALL else 0.9)
            marker, size = ("D", 4.5) if region == ALL else ("o", 3.2)
            (line,) = axes.plot(share, at, marker, color=colour[region], markersize=size, gid=f"share {region}")
            handles.append(line)
        for name, row in shown[shown["region"] == ALL].set_index("control").loc[names].iterrows():
            told = f"{100 * row['share']:.0f} % [{100 * row['share_low']:.0f}, {100 * row['share_high']:.0f}]"
            sentences.append(f"{name} {told if np.isfinite(row['share']) else 'n/a'}".replace("-", "−"))
        first = next((i for i, name in enumerate(names) if name in splits), 0)
        if first:
            axes.axhline(first - 0.5, color=MUTED, linewidth=0.6)
        axes.set_yticks(range(len(names)), [wrap(name.replace("_", " "), 24) for name in names])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlabel(f"share of {model}'s score (%)")
        legend_above(figure, handles, regions)
    over = shown["share_over"].iloc[0]
    n = int(shown.loc[shown["region"] == ALL, "n"].max())
    caption = (
        f"Share of {model}'s held-out score that each control reaches (ratio of sums over {noun}s; line: 95 % bootstrap interval over "
        f"{over}; dashed: the model itself), over all {count(n, noun)} and by region. Over all: {'; '.join(sentences)}."
    )
    missing = int(shown["share"].isna().sum())
    more = (
        f" {count(missing, 'share')} not given, where the model's own score is not clearly above 0." if missing else ""
    )
    return figure, caption + more
