"""ABX accuracy layer by layer beside chance, and its correlation with listeners' answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from brainalign.figures._tables import require
from brainalign.figures.layer_profile import describe, draw_profile
from brainalign.figures.style import DOUBLE, MUTED, SMALL, colours, legend_above, new_figure, order_of, style, zero_line
from brainalign.figures.text import interval_text, number, one_result, p_text
from brainalign.journals import text_size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PROFILE = ("model", "layer", "mean", "low", "high", "n")


def abx_layers(profile: pd.DataFrame, order: Sequence[str] | None = None) -> tuple[Figure, str]:
    """Mean accuracy over contrasts of each layer with its 95 % interval; chance is .5.

    Args:
        profile: One row a (model, layer): mean, low, high and n contrasts.
        order: Models in the order that fixes the colours.

    Returns:
        The figure and its caption.

    Raises:
        BrainalignError: A column is missing, or there are no rows.

    Example:
        >>> import pandas as pd
        >>> rows = [("mel", 0, 0.7, 0.6, 0.8, 20), ("whisper", 0, 0.6, 0.5, 0.7, 20), ("whisper", 4, 0.9, 0.85, 0.95, 20)]
        >>> figure, caption = abx_layers(pd.DataFrame(rows, columns=["model", "layer", "mean", "low", "high", "n"]))
        >>> print(caption[:60])
        Share of triplets whose X is nearer to A than to B, averaged
    """
    require(profile, PROFILE, "profile")
    models = order_of(profile["model"], order)
    colour = colours(models)
    with style():
        figure, axes = new_figure(0.7 * DOUBLE, 3.0)
        axes.axhline(0.5, color=MUTED, linewidth=0.8, gid="chance")
        axes.annotate(
            "chance",
            (1.0, 0.5),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="top",
            size=text_size(SMALL),
            color=MUTED,
        )
        handles, found = [], []
        for model in models:
            own = profile[profile["model"] == model]
            handles.append(draw_profile(axes, own[list(PROFILE[1:])].astype(float), model, colour[model]))
            found.append(describe(own, model, "contrasts"))
        axes.set_ylim(bottom=min(0.46, axes.get_ylim()[0]))  # room for the word
        axes.set_xlabel("layer (0 = input embedding)")
        axes.set_ylabel("ABX accuracy, mean over contrasts")
        axes.xaxis.get_major_locator().set_params(integer=True)
        legend_above(figure, handles, models)
    caption = (
        "Share of triplets whose X is nearer to A than to B, averaged by contrast and then over contrasts, with its 95 % confidence "
        "interval over contrasts (band); a dashed line is a model with one layer; a ring marks the best layer, chosen on the accuracies "
        f"shown and so optimistic.{one_result(found)}"
    )
    return figure, caption


def abx_answers(relations: pd.DataFrame, order: Sequence[str] | None = None) -> tuple[Figure, str]:
    """Spearman correlation of delta with listeners' mean answers by layer, a panel a group of listeners.

    Args:
        relations: One row a (model, group, layer): r, low, high, p, n; of one measure and coefficient.
        order: Models in the order that fixes the colours.

    Returns:
        The figure and its caption.

    Raises:
        BrainalignError: A column is missing, or there are no rows.

    Example:
        >>> import pandas as pd
        >>> rows = [("whisper", "French", n, 0.1 * n, 0.1 * n - 0.1, 0.1 * n + 0.1, 0.05, 40) for n in range(3)]
        >>> figure, caption = abx_answers(pd.DataFrame(rows, columns=["model", "group", "layer", "r", "low", "high", "p", "n"]))
        >>> print(caption[:60])
        Spearman correlation over triplets of delta = d(B, X) − d(A,
    """
    require(relations, ("model", "group", "layer", "r", "low", "high", "p", "n"), "answers")
    models, groups = order_of(relations["model"], order), order_of(relations["group"], None)
    colour = colours(models)
    found, handles = list[tuple[float, str]](), dict[str, Any]()
    with style():
        figure, panels = new_figure(DOUBLE, 3.0, ncols=len(groups), sharey=True, squeeze=False)
        for axes, group in zip(panels[0], groups, strict=True):
            zero_line(axes, "y")
            for model in models:
                own = relations[(relations["model"] == model) & (relations["group"] == group)]
                if own.empty:
                    continue
                shown = own[["layer", "r", "low", "high", "n"]].rename(columns={"r": "mean"}).astype(float)
                handles[model] = draw_profile(axes, shown, model, colour[model])
                if own["r"].notna().any():
                    best = own.loc[own["r"].idxmax()]
                    interval = f"{interval_text(best['low'], best['high'])}, {p_text(best['p'])}"
                    where = f"{model} and {group} listeners in layer {best['layer']:.0f}"
                    found.append((best["r"], f"{where}, {number(best['r'])}{interval}, n = {best['n']:.0f} triplets"))
            axes.set_title(f"listeners: {group}")
            axes.set_xlabel("layer (0 = input embedding)")
            axes.xaxis.get_major_locator().set_params(integer=True)
        panels[0][0].set_ylabel("Spearman correlation of delta\nwith listeners' answers")
        legend_above(figure, list(handles.values()), list(handles))
    caption = (
        "Spearman correlation over triplets of delta = d(B, X) − d(A, X) and the mean answer of a group of listeners, with its 95 % "
        "interval from a bootstrap over contrasts (band); p by shuffling triplets within contrasts, one-sided, uncorrected; the best layer "
        f"(ring) is chosen on what is shown.{one_result(found)}"
    )
    return figure, caption
