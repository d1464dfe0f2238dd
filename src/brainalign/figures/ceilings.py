"""Noise ceilings with their intervals, electrode by electrode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from brainalign.figures._tables import require
from brainalign.figures.style import DOUBLE, INK, MUTED, SINGLE, colours, new_figure, order_of, style
from brainalign.figures.text import count, number, wrap

TRUTHS: dict[str, Any] = {"s": 5, "marker": "D", "facecolor": "white", "edgecolor": INK, "linewidth": 0.6, "zorder": 4}
"""How the true ceilings of simulated data are drawn."""

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIMULATED = {"rho_true", "share_lexical"}
"""Columns by which a table of simulated electrodes is known; a lab may have one of them."""


def ceilings(table: pd.DataFrame, floor: float, *, noun: str = "electrode") -> tuple[Figure, str]:
    """Single-trial ceiling (dot) and its 95 % interval (line) of each electrode, sorted within its region.

    Args:
        table: Columns region, ceiling, ceiling_low, ceiling_high; NaN where not estimable.
        floor: Drawn as a dashed line.
        noun: What a row is, in the caption.

    Returns:
        The figure and its caption, which counts what is not estimable or not above the floor.

    Raises:
        BrainalignError: A column is missing or there are no rows.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"region": "STG", "ceiling": [0.3, 0.5], "ceiling_low": [0.2, 0.4], "ceiling_high": [0.4, 0.6]})
        >>> figure, caption = ceilings(table, floor=0.05)
        >>> print(caption[:60])
        Single-trial noise ceiling of each electrode (dot) and its 9
    """
    require(table, ("region", "ceiling", "ceiling_low", "ceiling_high"), "ceilings")
    regions = order_of(table["region"], None)
    colour = colours(regions)
    known = table[table["ceiling"].notna()]
    at, ticks, sentences = 0, [], []
    with style():
        figure, axes = new_figure(min(DOUBLE, max(SINGLE, 1.2 + 0.03 * len(known) + 0.5 * len(regions))), 2.6)
        for region in regions:
            own = known[known["region"] == region].sort_values("ceiling")
            missing = int((table["region"] == region).sum()) - len(own)
            x = at + np.arange(len(own))
            above = (own["ceiling_low"] > floor).to_numpy()
            axes.vlines(x, own["ceiling_low"], own["ceiling_high"], color=colour[region], linewidth=0.7, alpha=0.6)
            axes.scatter(x[above], own["ceiling"][above], s=7, color=colour[region], zorder=3, gid=f"above {region}")
            axes.scatter(
                x[~above], own["ceiling"][~above], s=7, facecolor="white", edgecolor=colour[region], linewidth=0.7, zorder=3,
                gid=f"below {region}",
            )  # fmt: skip
            if set(own) >= SIMULATED:
                axes.scatter(x, own["rho_true"], **TRUTHS, gid=f"planted {region}")
            width = max(len(own), 1)
            ticks.append(
                (at + (width - 1) / 2, f"{wrap(region, 12)}\n{len(own)}" + (f" (+{missing})" if missing else ""))
            )
            mean = number(float(own["ceiling"].mean())) if len(own) else "none"
            sentences.append(f"{region} {mean} (n = {len(own)}" + (f", {missing} not estimable)" if missing else ")"))
            at += width + max(1, round(0.03 * len(known)))
        axes.axhline(floor, color=MUTED, linewidth=0.8, linestyle="--", gid="floor")
        axes.axhline(0.0, color=MUTED, linewidth=0.6, zorder=0)
        axes.set_xticks([x for x, _ in ticks], [label for _, label in ticks])
        axes.tick_params(axis="x", length=0)
        axes.set_ylabel("single-trial noise ceiling (R²)")
    planted = " Small diamonds: the planted ceilings." if set(known) >= SIMULATED else ""
    below = int((known["ceiling_low"] <= floor).sum())
    return figure, (
        f"Single-trial noise ceiling of each {noun} (dot) and its 95 % bootstrap interval over stimuli (line), sorted "
        "within regions; open: "
        f"lower bound not above the floor of {floor:g} (dashed), {count(below, noun)}.{planted} Mean: {'; '.join(sentences)}."
    )
