"""Geometry of representations: layers against layers, layers against regions, and a map of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.counts import count
from brainalign.figures._tables import require
from brainalign.figures.style import (
    DOUBLE,
    INK,
    MARKERS,
    MUTED,
    SMALL,
    colours,
    inches_wide,
    legend_above,
    new_figure,
    order_of,
    style,
    zero_line,
)
from brainalign.figures.text import number, one_result, wrap
from brainalign.journals import column_height, text_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL = 1.75
"""Inches of a heat map's side."""


def geometry_layers(cells: pd.DataFrame, order: Sequence[str], measure: str) -> tuple[Figure, str]:
    """Heat maps of every layer against every layer: each model with itself, and each pair, on one colour scale.

    Args:
        cells: Columns model_a, layer_a, model_b, layer_b, value; of one measure.
        order: Models, in the order of rows and columns.
        measure: Its name, for the colour bar.

    Returns:
        The figure and its caption, which names each pair's most similar layers.

    Raises:
        BrainalignError: A column is missing or there are no rows.

    Example:
        >>> import pandas as pd
        >>> rows = [(a, i, b, j, 1.0 if (a, i) == (b, j) else 0.4) for a in "xy" for i in (0, 1) for b in "xy" for j in (0, 1)]
        >>> cells = pd.DataFrame(rows, columns=["model_a", "layer_a", "model_b", "layer_b", "value"])
        >>> figure, caption = geometry_layers(cells, ["x", "y"], "CKA")
        >>> print(caption[:60])
        CKA of every layer with every layer. A ring marks the most s
    """
    require(cells, ("model_a", "layer_a", "model_b", "layer_b", "value"), "geometry")
    pairs = [(a, b) for i, a in enumerate(order) for b in order[i:] if _says(cells, a, b)]
    rows, columns = ([m for m in order if m in side] for side in zip(*pairs, strict=True)) if pairs else (order, order)
    found: list[tuple[float, str]] = []
    finite = cells["value"].to_numpy(dtype=np.float64)
    low, high = min(0.0, float(np.nanmin(finite))), max(float(np.nanmax(finite)), 1e-6)
    with style():
        across, down = len(columns), len(rows)  # without those that nothing is in
        figure, grid = new_figure(
            min(DOUBLE, 0.9 + PANEL * across), 0.4 + PANEL * down, squeeze=False, nrows=down, ncols=across
        )
        image = None
        letters = min(26, int((inches_wide(figure) - 1.2) / across * 72 / (0.62 * text_size(SMALL))))
        for i, a in enumerate(rows):
            for j, b in enumerate(columns):
                axes: Axes = grid[i, j]
                if (a, b) not in pairs:
                    axes.set_axis_off()
                    continue
                own = cells[(cells["model_a"] == a) & (cells["model_b"] == b)]
                wide = own.pivot(index="layer_a", columns="layer_b", values="value")
                image = axes.imshow(wide, vmin=low, vmax=high, cmap="viridis", origin="lower", aspect="auto")
                _ticks(axes, wide)
                axes.set_title(wrap(a if a == b else f"{a} x {b}", letters), size=text_size(SMALL))
                if a == b:
                    axes.set_ylabel(wrap(f"layer of {a}", 26))
                    axes.set_xlabel(wrap(f"layer of {b}", 26))
                if a != b and np.isfinite(wide.to_numpy()).any():
                    y, x = np.unravel_index(int(np.nanargmax(wide.to_numpy())), wide.shape)
                    axes.plot(
                        x,
                        y,
                        "o",
                        markersize=7,
                        markerfacecolor="none",
                        markeredgecolor="white",
                        markeredgewidth=1.4,
                        gid=f"best {a} x {b}",
                    )
                    value = float(wide.to_numpy()[y, x])
                    found.append(
                        (value, f"{a} in layer {wide.index[y]} and {b} in layer {wide.columns[x]}, {number(value)}")
                    )
        if image is not None:
            bar = figure.colorbar(image, ax=grid, fraction=0.04, pad=0.02)
            bar.set_label(measure)
    marked = " A ring marks the most similar layers, chosen on the rows shown and so optimistic." if found else ""
    return (
        figure,
        f"{measure[0].upper()}{measure[1:]} of every layer with every layer.{marked}{one_result(found, 'Most alike') if found else ''}",
    )


def _says(cells: pd.DataFrame, a: str, b: str) -> bool:
    """Whether there is something of a pair to be seen; one layer with itself says nothing."""
    n = int(((cells["model_a"] == a) & (cells["model_b"] == b)).sum())
    return n > int(a == b)


def _ticks(axes: Axes, wide: pd.DataFrame) -> None:
    for labels, place in ((wide.columns, axes.set_xticks), (wide.index, axes.set_yticks)):
        step = max(1, len(labels) // 6)
        at = list(range(0, len(labels), step))
        place(at, [str(labels[k]) for k in at])


def geometry_regions(
    cells: pd.DataFrame, profiles: pd.DataFrame, ceilings: pd.DataFrame, order: Sequence[str], measure: str
) -> tuple[Figure, str]:
    """Similarity of each layer with each region: mean over participants, each participant thin, the ceiling as a band.

    Args:
        cells: Columns model, layer, subject, region, value, random; of one measure.
        profiles: Columns model, layer, region, mean, low, high; ends may be NaN.
        ceilings: Columns region, lower, upper, ceiling; may be empty.
        order: Models, in the order of their colours.
        measure: Its name, for the axis.

    Returns:
        The figure and its caption.

    Raises:
        BrainalignError: A column is missing or there are no rows.

    Example:
        >>> import pandas as pd
        >>> rows = [("gpt2", n, f"p{p}", "STG", 0.1 * (n + 1) + 0.01 * p, 0.02) for n in (0, 1) for p in range(3)]
        >>> cells = pd.DataFrame(rows, columns=["model", "layer", "subject", "region", "value", "random"])
        >>> means = cells.groupby(["model", "layer", "region"], as_index=False)["value"].mean().rename(columns={"value": "mean"})
        >>> profiles = means.assign(low=means["mean"] - 0.05, high=means["mean"] + 0.05)
        >>> ceilings = pd.DataFrame({"region": ["STG"], "lower": [0.3], "upper": [0.4], "ceiling": ["others"]})
        >>> figure, caption = geometry_regions(cells, profiles, ceilings, ["gpt2"], "CKA")
        >>> print(caption[:60])
        CKA of each layer with each region's response patterns: mean
    """
    require(cells, ("model", "layer", "subject", "region", "value", "random"), "geometry_regions")
    require(profiles, ("model", "layer", "region", "mean", "low", "high"), "geometry_regions")
    regions, models = order_of(cells["region"], None), order_of(cells["model"], order)
    colour = colours(models)
    columns = min(3, len(regions))
    while columns < min(6, len(regions)) and 0.5 + 1.9 * -(-len(regions) // columns) > column_height(np.inf):
        columns += 1  # a journal's page is not high enough
    lines = -(-len(regions) // columns)
    people = cells["subject"].nunique()
    with style():
        figure, grid = new_figure(DOUBLE, 0.5 + 1.9 * lines, nrows=lines, ncols=columns, squeeze=False, sharey=True)
        handles: dict[str, object] = {}
        for axes, region in zip(grid.flat, regions, strict=False):
            own = cells[cells["region"] == region]
            zero_line(axes, "y")
            bounds = ceilings[ceilings["region"] == region] if len(ceilings) else ceilings
            if len(bounds) and bounds["lower"].notna().any():
                axes.axhspan(
                    bounds["lower"].mean(),
                    bounds["upper"].mean(),
                    color=MUTED,
                    alpha=0.25,
                    linewidth=0,
                    gid=f"ceiling {region}",
                )
            deepest = own["layer"].max()
            for model in models:
                mine = own[own["model"] == model]
                if mine.empty:
                    continue
                profile = profiles[(profiles["model"] == model) & (profiles["region"] == region)].sort_values("layer")
                if len(profile) == 1:
                    handles[model] = axes.axhline(
                        profile["mean"].iloc[0], color=colour[model], linestyle=(0, (4, 2)), gid=f"mean {model}"
                    )
                    continue
                if people <= 12:
                    for _, one in mine.groupby("subject"):
                        axes.plot(one["layer"], one["value"], color=colour[model], linewidth=0.5, alpha=0.3)
                (handles[model],) = axes.plot(
                    profile["layer"],
                    profile["mean"],
                    color=colour[model],
                    marker="o",
                    markersize=2.4,
                    gid=f"mean {model}",
                )
                axes.fill_between(
                    profile["layer"], profile["low"], profile["high"], color=colour[model], alpha=0.18, linewidth=0
                )
            axes.axhline(own["random"].mean(), color=INK, linewidth=0.7, linestyle=":", gid=f"random {region}")
            axes.set_title(wrap(str(region), 90 // max(3, columns)))
            axes.set_xlim(-0.5, max(deepest, 1) + 0.5)
            axes.xaxis.get_major_locator().set_params(integer=True)
        for axes in list(grid.flat)[len(regions) :]:
            axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel(measure)
        for axes in grid[-1]:
            axes.set_xlabel("layer")
        legend_above(figure, list(handles.values()), list(handles))
    shown = profiles["low"].notna().any()
    band = " with its 95 % interval for other participants and other stimuli, layer by layer" if shown else ""
    ceiling = (
        " Grey: likeness of a participant to the mean of the others (lower edge) and of all (upper edge)."
        if len(ceilings) and ceilings["lower"].notna().any()
        else ""
    )
    return figure, (
        f"{measure[0].upper()}{measure[1:]} of each layer with each region's response patterns: mean over "
        f"{count(people, 'participant')}{band}; "
        f"thin lines are participants. Dotted: unrelated Gaussian representations of the same widths and rows.{ceiling}"
    )  # fmt: skip


def geometry_map(
    points: pd.DataFrame, similarity: NDArray[np.float64], order: Sequence[str], measure: str
) -> tuple[Figure, str]:
    """All layers and regions in a plane: classical scaling of the angles between them.

    Args:
        points: Columns name and layer (-1 for a region), one row a representation.
        similarity: (points, points) with 1 on the diagonal.
        order: Models; layers of one are joined by a line.
        measure: Its name, for the caption.

    Returns:
        The figure and its caption, which says how much of the distances the plane shows.

    Example:
        >>> import numpy as np
        >>> import pandas as pd
        >>> points = pd.DataFrame({"name": ["gpt2", "gpt2", "STG"], "layer": [0, 1, -1]})
        >>> similarity = np.array([[1.0, 0.8, 0.3], [0.8, 1.0, 0.4], [0.3, 0.4, 1.0]])
        >>> figure, caption = geometry_map(points, similarity, ["gpt2"], "CKA")
        >>> print(caption[:60])
        Layers (dots, joined in their order; numbers at the first an
    """
    from sklearn.manifold import ClassicalMDS

    require(points, ("name", "layer"), "geometry_map")
    angles = np.arccos(np.clip((similarity + similarity.T) / 2, -1.0, 1.0))
    np.fill_diagonal(angles, 0.0)
    if len(points) > 2:
        scaling = ClassicalMDS(n_components=2, metric="precomputed")
        place = np.asarray(scaling.fit_transform(angles))
        shown = np.linalg.norm(place[:, None] - place[None], axis=2)
        share = float(
            np.corrcoef(shown[np.triu_indices(len(points), 1)], angles[np.triu_indices(len(points), 1)])[0, 1]
        )
    else:
        place, share = np.column_stack([np.arange(len(points)) * angles.max(), np.zeros(len(points))]), 1.0
    colour = colours(order)
    with style():
        figure, axes = new_figure(0.7 * DOUBLE, 3.8)
        handles, names = [], []
        for model in order:
            own = np.flatnonzero((points["name"] == model) & (points["layer"] >= 0))
            if not len(own):
                continue
            (line,) = axes.plot(
                *place[own].T, color=colour[model], marker="o", markersize=3, linewidth=0.8, gid=f"map {model}"
            )
            handles.append(line)
            names.append(model)
            for k in {int(own[0]), int(own[-1])}:
                axes.annotate(
                    str(points["layer"].iloc[k]),
                    place[k],
                    xytext=(3, 3),
                    textcoords="offset points",
                    size=text_size(SMALL),
                    color=colour[model],
                )
        for turn, k in enumerate(np.flatnonzero(points["layer"] < 0).tolist()):
            region, marker = str(points["name"].iloc[k]), MARKERS[(turn + 1) % len(MARKERS)]
            (dot,) = axes.plot(*place[k], marker=marker, color=INK, markersize=5, linestyle="none", gid=f"map {region}")
            handles.append(dot)
            names.append(region)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xlabel("first coordinate (radians)")
        axes.set_ylabel("second coordinate (radians)")
        legend_above(figure, handles, names)
    return figure, (
        f"Layers (dots, joined in their order; numbers at the first and last) and regions (black, mean over participants) by classical "
        f"scaling of the angles arccos({measure}) between them; distances in the plane correlate {number(share)} with the angles."
    )
