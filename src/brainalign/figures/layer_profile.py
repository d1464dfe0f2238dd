"""The score layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from brainalign.figures._choices import draw_choices
from brainalign.figures._planted import LABEL, draw_planted, planted
from brainalign.figures._tables import ELECTRODE, left_out, once, require
from brainalign.figures.style import (
    DOUBLE,
    MUTED,
    Colour,
    colours,
    legend_above,
    new_figure,
    order_of,
    score_label,
    style,
    zero_line,
)
from brainalign.figures.text import interval_of, interval_text, number, one_result
from brainalign.stats import MeanInterval, electrodes_ci

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from brainalign.figures.style import Panel


def layer_profile(
    layers: pd.DataFrame,
    score: str = "r",
    *,
    over: Literal["electrodes", "participants"] = "electrodes",
    order: Sequence[str] | None = None,
    noun: str = "electrode",
    choices: pd.DataFrame | None = None,
    relative: bool = False,
    ceiling: MeanInterval | None = None,
    into: Panel | None = None,
) -> tuple[Figure, str]:
    """Mean score of each layer with its 95 % interval; the best is ringed, an only layer a dashed line.

    Args:
        layers: Layer table: model, layer, subject, electrode and ``score``.
        score: Column of the score.
        over: What mean and interval run over: each electrode, or the means of participants.
        order: Models in the order that fixes the colours; by default as the table has them.
        noun: What a row of the table is, in the caption.
        choices: Scores table with the column ``rule``: what the choice on inner folds (nested) and the optimum of each
            electrode on the scored data (max) come to, shown to the right of the layers.
        relative: Place layers by their depth, 0 for a model's first to 1 for its last, so that models of different depth can be compared.
        ceiling: Mean noise ceiling of this score, a grey band.
        into: A panel to draw into, in place of a figure of its own.

    Returns:
        The figure and its caption, which states the highest mean, its layer and interval.

    Raises:
        BrainalignError: A column is missing, there are no rows, or an electrode has two rows for a layer.

    Example:
        >>> import pandas as pd
        >>> rows = [("gpt2", n, f"p{p}", f"e{p}", 0.1 + 0.02 * n + 0.01 * p) for n in range(3) for p in range(4)]
        >>> layers = pd.DataFrame(rows, columns=["model", "layer", "subject", "electrode", "r"])
        >>> figure, caption = layer_profile(layers)
        >>> print(caption[:60])
        Mean Pearson r by layer over electrodes with its 95 % confid
    """
    require(layers, ("model", "layer", *ELECTRODE, score), "layers")
    once(layers, ("model", "layer", *ELECTRODE), "layers")
    models = order_of(layers["model"], order)
    colour = colours(models)
    unit = f"{noun}s" if over == "electrodes" else "participants"
    handles, names = [], []
    found: list[tuple[float, str]] = []
    marks: list[Line2D] = []
    with style():
        figure, axes = new_figure(0.7 * DOUBLE, 3.0, into)
        zero_line(axes, "y")
        for model in models:
            own = layers[layers["model"] == model]
            if own.empty:
                continue
            if relative:
                own = own.assign(layer=depth(own["layer"]))
            profile = layer_means(own, score, over)
            handles.append(draw_profile(axes, profile, model, colour[model]))
            names.append(model)
            found.append(describe(profile, model, unit, "at depth" if relative else "in layer"))
            for layer, rows in own.groupby("layer"):
                truth = planted(rows, score)
                marks += filter(None, [draw_planted(axes, float(str(layer)), truth, f"planted {model}")])
        if ceiling is not None:
            if np.isfinite([ceiling.low, ceiling.high]).all():
                axes.axhspan(ceiling.low, ceiling.high, color=MUTED, alpha=0.15, linewidth=0, zorder=0, gid="ceiling")
            handles.append(axes.axhline(ceiling.mean, color=MUTED, linewidth=0.8, gid="mean ceiling"))
            names.append("noise ceiling")
        axes.set_xlabel("depth (0 = first layer, 1 = last)" if relative else "layer (0 = input embedding)")
        axes.set_ylabel(f"mean {score_label(score)}")
        if not relative:
            axes.xaxis.get_major_locator().set_params(integer=True)
        deep = layers.groupby("model")["layer"].nunique() > 1
        chosen = False
        if choices is not None and deep.any():
            choosing = {model: colour[model] for model in names if deep[model]}
            extent = float(layers["layer"].min()), float(layers["layer"].max())
            chosen = draw_choices(axes, choices, score, choosing, extent, participants=over == "participants")
        legend_above(figure, [*handles, *marks[:1]], [*names, *([LABEL] if marks else [])])
    caption = (
        f"Mean {score_label(score)} by layer over {unit} with its 95 % confidence interval (band), {interval_of(noun)}; a ring "
        f"marks the best layer, chosen on the scores shown and so optimistic.{one_result(found)}"
    )
    if ceiling is not None:
        caption += " Grey: the mean noise ceiling with its interval."
    if marks:
        caption += " Diamonds: the best layers that were planted, and the means that they would have without any cost of estimation."
    if chosen:
        caption += (
            f" Right: with the layer of each {noun} chosen on inner folds (nested), and with its best on the scored data (max), "
            "which is optimistic by the difference."
        )
    return figure, caption + left_out(int((~np.isfinite(layers[score].to_numpy(dtype=float))).sum()), "value")


def draw_profile(axes: Axes, profile: pd.DataFrame, model: str, colour: Colour) -> Line2D:
    """Draw one model's layers; a dashed line across the axes where it has but one.

    Args:
        axes: Where.
        profile: From :func:`layer_means`.
        model: Its name.
        colour: Its colour.

    Returns:
        The line, for the legend.
    """
    gid = f"mean {model}"
    if len(profile) == 1:
        mean, low, high = (float(profile[column].iloc[0]) for column in ("mean", "low", "high"))
        if np.isfinite([low, high]).all():
            axes.axhspan(low, high, color=colour, alpha=0.12, linewidth=0)
        return axes.axhline(mean, color=colour, linestyle=(0, (4, 2)), gid=gid)
    x = profile["layer"]
    (line,) = axes.plot(x, profile["mean"], color=colour, marker="o", markersize=2.6, gid=gid)
    axes.fill_between(x, profile["low"], profile["high"], color=colour, alpha=0.18, linewidth=0)
    if profile["mean"].notna().any():
        best = profile.iloc[int(np.nanargmax(profile["mean"]))]
        ring: dict[str, Any] = {
            "markersize": 8,
            "markerfacecolor": "none",
            "markeredgecolor": colour,
            "markeredgewidth": 1.3,
        }
        axes.plot(best["layer"], best["mean"], "o", gid=f"best {model}", **ring)
    return line


def depth(layers: pd.Series[int]) -> pd.Series[float]:
    """Layers from 0, the first that there is, to 1, the last; an only one is at 0.

    Example:
        >>> depth(pd.Series([0, 6, 12])).tolist()
        [0.0, 0.5, 1.0]
    """
    return (layers - layers.min()) / max(1, layers.max() - layers.min())


def describe(profile: pd.DataFrame, model: str, unit: str, where: str = "in layer") -> tuple[float, str]:
    """The highest mean of one model, and the caption's words for it: its best layer, or its only one."""
    if profile["mean"].isna().all():
        return float("nan"), ""
    best = profile.iloc[int(np.nanargmax(profile["mean"]))]
    which = "one layer" if len(profile) == 1 else f"{where} {best['layer']:.3g}"
    interval = interval_text(best["low"], best["high"])
    return float(best["mean"]), f"{model}, {which}, mean {number(best['mean'])}{interval}, n = {best['n']:.0f} {unit}"


def layer_means(own: pd.DataFrame, score: str, over: Literal["electrodes", "participants"]) -> pd.DataFrame:
    """Mean, interval and n of each layer of one model.

    Args:
        own: The layer table's rows of one model.
        score: Column of the score.
        over: ``electrodes``, or ``participants`` to average each participant's finite scores first.

    Returns:
        Columns layer, mean, low, high, n; by layer.
    """
    values = own[["layer", "subject", score]].copy()
    values[score] = values[score].where(np.isfinite(values[score].to_numpy(dtype=np.float64)))
    if over == "participants":
        values = values.groupby(["layer", "subject"], as_index=False)[[score]].mean()
    rows = [(layer, *electrodes_ci(group[score], group["subject"])[:4]) for layer, group in values.groupby("layer")]
    return pd.DataFrame(rows, columns=["layer", "mean", "low", "high", "n"]).astype(float)
