"""Noise ceilings with their intervals, electrode by electrode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from brainalign.counts import count
from brainalign.figures._distribution import MANY, draw_values, shown_as
from brainalign.figures._planted import draw_planted
from brainalign.figures._tables import require
from brainalign.figures.style import DOUBLE, INK, MUTED, SINGLE, colours, name_ticks, new_figure, order_of, style
from brainalign.figures.text import number

TRUTHS: dict[str, Any] = {"s": 5, "marker": "D", "facecolor": "white", "edgecolor": INK, "linewidth": 0.6, "zorder": 4}
"""How the true ceilings of simulated data are drawn."""

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIMULATED = {"rho_true", "share_lexical"}
"""Columns by which a table of simulated electrodes is known; a lab may have one of them."""


def ceilings(table: pd.DataFrame, floor: float, *, noun: str = "electrode") -> tuple[Figure, str]:
    """Single-trial ceiling (dot) and its 95 % interval (line) of each electrode, sorted within its region; of many, their distribution.

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
    at, ticks, crowded = 0, [], len(known) > MANY
    with style():
        width = min(
            DOUBLE,
            max(SINGLE, 1.2 + (0.0 if crowded else 0.03 * len(known)) + (0.75 if crowded else 0.5) * len(regions)),
        )
        figure, axes = new_figure(width, 2.6)
        for region in regions:
            own = known[known["region"] == region].sort_values("ceiling")
            missing = int((table["region"] == region).sum()) - len(own)
            if crowded:
                values = own["ceiling"].to_numpy(dtype=np.float64)
                draw_values(axes, values, at, 0.8, colour[region], size=7, crowded=True, gid=f"dots {region}")
                truth = float(own["rho_true"].mean()) if set(own) >= SIMULATED else float("nan")
                draw_planted(axes, at, truth, f"planted {region}")
                ticks.append((float(at), region, f"{len(own)}" + (f" (+{missing})" if missing else "")))
                at += 1
                continue
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
            room = max(len(own), 1)
            ticks.append((at + (room - 1) / 2, region, f"{len(own)}" + (f" (+{missing})" if missing else "")))
            at += room + max(1, round(0.03 * len(known)))
        axes.axhline(floor, color=MUTED, linewidth=0.8, linestyle="--", gid="floor")
        axes.axhline(0.0, color=MUTED, linewidth=0.6, zorder=0)
        places, names, counts = zip(*ticks, strict=True)
        name_ticks(axes, places, names, (width - 0.6) / len(regions), counts)
        axes.set_ylabel("single-trial noise ceiling (R²)")
    mark = "Diamonds: the mean planted ceilings." if crowded else "Small diamonds: the planted ceilings."
    planted = f" {mark}" if set(known) >= SIMULATED else ""
    below, missing = int((known["ceiling_low"] <= floor).sum()), len(table) - len(known)
    each = (
        f"Single-trial noise ceilings by region ({shown_as(True, noun)}); dashed: the floor of {floor:g}, which the lower bound does "
        f"not exceed in {count(below, noun)}."
        if crowded
        else f"Single-trial noise ceiling of each {noun} (dot) and its 95 % bootstrap interval over stimuli (line), sorted within "
        f"regions; open: lower bound not above the floor of {floor:g} (dashed), {count(below, noun)}."
    )
    mean = f" Mean over {count(len(known), noun)}: {number(float(known['ceiling'].mean()))}." if len(known) else ""
    return figure, f"{each}{planted}{mean}" + (f" {missing} not estimable." if missing else "")
