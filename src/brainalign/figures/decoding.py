"""Scores of reconstructions by participant, with chance: over models, or over the layers of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.errors import one_of
from brainalign.figures._tables import jitter, once, require
from brainalign.figures.style import MUTED, SINGLE, colours, dots, legend_above, new_figure, style
from brainalign.figures.text import interval_text, number, one_result, wrap
from brainalign.stats import mean_ci

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = {
    "r": "r of feature and reconstruction",
    "accuracy": "share of segments told right",
}
CAPTIONS = {
    "r": "Pearson's r of held-out features and their reconstruction from all channels, mean over dimensions",
    "accuracy": "Share of held-out segments whose reconstruction is more like what was heard than like its rival",
}


def decoding_scores(table: pd.DataFrame, score: str = "r", *, chance: float = 0.0) -> tuple[Figure, str]:
    """A dot a participant with the mean and its interval, models side by side; a line over layers where a model has several.

    Args:
        table: A row a model, layer and participant (subject), with the score.
        score: ``r`` or ``accuracy``.
        chance: Where the dashed line is.

    Returns:
        The figure and its caption, which states the highest mean, its interval and n.

    Raises:
        BrainalignError: A column is missing, there are no rows, one stands twice, or the score is another.

    Example:
        >>> import pandas as pd
        >>> rows = [("mel", 0, f"p{i}", 0.1 + 0.01 * i) for i in range(4)]
        >>> figure, caption = decoding_scores(pd.DataFrame(rows, columns=["model", "layer", "subject", "r"]))
        >>> print(caption[-47:])
        (0). Highest: mel, 0.115 [0.094, 0.136], n = 4.
    """
    one_of("score", score, tuple(LABELS))
    require(table, ("model", "layer", "subject", score), "decoding")
    once(table, ("model", "layer", "subject"), "decoding")
    names = [str(m) for m in dict.fromkeys(table["model"])]
    layered = bool((table.groupby("model")["layer"].nunique() > 1).any())
    colour, found, handles = colours(names), list[tuple[float, str]](), []
    with style():
        figure, ax = new_figure(SINGLE, 2.8)
        ax.axhline(chance, color=MUTED, linewidth=0.9, linestyle="--", gid="chance")
        for x, name in enumerate(names):
            own = table[table["model"] == name]
            by_layer = {n: mean_ci(v[score].to_numpy(dtype=np.float64)) for n, v in own.groupby("layer", sort=True)}
            best = max(by_layer, key=lambda n: np.nan_to_num(by_layer[n].mean, nan=-np.inf))
            ci = by_layer[best]
            interval = interval_text(ci.low, ci.high)
            which = f" (layer {best}, the highest of {len(by_layer)})" if len(by_layer) > 1 else ""
            found.append((ci.mean, f"{name}{which}, {number(ci.mean)}{interval}, n = {ci.n}"))
            if layered:
                places = list(by_layer)
                (line,) = ax.plot(
                    places, [c.mean for c in by_layer.values()], color=colour[name], marker="o", gid=f"mean {name}"
                )
                ends = ([c.low for c in by_layer.values()], [c.high for c in by_layer.values()])
                ax.fill_between(places, *ends, color=colour[name], alpha=0.14, linewidth=0)
                handles.append(line)
                continue
            values = own[score].to_numpy(dtype=np.float64)
            dots(ax, x + jitter(len(values), 0.4), values, colour=colour[name], size=10, gid=f"participants {name}")
            # no diamond, which in other figures is what was planted
            bars = [[ci.mean - ci.low], [ci.high - ci.mean]] if np.isfinite(ci.low) else None
            ax.errorbar(x, ci.mean, yerr=bars, color=colour[name], marker="o", markersize=5.5, capsize=3)
        _axis(ax, names, layered)
        ax.set_ylabel(LABELS[score])
        if layered:
            legend_above(figure, handles, names)
    who = "a line a model with its 95 % confidence interval over participants" if layered else (
        "a dot a participant, the mean with its 95 % confidence interval"
    )  # fmt: skip
    return figure, f"{CAPTIONS[score]}: {who}; the dashed line is chance ({chance:g}).{one_result(found)}"


def _axis(ax: Axes, names: list[str], layered: bool) -> None:
    if layered:
        ax.set_xlabel("layer")
        return
    ax.set_xticks(range(len(names)), [wrap(n.replace("_", " "), 10) for n in names])
    ax.set_xlim(-0.5, len(names) - 0.5)
