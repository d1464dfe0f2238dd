"""Values side by side: a dot each where they are few, their distribution with its quartiles where dots would hide each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.figures._tables import ELECTRODE, jitter
from brainalign.figures.style import INK, Colour, dots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY = 100
"""Electrodes of a figure above which it shows distributions in place of dots."""


def many(table: pd.DataFrame) -> bool:
    """Whether a table has more electrodes than a figure shows as dots.

    Args:
        table: With the columns subject and electrode.

    Example:
        >>> many(pd.DataFrame({"subject": "p1", "electrode": range(101)}))
        True
    """
    return len(table[list(ELECTRODE)].drop_duplicates()) > MANY


def draw_values(
    axes: Axes,
    values: NDArray[np.float64],
    at: float,
    width: float,
    colour: Colour,
    *,
    size: float,
    crowded: bool,
    gid: str,
) -> None:
    """Draw values along y around the place ``at``: dots, or a violin with the line from quartile to quartile and the median.

    Args:
        axes: Of a figure.
        values: (n,) finite.
        at: Place on the x axis.
        width: Of what is drawn, in units of x.
        colour: Of the label.
        size: Of a dot, in pt².
        crowded: Whether the figure has too many for dots (:func:`many`).
        gid: Of the dots; of a violin ``distribution`` in place of ``dots``.
    """
    places, height = density(values) if crowded else (np.empty(0), np.empty(0))
    if not len(places):  # also where a region has two electrodes, or one value
        dots(axes, at + jitter(len(values), 0.6 * width), values, colour=colour, size=size, gid=gid)
        return
    half = 0.5 * width * height
    name = gid.replace("dots", "distribution", 1)
    axes.fill_betweenx(
        places, at - half, at + half, facecolor=colour, edgecolor=colour, alpha=0.45, linewidth=0.6, zorder=2, gid=name
    )
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    beside = at - 0.22 * width  # beside the mean's interval, which stands in the middle
    axes.vlines(
        beside,
        low,
        high,
        color=INK,
        linewidth=2.2,
        alpha=0.55,
        zorder=3,
        gid=name.replace("distribution", "quartiles", 1),
    )
    axes.plot([beside], [middle], "o", markersize=2.4, markerfacecolor="white", markeredgewidth=0, zorder=4)


def density(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gaussian kernel density of the values over their range, scaled to a maximum of 1.

    Returns:
        (200,) places and (200,) heights; two empty arrays where there is no spread to show.
    """
    if len(values) < 3 or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return np.empty(0), np.empty(0)
    from scipy.stats import gaussian_kde

    kernel = gaussian_kde(values)
    margin = 2 * float(np.sqrt(kernel.covariance[0, 0]))
    grid = np.linspace(values.min() - margin, values.max() + margin, 200)
    height = kernel(grid)
    return grid, height / height.max()


def shown_as(crowded: bool, noun: str) -> str:
    """What a caption says of the values that :func:`draw_values` drew.

    Args:
        crowded: As given there.
        noun: What a value is of.

    Example:
        >>> shown_as(False, "voxel"), shown_as(True, "voxel")
        ('dot: one voxel', 'violin: voxels, with quartiles and median')
    """
    return f"violin: {noun}s, with quartiles and median" if crowded else f"dot: one {noun}"
