"""The mark of planted truth: where a simulated model would lie if nothing had to be estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from brainalign.figures.style import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

LABEL = "planted (truth of the simulation)"
MARK: dict[str, Any] = {
    "marker": "D", "markersize": 4.5, "markerfacecolor": "white", "markeredgecolor": INK, "markeredgewidth": 1.1, "linestyle": "none",
}  # fmt: skip


def planted(rows: pd.DataFrame, score: str, summary: Literal["mean", "median"] = "mean") -> float:
    """Mean, or median, of the true score over the rows whose score is known; NaN where none was planted.

    Args:
        rows: With the column ``score``, and ``<score>_planted`` where there is a truth.
        score: The column.
        summary: The one that it stands beside.
    """
    column = f"{score}_planted"
    if column not in rows:
        return float("nan")
    known = np.isfinite(rows[score].to_numpy(dtype=float))
    return float(rows.loc[known, column].agg(summary))


def planted_rows(rows: pd.DataFrame, by: str, score: str) -> pd.DataFrame:
    """The rows whose true score is known, with that in the score's place and "truth" behind their label; often none.

    Args:
        rows: As for :func:`planted`.
        by: Column of the label.
        score: The column.
    """
    column = f"{score}_planted"
    known = rows[rows[column].notna()] if column in rows else rows.iloc[:0]
    return known.assign(
        **{score: known[column] if len(known) else known[score], by: known[by].astype(str) + " (truth)"}
    )


def draw_planted(axes: Axes, x: float, y: float, gid: str) -> Line2D | None:
    """Mark a truth; nothing where it is NaN.

    Args:
        axes: Of the figure.
        x: Where; of figures with scores along x, the truth.
        y: Where; else the truth.
        gid: Id of the mark in an SVG.

    Returns:
        What a legend shows.
    """
    if not np.isfinite([x, y]).all():
        return None
    (mark,) = axes.plot([x], [y], zorder=5, gid=gid, **MARK)
    return mark
