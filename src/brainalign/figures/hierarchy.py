"""Layer by region: the profile over depth, and the layer that each region prefers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.figures._tables import ELECTRODE, jitter, left_out, once, require
from brainalign.figures.layer_profile import layer_means
from brainalign.figures.style import (
    DOUBLE,
    colours,
    dots,
    legend_above,
    name_ticks,
    new_figure,
    score_label,
    style,
    zero_line,
)
from brainalign.figures.text import interval_text, number, one_result, wrap
from brainalign.stats import mean_ci

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def hierarchy_figure(
    layers: pd.DataFrame,
    means: pd.DataFrame,
    score: str,
    preferred: str,
    *,
    order: Sequence[str],
    gain: bool = False,
) -> tuple[Figure, str]:
    """Left, the mean score of each layer by region; right, the preferred layer of each participant and region.

    Args:
        layers: Layer table of one model: model, layer, subject, electrode, region and ``score``.
        means: One row a participant and region: subject, region and ``preferred``.
        score: Column of the score.
        preferred: Column of the preferred layer.
        order: Regions, which fix colours and places.
        gain: Whether the scores are what each layer adds to those below it.

    Returns:
        The figure and its caption, which states the region that prefers the highest layers.

    Raises:
        BrainalignError: A column is missing, there are no rows, or an electrode has two rows for a layer.

    Example:
        >>> import pandas as pd
        >>> rows = [("gpt2", n, f"p{p}", f"{r}{p}", r, 0.1 + 0.02 * n) for n in range(3) for p in range(3) for r in ("A1", "STG")]
        >>> layers = pd.DataFrame(rows, columns=["model", "layer", "subject", "electrode", "region", "r"])
        >>> means = pd.DataFrame({"subject": ["p0", "p1", "p2"] * 2, "region": ["A1"] * 3 + ["STG"] * 3, "centre": [1, 1, 2, 2, 2, 1]})
        >>> figure, caption = hierarchy_figure(layers, means, "r", "centre", order=["A1", "STG"])
        >>> print(caption[:59])
        Left: mean Pearson r by layer and region over participants,
    """
    require(layers, ("layer", "region", *ELECTRODE, score), "layers")
    once(layers, ("layer", *ELECTRODE), "layers")
    require(means, ("subject", "region", preferred), "regions")
    colour = colours(order)
    handles, found = [], list[tuple[float, str]]()
    with style():
        figure, (left, right) = new_figure(DOUBLE, 3.0, ncols=2)
        zero_line(left, "y")
        for x, region in enumerate(order):
            profile = layer_means(layers[layers["region"] == region], score, "participants")
            (line,) = left.plot(
                profile["layer"],
                profile["mean"],
                color=colour[region],
                marker="o",
                markersize=2.6,
                gid=f"mean {region}",
            )
            left.fill_between(
                profile["layer"], profile["low"], profile["high"], color=colour[region], alpha=0.14, linewidth=0
            )
            handles.append(line)
            own = means.loc[means["region"] == region, preferred].to_numpy(dtype=np.float64)
            ci = mean_ci(own)
            dots(right, x + jitter(len(own), 0.5), own, colour=colour[region], size=10, gid=f"participants {region}")
            right.errorbar(
                x, ci.mean, yerr=None if ci.n < 2 else [[ci.mean - ci.low], [ci.high - ci.mean]], color=colour[region],
                marker="D", markersize=4.5, capsize=3,
            )  # fmt: skip
            found.append((ci.mean, f"{region}, {number(ci.mean)}{interval_text(ci.low, ci.high)}, n = {ci.n}"))
        left.set_xlabel("layer (0 = input embedding)")
        left.xaxis.get_major_locator().set_params(integer=True)
        label = f"{'gain in ' if gain else ''}mean {score_label(score)}"
        left.set_ylabel(wrap(label, 38))
        name_ticks(right, range(len(order)), list(map(str, order)), (DOUBLE / 2 - 0.6) / len(order))
        right.set_ylabel("preferred layer (centre of mass)")
        legend_above(figure, handles, [str(r) for r in order])
    caption = (
        f"Left: {label} by layer and region over participants{', what a layer adds to those below it' if gain else ''}, with its 95 % "
        "confidence interval (band). Right: preferred layer by centre of mass, a dot a participant, the mean with its 95 % interval."
        f"{one_result(found)}"
    )
    return figure, caption + left_out(int((~np.isfinite(layers[score].to_numpy(dtype=float))).sum()), "value")
