"""Beside a profile over layers: what the two rules of choosing a layer come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.figures.style import MUTED, Colour, inches_wide
from brainalign.stats import MeanInterval, electrodes_ci, mean_ci

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RULES = ("nested", "max")
"""Layer rules from left to right: chosen on inner folds, and the optimum on the scored data."""

STEP = 0.36
"""Inches from the last layer to the first rule, and on to the next."""


def draw_choices(
    axes: Axes,
    choices: pd.DataFrame,
    score: str,
    colour: Mapping[str, Colour],
    extent: tuple[float, float],
    *,
    participants: bool,
) -> bool:
    """Mean and 95 % interval of each layer rule, as two more places to the right of the layers.

    Args:
        axes: With the profiles.
        choices: Columns model, rule, subject and ``score``, one row an electrode under a rule.
        score: Column.
        colour: Of each model that has layers to choose from.
        extent: First and last layer, which differ.
        participants: Average each participant's scores first.

    Returns:
        Whether a model has both rules.
    """
    from matplotlib.ticker import MaxNLocator

    first, last = extent
    step = STEP * (last - first) / (inches_wide(axes.figure) - 0.8 - 3 * STEP)  # type: ignore[arg-type]
    at = {rule: last + (i + 1) * step for i, rule in enumerate(RULES)}
    drawn = False
    for i, model in enumerate(colour):
        found = {rule: rule_mean(choices, model, rule, score, participants) for rule in RULES}
        if any(mean.n == 0 for mean in found.values()):
            continue
        aside = (i - (len(colour) - 1) / 2) * 0.22 * step
        for rule, mean in found.items():
            face = colour[model] if rule == "nested" else "none"
            axes.vlines(at[rule] + aside, mean.low, mean.high, color=colour[model], linewidth=1.0)
            axes.plot(
                at[rule] + aside, mean.mean, "D", markersize=4, markerfacecolor=face, markeredgecolor=colour[model],
                gid=f"{rule} {model}",
            )  # fmt: skip
        drawn = True
    if drawn:
        layers = [float(t) for t in MaxNLocator(5, integer=True).tick_values(first, last) if first <= t <= last]
        axes.set_xticks([*layers, *at.values()], [*(f"{t:.0f}" for t in layers), *at], minor=False)
        axes.axvline(last + 0.5 * step, color=MUTED, linewidth=0.6)
        axes.set_xlim(first - 0.4 * step, last + 2.6 * step)
    return drawn


def rule_mean(choices: pd.DataFrame, model: str, rule: str, score: str, participants: bool) -> MeanInterval:
    """Mean score of a model under a layer rule, over electrodes or over the means of participants."""
    own = choices[(choices["model"] == model) & (choices["rule"] == rule)]
    values = own[score].where(np.isfinite(own[score].to_numpy(dtype=np.float64)))
    return mean_ci(values.groupby(own["subject"]).mean()) if participants else electrodes_ci(values, own["subject"])
