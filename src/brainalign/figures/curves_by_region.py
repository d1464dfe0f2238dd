"""A quantity over lag or window length, a line for each region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from brainalign.figures._tables import ELECTRODE, left_out, once, require
from brainalign.figures.style import DOUBLE, colours, legend_above, new_figure, order_of, score_label, style, zero_line
from brainalign.figures.text import interval_of, interval_text, number, one_result
from brainalign.stats import electrodes_ci

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WEIGHT = "norm of weights (per SD)"


def curves_by_region(
    table: pd.DataFrame,
    x: str,
    y: str,
    *,
    x_label: str,
    order: Sequence[str] | None = None,
    noun: str = "electrode",
) -> tuple[Figure, str]:
    """Mean of a column over electrodes against another, with its 95 % interval, one line a region.

    Args:
        table: One row an electrode and value of ``x``: subject, electrode, region, ``x`` and ``y``.
        x: Column of the axis: ``lag_s`` or ``window_s``.
        y: A score, or ``weight``.
        x_label: Of the axis.
        order: Regions in the order that fixes the colours.
        noun: What a row of the table is, in the caption.

    Returns:
        The figure and its caption, which states where it is highest.

    Raises:
        BrainalignError: A column is missing, there are no rows, or an electrode has two rows for a value of ``x``.

    Example:
        >>> import pandas as pd
        >>> rows = [(f"p{p}", f"e{p}", "STG", lag, 0.1 + lag + 0.01 * p) for p in range(4) for lag in (0.0, 0.1)]
        >>> table = pd.DataFrame(rows, columns=["subject", "electrode", "region", "lag_s", "r"])
        >>> figure, caption = curves_by_region(table, "lag_s", "r", x_label="lag (s)")
        >>> print(caption[:60])
        Mean Pearson r against lag (s) over electrodes by region, wi
    """
    require(table, ("region", *ELECTRODE, x, y), "latency")
    once(table, (x, *ELECTRODE), "latency")
    regions = order_of(table["region"], order)
    colour = colours(regions)
    label = WEIGHT if y == "weight" else f"mean {score_label(y)}"
    handles: list[Any] = []
    names: list[str] = []
    found: list[tuple[float, str]] = []
    with style():
        figure, axes = new_figure(0.7 * DOUBLE, 3.0)
        zero_line(axes, "y")
        if table[x].min() < 0:
            zero_line(axes, "x")
        for region in regions:
            own = table[table["region"] == region]
            if own.empty:
                continue
            rows = [(at, *electrodes_ci(rows[y], rows["subject"])[:4]) for at, rows in own.groupby(x)]
            means = pd.DataFrame(rows, columns=["x", "mean", "low", "high", "n"]).astype(float)
            (line,) = axes.plot(
                means["x"], means["mean"], color=colour[region], marker="o", markersize=2.6, gid=f"mean {region}"
            )
            axes.fill_between(means["x"], means["low"], means["high"], color=colour[region], alpha=0.18, linewidth=0)
            handles.append(line)
            names.append(f"{region} (n = {own.drop_duplicates(list(ELECTRODE)).shape[0]})")
            if means["mean"].notna().any():
                best = means.iloc[int(np.nanargmax(means["mean"]))]
                interval = interval_text(best["low"], best["high"])
                found.append((best["mean"], f"{region}, {number(best['mean'])}{interval} at {1000 * best['x']:.0f} ms"))
        axes.set_xlabel(x_label)
        axes.set_ylabel(label)
        legend_above(figure, handles, names)
    caption = (
        f"{label[0].upper()}{label[1:]} against {x_label} over {noun}s by region, with its 95 % confidence interval "
        f"(band), {interval_of(noun)}."
        f"{one_result(found)}"
    )
    return figure, caption + left_out(int((~np.isfinite(table[y].to_numpy(dtype=float))).sum()), "value")
