"""One model against another, electrode by electrode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.figures._tables import ELECTRODE, left_out, require
from brainalign.figures.style import (
    MARKERS,
    MUTED,
    SINGLE,
    colours,
    legend_above,
    new_figure,
    order_of,
    score_label,
    style,
)
from brainalign.figures.text import count, number, wrap
from brainalign.stats import electrodes_ci, pair_values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from brainalign.figures.style import Panel


def model_scatter(
    scores: pd.DataFrame,
    a: str,
    b: str,
    score: str = "r",
    *,
    by: str = "model",
    noun: str = "electrode",
    into: Panel | None = None,
) -> tuple[Figure, str]:
    """Score under a (up) against score under b (across), a dot an electrode, with the line of equality.

    Args:
        scores: Tidy scores table of one space and one layer rule: subject, electrode, region, ``by``,
            ``score``.
        a: The model.
        b: The baseline.
        score: Column of the score.
        by: Column that holds a and b.
        noun: What a row of the table is, in the caption.
        into: A panel to draw into, in place of a figure of its own.

    Returns:
        The figure and its caption, which states how many lie above the line and the mean difference.

    Raises:
        BrainalignError: A column or label does not exist, there are no rows, or an electrode has several rows
            under a label.

    Example:
        >>> import pandas as pd
        >>> rows = [(m, f"p{p}", f"e{p}", "STG", 0.1 * k + 0.01 * p) for k, m in enumerate(("mel", "gpt2")) for p in range(6)]
        >>> scores = pd.DataFrame(rows, columns=["model", "subject", "electrode", "region", "r"])
        >>> figure, caption = model_scatter(scores, "gpt2", "mel")
        >>> print(caption.partition(".")[0])
        Pearson r of gpt2 against mel, one dot per electrode, line: equality
    """
    require(scores, (*ELECTRODE, "region", by, score), "scores")
    pairs = pair_values(scores, a, b, by=by, score=score)
    regions = order_of(scores["region"], None)
    colour = colours(regions)
    both = pairs[np.isfinite(pairs[["value_a", "value_b"]].to_numpy(dtype=np.float64)).all(axis=1)]
    with style():
        figure, axes = new_figure(SINGLE + 0.9, SINGLE, into)
        if into is None:  # the plain constrained layout cuts the labels of square axes; compressed, by a pixel or two
            figure.set_layout_engine("compressed", w_pad=0.1)
        for i, region in enumerate(regions):
            own = both[both["region"] == region]
            if len(own):
                axes.scatter(
                    own["value_b"], own["value_a"], s=14, color=colour[region], alpha=0.75, linewidth=0,
                    marker=MARKERS[i % len(MARKERS)], label=f"{wrap(region, 18)} ({len(own)})",
                )  # fmt: skip
        values = both[["value_a", "value_b"]].to_numpy(dtype=np.float64)
        low, high = (min(0.0, values.min()), max(0.0, values.max())) if len(both) else (0.0, 1.0)
        margin = 0.06 * (high - low or 1.0)
        limits = (low - margin, high + margin)
        axes.plot(limits, limits, color=MUTED, linewidth=0.8, zorder=0, gid="identity")
        axes.set(xlim=limits, ylim=limits, aspect="equal", anchor="NW")
        room = 40 if into is None else 26  # letters along the square
        axes.set_xlabel(f"{wrap(b, room)}\n{wrap(score_label(score), room)}")
        axes.set_ylabel(f"{wrap(a, room)}\n{wrap(score_label(score), room)}")
        axes.locator_params(nbins=6)
        if len(both) and into is None:
            figure.legend(loc="outside right upper", handletextpad=0.3)
        elif len(both):  # a panel's width is for the square
            legend_above(figure, *axes.get_legend_handles_labels())
    above = int((both["value_a"] > both["value_b"]).sum())
    difference = electrodes_ci(both["value_a"] - both["value_b"], both["subject"])
    share = f" ({100 * above / len(both):.0f} %)" if len(both) else ""
    caption = (
        f"{score_label(score)} of {a} against {b}, one dot per {noun}, line: equality. {a} is higher in "
        f"{above} of {count(len(both), noun)}{share}; mean difference {number(difference.mean)}, "
        f"{difference.over(noun)} [{number(difference.low)}, {number(difference.high)}]."
    )
    return figure, caption + left_out(len(pairs) - len(both), "pair")
