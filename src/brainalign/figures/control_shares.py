"""What each control reaches of a model's score, in all and by region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from brainalign.counts import count, ends
from brainalign.figures._tables import once, require
from brainalign.figures.style import (
    DOUBLE,
    INK,
    MUTED,
    Colour,
    colours,
    legend_above,
    new_figure,
    order_of,
    style,
    zero_line,
)
from brainalign.figures.text import one_result, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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
        splits: Controls that are splits, in a panel of their own, as leaks go far beyond 100 %.
        noun: What n counts.

    Returns:
        The figure and its caption, which states the largest share over all.

    Raises:
        BrainalignError: A column is missing, there are no rows, or a control has two rows for a region.

    Example:
        >>> import pandas as pd
        >>> rows = [("gpt2", "all", 1.0, 1.0, 1.0), ("word_rate", "all", 0.4, 0.2, 0.6), ("word_rate", "STG", 0.5, 0.3, 0.7)]
        >>> table = pd.DataFrame(rows, columns=["control", "region", "share", "share_low", "share_high"])
        >>> figure, caption = control_shares(table.assign(share_over="3 participants", n=10), "gpt2")
        >>> print(caption[:60])
        Share of gpt2's held-out score that each control reaches (ra
    """
    require(table, ("control", "region", "share", "share_low", "share_high", "share_over", "n"), "controls")
    once(table, ("control", "region"), "controls")
    shown = table[table["control"] != model]
    names = order_of(shown["control"], None)
    panels = [part for part in ([n for n in names if n not in splits], [n for n in names if n in splits]) if part]
    regions = order_of(shown["region"], [ALL])
    colour: dict[str, Any] = {ALL: INK, **colours([r for r in regions if r != ALL])}
    with style():
        figure, grid = new_figure(
            0.8 * DOUBLE, 0.6 + 0.45 * len(panels) + ROW * len(names), nrows=len(panels), squeeze=False,
            height_ratios=[len(part) for part in panels],
        )  # fmt: skip
        for axes, part in zip(grid[:, 0], panels, strict=True):
            limits = _limits(shown[shown["control"].isin(part)])
            handles = [
                _draw(axes, shown, part, region, place, regions, colour[region], limits)
                for place, region in enumerate(regions)
            ]
            zero_line(axes, "x")
            axes.axvline(100, color=MUTED, linewidth=0.8, linestyle="--", gid="the model itself")
            axes.set_yticks(range(len(part)), [wrap(name.replace("_", " "), 24) for name in part])
            axes.tick_params(axis="y", length=0)
            axes.set_ylim(len(part) - 0.4, -0.6)
            axes.set_xlim(*limits)
        grid[-1, 0].set_xlabel(wrap(f"share of {model}'s score (%)", 60))
        legend_above(figure, handles, regions)
    found = []
    for name, row in shown[shown["region"] == ALL].set_index("control").loc[names].iterrows():
        told = f"{100 * row['share']:.0f} %{ends(100 * row['share_low'], 100 * row['share_high'], '.0f')}"
        found.append((float(row["share"]), f"{name}, {told}".replace("-", "−")))
    n = int(shown.loc[shown["region"] == ALL, "n"].max())
    caption = (
        f"Share of {model}'s held-out score that each control reaches (ratio of sums over {noun}s; line: 95 % jackknife interval over "
        f"{shown['share_over'].iloc[0]}, none where it would leave the "
        f"frame; dashed: the model itself), over all {count(n, noun)} and by region."
        f"{one_result(found, 'Largest over all')}"
    )
    missing = int(shown["share"].isna().sum())
    more = (
        f" {count(missing, 'share')} not given, where the model's own score is not clearly above 0." if missing else ""
    )
    return figure, caption + more


def _draw(
    axes: Axes,
    shown: pd.DataFrame,
    names: Sequence[str],
    region: str,
    place: int,
    regions: Sequence[str],
    colour: Colour,
    limits: tuple[float, float],
) -> Any:
    """Dots and intervals of one region; gives what stands for it in the legend."""
    own = shown[shown["region"] == region].set_index("control").reindex(names)
    share, low, high = (100 * own[c].to_numpy(dtype=np.float64) for c in ("share", "share_low", "share_high"))
    at = np.arange(len(names)) + (place - (len(regions) - 1) / 2) * 0.76 / len(regions)
    inside = (low >= limits[0]) & (high <= limits[1])
    axes.hlines(at[inside], low[inside], high[inside], color=colour, linewidth=1.4 if region == ALL else 0.9)
    marker, size = ("D", 4.5) if region == ALL else ("o", 3.2)
    (line,) = axes.plot(share, at, marker, color=colour, markersize=size, gid=f"share {region}")
    return line


def _limits(shown: pd.DataFrame) -> tuple[float, float]:
    """All shares, 0 and 100 %, and the intervals that are no longer than twice what these span, with a margin."""
    share, low, high = (100 * shown[c].to_numpy(dtype=np.float64) for c in ("share", "share_low", "share_high"))
    known = np.concatenate([share[np.isfinite(share)], [0.0, 100.0]])
    short = high - low <= 2 * np.ptp(known)
    known = np.concatenate([known, low[short], high[short]])
    margin = 0.06 * float(np.ptp(known))
    return float(known.min()) - margin, float(known.max()) + margin
