"""A metric over what a sweep varied: one dot a run, one panel a swept key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.counts import count
from brainalign.figures._tables import require
from brainalign.figures.style import (
    DOUBLE,
    MUTED,
    SCORE_LABELS,
    SINGLE,
    colours,
    log_axis,
    new_figure,
    score_label,
    style,
)
from brainalign.figures.text import interval_of, number, wrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = 3
"""Swept keys that get a panel."""


def sweep_metric(runs: pd.DataFrame, swept: Sequence[str], metric: str) -> tuple[Figure, str]:
    """The metric of each finished run, with its interval, against each swept key; a line joins the means where the key is a number.

    Args:
        runs: One row a run: the swept keys, ``name``, the metric; of a ``NAME/mean`` also ``NAME/low`` and ``NAME/high`` where known.
        swept: Keys; the first three are drawn.
        metric: Column.

    Returns:
        The figure and its caption, which names the best run.

    Raises:
        BrainalignError: A column is missing or there are no rows.

    Example:
        >>> import pandas as pd
        >>> runs = pd.DataFrame({"window.tmax": [0.2, 0.4], "name": ["short", "long"], "r/mean": [0.1, 0.2]})
        >>> figure, caption = sweep_metric(runs, ["window.tmax"], "r/mean")
        >>> print(caption[:60])
        mean Pearson r of 2 runs over window.tmax. Best: long with 0
    """
    require(runs, [*swept, "name", metric], "runs")
    drawn = list(swept)[:PANELS] or ["name"]
    known = runs[np.isfinite(runs[metric].to_numpy(dtype=np.float64))]
    ends = [f"{metric.removesuffix('/mean')}/{end}" for end in ("low", "high")]
    bounded = known[known[ends].notna().all(axis=1)] if set(ends) <= set(known) else known[:0]
    with style():
        figure, axes = new_figure(min(DOUBLE, SINGLE * len(drawn)), 2.8, ncols=len(drawn), squeeze=False, sharey=True)
        for ax, key in zip(axes[0], drawn, strict=True):
            values = known[key].astype(str)
            numeric = pd.to_numeric(values, errors="coerce")
            places = numeric if numeric.notna().all() and numeric.nunique() > 1 else None
            labels = list(dict.fromkeys(values))
            across = places if places is not None else values.map({v: i for i, v in enumerate(labels)})
            means = known.groupby(across)[metric].mean()
            if places is not None:
                ax.plot(means.index, means, color=MUTED, linewidth=0.8, gid=f"mean over {key}")
                if (across > 0).all() and across.max() > 50 * across.min():
                    log_axis(ax, "x")
            else:
                ax.set_xticks(range(len(labels)), [wrap(v, 14) for v in labels], rotation=90 if len(labels) > 5 else 0)
            if len(bounded):
                low, high = (bounded[end] for end in ends)
                ax.vlines(across[bounded.index], low, high, color=MUTED, linewidth=0.8, gid=f"intervals by {key}")
            ax.scatter(
                across,
                known[metric],
                s=14,
                color=colours([metric])[metric],
                alpha=0.75,
                linewidth=0,
                gid=f"runs by {key}",
            )
            ax.set_xlabel(wrap(key, 30))
        axes[0][0].set_ylabel(wrap(told_metric(metric), 31))
    best = known.loc[known[metric].idxmax()] if len(known) else None
    told = f" Best: {best['name']} with {number(float(best[metric]))}." if best is not None else ""
    whisker = f" Whisker: 95 % confidence interval, {interval_of('electrode')}." if len(bounded) else ""
    left = f" {count(len(runs) - len(known), 'run')} without it." if len(runs) > len(known) else ""
    more = f" Swept but not drawn: {', '.join(swept[PANELS:])}." if len(swept) > PANELS else ""
    return (
        figure,
        f"{told_metric(metric)} of {count(len(known), 'run')} over {', '.join(drawn)}.{told}{whisker}{left}{more}",
    )


def told_metric(metric: str) -> str:
    """A metric's name as an axis has it: in words where it is a score's mean or median.

    Example:
        >>> told_metric("r2_normalized/mean"), told_metric("cca/held_out/1")
        ('mean R² over noise ceiling', 'cca/held_out/1')
    """
    score, _, what = metric.rpartition("/")
    return f"{what} {score_label(score)}" if score in SCORE_LABELS and what in ("mean", "median") else metric
