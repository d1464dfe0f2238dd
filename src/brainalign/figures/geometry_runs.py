"""Similarities that several runs found, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.figures._tables import require
from brainalign.figures.style import DOUBLE, SINGLE, colours, legend_above, name_ticks, new_figure, style, zero_line
from brainalign.figures.text import interval_text, number, one_result, wrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def geometry_runs(table: pd.DataFrame, order: Sequence[str], measure: str) -> tuple[Figure, str]:
    """A point with its interval a run, at each pair of models or region.

    Args:
        table: Columns run, place (a pair of models, or a region), value, low, high (NaN where there is no interval).
        order: Runs, in the order of their colours.
        measure: Its name, for the axis.

    Returns:
        The figure and its caption, which states the highest number.

    Raises:
        BrainalignError: A column is missing or there are no rows.

    Example:
        >>> import pandas as pd
        >>> rows = [("gpt2", "STG", 0.3, 0.2, 0.4), ("bert", "STG", 0.2, 0.1, 0.3)]
        >>> figure, caption = geometry_runs(pd.DataFrame(rows, columns=["run", "place", "value", "low", "high"]), ["gpt2", "bert"], "CKA")
        >>> print(caption[:60])
        CKA in each run (point; whisker: its 95 % confidence interva
    """
    require(table, ("run", "place", "value", "low", "high"), "geometry of runs")
    colour = colours(order)
    runs = [run for run in order if (table["run"] == run).any()]
    places = list(dict.fromkeys(table["place"]))
    width = min(DOUBLE, max(SINGLE, 0.8 + len(places) * max(0.9, 0.18 * len(runs))))
    step, found = 0.7 / len(runs), list[tuple[float, str]]()
    with style():
        figure, axes = new_figure(width, 2.8)
        zero_line(axes, "y")
        handles = {}
        for x, place in enumerate(places):
            inside = table[table["place"] == place]
            for i, run in enumerate(runs):
                for row in inside[inside["run"] == run].itertuples():
                    at = x + (i - (len(runs) - 1) / 2) * step
                    (handles[run],) = axes.plot(
                        at, row.value, "o", color=colour[run], markersize=4, gid=f"{place} {run}"
                    )
                    known = np.isfinite(row.low)
                    if known:
                        axes.vlines(at, row.low, row.high, color=colour[run], linewidth=1.2)
                    interval = interval_text(row.low, row.high)
                    found.append((float(row.value), f"{run}, {place}, {number(row.value)}{interval}"))
        name_ticks(axes, range(len(places)), list(map(str, places)), (width - 0.6) / len(places))
        axes.set_xlim(-0.55, len(places) - 0.45)
        axes.set_ylabel(wrap(measure, 38))
        legend_above(figure, list(handles.values()), list(handles))
    return figure, (
        f"{measure[0].upper()}{measure[1:]} in each run (point; whisker: its 95 % confidence interval, where there is one)."
        f"{one_result(found)}"
    )
