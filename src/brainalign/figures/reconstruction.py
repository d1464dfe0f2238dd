"""Reconstructed trials: the same predictions scored along trials and along channels, and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from brainalign.figures._tables import jitter, once, require
from brainalign.figures.style import (
    DOUBLE,
    MUTED,
    SINGLE,
    colours,
    dots,
    legend_above,
    name_ticks,
    new_figure,
    style,
    zero_line,
)
from brainalign.figures.text import interval_text, number, one_result
from brainalign.stats import mean_ci

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = {"trials": "along trials", "channels": "along channels (as published)"}


def reconstruction_axes(table: pd.DataFrame, intercept: str) -> tuple[Figure, str]:
    """Mean r of each participant by model, left along trials, right along channels, the intercept-only model beside them.

    Args:
        table: A row a participant, model and score_axis: r_mean.
        intercept: Name of the intercept-only model.

    Returns:
        The figure and its caption, which states the highest mean along trials.

    Raises:
        BrainalignError: A column is missing, there are no rows, or one stands twice.

    Example:
        >>> import pandas as pd
        >>> rows = [(f"p{p}", m, axis, 0.1 * p) for p in range(3) for m in ("gpt2", "mean") for axis in ("trials", "channels")]
        >>> table = pd.DataFrame(rows, columns=["subject", "model", "score_axis", "r_mean"])
        >>> figure, caption = reconstruction_axes(table, "mean")
        >>> print(caption[:60])
        The same held-out predictions scored in two ways, a dot a pa
    """
    require(table, ("subject", "model", "score_axis", "r_mean"), "reconstruction")
    once(table, ("subject", "model", "score_axis"), "reconstruction")
    names = [str(m) for m in dict.fromkeys(table["model"])]
    colour: dict[str, Any] = {**colours([n for n in names if n != intercept]), intercept: MUTED}
    found: list[tuple[float, str]] = []
    with style():
        figure, axes = new_figure(DOUBLE, 2.8, ncols=2)
        for ax, (axis, title) in zip(axes, PANELS.items(), strict=True):
            zero_line(ax, "y")
            for x, name in enumerate(names):
                own = table[(table["model"] == name) & (table["score_axis"] == axis)]["r_mean"].to_numpy(
                    dtype=np.float64
                )
                ci = mean_ci(own)
                dots(
                    ax, x + jitter(len(own), 0.4), own, colour=colour[name], size=10, gid=f"participants {axis} {name}"
                )
                bars = None if ci.n < 2 else [[ci.mean - ci.low], [ci.high - ci.mean]]
                ax.errorbar(x, ci.mean, yerr=bars, color=colour[name], marker="D", markersize=4.5, capsize=3)
                if axis == "trials":
                    found.append((ci.mean, f"{name}, {number(ci.mean)}{interval_text(ci.low, ci.high)}, n = {ci.n}"))
            name_ticks(ax, range(len(names)), [n.replace("_", " ") for n in names], (DOUBLE / 2 - 0.6) / len(names))
            ax.set_xlim(-0.5, len(names) - 0.5)
            ax.set_title(title)
            ax.set_ylabel("mean r of held-out trials")
    caption = (
        "The same held-out predictions scored in two ways, a dot a participant, the mean with its 95 % confidence "
        "interval. Along trials a channel "
        f"must rise and fall with what is predicted; along channels their differing levels count as success."
        f"{one_result(found, 'Highest along trials')}"
    )
    return figure, caption


def reconstruction_course(channels: pd.DataFrame, intercept: str) -> tuple[Figure, str]:
    """Mean r along trials at each time around the onset.

    Args:
        channels: A row a model, participant, channel and time: r.
        intercept: Name of the intercept-only model, which has r = 0 everywhere and is the line at 0.

    Returns:
        The figure and its caption, which states the highest peak.

    Raises:
        BrainalignError: A column is missing, there are no rows, or one stands twice.

    Example:
        >>> import pandas as pd
        >>> rows = [("gpt2", f"p{p}", f"e{p}", t, 0.1 + t + 0.01 * p) for p in range(3) for t in (0.0, 0.1)]
        >>> figure, caption = reconstruction_course(pd.DataFrame(rows, columns=["model", "subject", "electrode", "time", "r"]), "mean")
        >>> print(caption[:60])
        Mean r along trials at each time, over channels and then ove
    """
    require(channels, ("subject", "electrode", "model", "time", "r"), "reconstruction_channels")
    once(channels, ("subject", "electrode", "model", "time"), "reconstruction_channels")
    shown = channels[channels["model"] != intercept]
    people = shown.groupby(["model", "time", "subject"], sort=False)["r"].mean()
    names = [str(m) for m in dict.fromkeys(shown["model"])]
    colour, handles, found = colours(names), [], []
    with style():
        figure, ax = new_figure(SINGLE, 2.8)
        zero_line(ax, "y")
        ax.axvline(0, color=MUTED, linewidth=0.7, linestyle=":")
        for name in names:
            wide = people[name].unstack("time")
            times = wide.columns.to_numpy(dtype=np.float64)
            ci = [mean_ci(wide[t].to_numpy()) for t in wide.columns]
            mean = np.array([c.mean for c in ci])
            (line,) = ax.plot(times, mean, color=colour[name], gid=f"mean {name}")
            ax.fill_between(
                times, [c.low for c in ci], [c.high for c in ci], color=colour[name], alpha=0.14, linewidth=0
            )
            handles.append(line)
            top = int(np.nanargmax(mean))
            interval = interval_text(ci[top].low, ci[top].high)
            found.append((mean[top], f"{name}, {number(mean[top])}{interval} at {1000 * times[top]:.0f} ms"))
        ax.set_xlabel("time from the onset of speech (s)")
        ax.set_ylabel("mean r along trials")
        legend_above(figure, handles, names)
    caption = (
        f"Mean r along trials at each time, over channels and then over "
        f"{people.index.get_level_values('subject').nunique()} participants, with its "
        f"95 % confidence interval (band); the intercept alone has 0.{one_result(found)}"
    )
    return figure, caption
