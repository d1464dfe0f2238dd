"""Group TRFs: curves over lags with their intervals and peaks, and maps of t over places and lags with what is told from 0 outlined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.counts import count, several
from brainalign.figures._tables import once, require
from brainalign.figures.style import DOUBLE, INK, SINGLE, colours, legend_above, new_figure, style, zero_line
from brainalign.figures.text import number, one_result, wrap
from brainalign.stats.interval import mean_cis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from brainalign.figures.style import Colour

UNIT = "weight (SD of response per SD of feature)"

LEVEL = 0.05
"""Corrected p below which a lag or a point is marked."""

NAMED = 24
"""Places up to which each is named."""

OUTLINED = 100
"""Places up to which points are outlined; of more, lines would be all that is seen, and the other points are pale instead."""

MOST = 300
"""Places up to which all are drawn; of more (voxels, vertices) rows would be thinner than a dot, and those of the largest t are."""

PALE = 0.3
"""How much of its colour a pale point has."""

ACROSS = 3
"""Maps side by side."""


def group_trf(curves: pd.DataFrame, peaks: pd.DataFrame | None = None) -> tuple[Figure, str]:
    """Mean weights over participants with their 95 % intervals, a line a feature, a panel a model or difference.

    Args:
        curves: A row a model, feature, participant (subject) and lag (lag_s): weight, place, and p, the corrected one of the lag, NaN
            where none was made.
        peaks: A row a model, feature, peak and measure (latency_s, amplitude): value, low, high.

    Returns:
        The figure and its caption, which states the peaks and n.

    Raises:
        BrainalignError: A column is missing, there are no rows, or one stands twice.

    Example:
        >>> lags = [0.0, 0.1, 0.2]
        >>> rows = [("envelope", "envelope", "Cz", f"p{i}", lag, i * lag, 0.01) for i in range(4) for lag in lags]
        >>> table = pd.DataFrame(rows, columns=["model", "feature", "place", "subject", "lag_s", "weight", "p"])
        >>> figure, caption = group_trf(table)
        >>> print(caption[:67])
        Mean weights over 4 participants, at the place named, with their 95
    """
    keys = ("model", "feature", "subject", "lag_s")
    require(curves, (*keys, "place", "weight", "p"), "group_trf_curves")
    once(curves, keys, "group_trf_curves")
    models = list(dict.fromkeys(curves["model"]))
    found: list[tuple[float, str]] = []
    marked = False
    with style():
        figure, grid = new_figure(0.7 * DOUBLE, 2.4 * len(models) + 0.3, nrows=len(models), squeeze=False)
        handles, names = [], []
        features = list(dict.fromkeys(curves["feature"]))
        colour = colours(features)
        for ax, model in zip(grid[:, 0], models, strict=True):
            zero_line(ax, "y")
            if curves["lag_s"].min() < 0:
                zero_line(ax, "x")
            low = 0.0
            drawn = []
            for feature in features:
                own = curves[(curves["model"] == model) & (curves["feature"] == feature)]
                if own.empty:
                    continue
                wide = own.pivot(index="subject", columns="lag_s", values="weight")
                mean, bottom, top = mean_cis(wide.to_numpy(dtype=np.float64))
                x = 1000 * wide.columns.to_numpy(dtype=np.float64)
                (line,) = ax.plot(x, mean, color=colour[feature], gid=f"mean {model} {feature}")
                ax.fill_between(x, bottom, top, color=colour[feature], alpha=0.18, linewidth=0)
                handles.append(line)
                names.append(f"{feature} ({own['place'].iloc[0]})")
                low = min(low, float(np.nanmin(np.r_[mean, bottom])))
                drawn.append((feature, x, own.groupby("lag_s")["p"].first().to_numpy(dtype=np.float64) < LEVEL))
            span = ax.get_ylim()[1] - low
            for row, (feature, x, below) in enumerate(d for d in drawn if d[2].any()):
                marked = True
                half = (x[1] - x[0]) / 2
                ax.hlines(
                    np.full(below.sum(), low - span * 0.05 * (row + 1)), x[below] - half, x[below] + half, color=colour[feature],
                    linewidth=2.5, gid=f"below {LEVEL} {model} {feature}",
                )  # fmt: skip
            for text in _mark_peaks(ax, peaks, model, colour):
                found.append(text)
            ax.set_xlabel("lag (ms)")
            ax.set_ylabel(wrap(UNIT, 24))
            if len(models) > 1:
                ax.set_title(wrap(str(model), 50))
        legend_above(figure, handles, names)
    n = curves["subject"].nunique()
    bars = (
        f" Bars below: lags at which the map differs from 0 at this place, or at each of several (corrected p < {LEVEL:g})."
        if marked
        else ""
    )
    band = ", with their 95 % confidence interval" if n >= 3 else " (no interval of so few)"
    return figure, f"Mean weights over {count(n, 'participant')}, at the place named{band}.{bars}{one_result(found)}"


def _mark_peaks(
    ax: Axes, peaks: pd.DataFrame | None, model: str, colour: Mapping[str, Colour]
) -> list[tuple[float, str]]:
    """Draw the peaks of a panel; and say them."""
    if peaks is None or peaks.empty:
        return []
    found = []
    own = peaks[peaks["model"] == model]
    for (feature, peak), rows in own.groupby(["feature", "peak"], sort=False):
        by = rows.set_index("measure")
        at, size = by.loc["latency_s"], by.loc["amplitude"]
        if not np.isfinite(at["low"]):  # of a difference: how much later and larger, which is no point of the curve
            continue
        ax.errorbar(
            1000 * at["value"], size["value"], xerr=[[1000 * (at["value"] - at["low"])], [1000 * (at["high"] - at["value"])]],
            color=colour[feature], marker="o", markersize=4, capsize=2, markeredgecolor=INK, markeredgewidth=0.5,
        )  # fmt: skip
        found.append(
            (
                abs(size["value"]),
                f"{feature}, {peak}, {1000 * at['value']:.0f} [{1000 * at['low']:.0f}, {1000 * at['high']:.0f}] ms, "
                f"{number(size['value'])} [{number(size['low'])}, {number(size['high'])}] at {at['place']}",
            )
        )
    return found


def cluster_map(
    table: pd.DataFrame, place: str, *, noun: str = "sensor", order: str = "", what: str = "clusters"
) -> tuple[Figure, str]:
    """Maps of t over places and lags, a panel a model and feature, with the points of corrected p below .05 outlined.

    Args:
        table: A row a model, feature, place and lag (lag_s), with t and p; places in the order in which they are drawn.
        place: Column of the places.
        noun: What a place is called.
        order: Their order, in words, where they are too many to be named.
        what: What the outlines are, in the caption.

    Returns:
        The figure and its caption, which counts the points.

    Raises:
        BrainalignError: A column is missing, there are no rows, or one stands twice.

    Example:
        >>> rows = [("mel", "PC1", e, lag, 5.0 * (e == "Cz"), 0.01 if e == "Cz" else 1.0) for e in ("Fz", "Cz", "Pz") for lag in (0.0, 0.1)]
        >>> columns = ["model", "feature", "electrode", "lag_s", "t", "p"]
        >>> figure, caption = cluster_map(pd.DataFrame(rows, columns=columns), "electrode")
        >>> print(caption.split(", ", 1)[1])
        2 of 6 points (PC1: largest t 5.000 at Cz, 0 ms).
    """
    keys = ("model", "feature", place, "lag_s")
    require(table, (*keys, "t", "p"), "group_trf")
    once(table, keys, "group_trf")
    panels = list(dict.fromkeys(zip(table["model"], table["feature"], strict=True)))
    columns = min(ACROSS, len(panels))
    rows = -(-len(panels) // columns)
    places = list(dict.fromkeys(table[place]))
    every, chosen = len(places), ""
    if every > MOST:
        largest_t = table["t"].abs().groupby(table[place]).max()
        kept = set(largest_t.nlargest(MOST).index)
        places, chosen = [name for name in places if name in kept], f" of {every}"
    top = max(float(table["t"].abs().max()), 1e-12)
    largest = []
    with style():
        tall = min(4.0, 1.6 + 0.11 * min(len(places), NAMED))
        width = SINGLE if columns == 1 else DOUBLE
        figure, grid = new_figure(width, tall * rows + 0.2, nrows=rows, ncols=columns, squeeze=False)
        for ax in grid.flat[len(panels) :]:
            ax.axis("off")
        for ax, (model, feature) in zip(grid.flat, panels, strict=False):
            own = table[(table["model"] == model) & (table["feature"] == feature)]
            t, p = (own.pivot(index=place, columns="lag_s", values=c).loc[places] for c in ("t", "p"))
            lags = 1000 * t.columns.to_numpy(dtype=np.float64)
            half = (lags[1] - lags[0]) / 2 if len(lags) > 1 else 5.0
            extent = (lags[0] - half, lags[-1] + half, len(places) - 0.5, -0.5)
            below = p.to_numpy(dtype=np.float64) < LEVEL
            image = ax.imshow(
                t.to_numpy(), aspect="auto", extent=extent, cmap="RdBu_r", vmin=-top, vmax=top, interpolation="nearest",
                alpha=np.where(below, 1.0, PALE) if len(places) > OUTLINED else None, gid=f"t {model} {feature}",
            )  # fmt: skip
            if len(places) <= OUTLINED:
                _outline(ax, below, lags[0] - half, 2 * half)
            named = places if len(places) <= NAMED else []
            ax.set_yticks(range(len(named)), [wrap(str(name), 14) for name in named])
            ax.set_ylabel("" if named else ", ".join(w for w in (f"{len(places)}{chosen} {several(noun)}", order) if w))
            ax.set_xlabel("lag (ms)")
            if len(panels) > 1:
                ax.set_title(wrap(str(feature) if model in str(feature) else f"{model}: {feature}", 26))
            at, lag = np.unravel_index(int(np.abs(t.to_numpy()).argmax()), t.shape)
            largest.append(f"{feature}: largest t {number(t.iloc[at, lag])} at {places[at]}, {lags[lag]:.0f} ms")
        figure.colorbar(image, ax=grid, shrink=0.8, aspect=30).set_label("t over participants")
    inside, how = int((table["p"] < LEVEL).sum()), "not pale" if len(places) > OUTLINED else "outlined"
    where = f"each {noun}" if not chosen else f"the {len(places)}{chosen} {several(noun)} where it is largest"
    return figure, (
        f"t of the weights over participants at {where} and lag; {how}: {what}, {inside} of {len(table)} points "
        f"({'; '.join(largest)})."
    )


def _outline(ax: Axes, mask: NDArray[np.bool_], left: float, step: float) -> None:
    """Lines around the true cells of (places, lags)."""
    from matplotlib.collections import LineCollection

    padded = np.pad(mask, 1)
    lines = []
    for r, c in np.argwhere(padded[1:] != padded[:-1]):
        lines.append([(left + (c - 1) * step, r - 0.5), (left + c * step, r - 0.5)])
    for r, c in np.argwhere(padded[:, 1:] != padded[:, :-1]):
        lines.append([(left + c * step, r - 1.5), (left + c * step, r - 0.5)])
    ax.add_collection(LineCollection(lines, colors=INK, linewidths=0.8), autolim=False)
