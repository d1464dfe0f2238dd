"""Canonical correlations on the rows that they were fitted on, and on others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from brainalign.counts import count
from brainalign.figures._planted import LABEL, draw_planted
from brainalign.figures._tables import once, require
from brainalign.figures.style import DOUBLE, MUTED, OKABE_ITO, legend_above, new_figure, style, zero_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from brainalign.figures.style import Panel

CURVES = {
    "in_sample": ("in-sample (fitted rows)", OKABE_ITO[0], "o", "-"),
    "held_out": ("held-out", OKABE_ITO[1], "s", "-"),
    "null_95": ("95th percentile of the null", MUTED, "", (0, (4, 2))),
}
"""Column -> name in the legend, colour, marker, line."""


def canonical_correlations(
    canonical: pd.DataFrame, *, planted: int | None = None, into: Panel | None = None
) -> tuple[Figure, str]:
    """In-sample and held-out correlation of each component beside the null: mean over folds, band: range.

    Args:
        canonical: Canonical table: component, in_sample, held_out, null_95, fold.
        planted: Of simulated models, how many dimensions both hold: the held-out curve falls to 0 after them.
        into: A panel to draw into, in place of a figure of its own.

    Returns:
        The figure and its caption, which states how many components exceed the null.

    Raises:
        BrainalignError: A column is missing, there are no rows, or a component has two rows in a fold.

    Example:
        >>> import pandas as pd
        >>> rows = [(c, f, 0.9 - 0.1 * c, 0.6 - 0.1 * c, 0.3) for c in (1, 2) for f in range(3)]
        >>> table = pd.DataFrame(rows, columns=["component", "fold", "in_sample", "held_out", "null_95"])
        >>> figure, caption = canonical_correlations(table)
        >>> print(caption[:60])
        Canonical correlations, mean over 3 folds (band: their range
    """
    require(canonical, ("component", "fold", *CURVES), "canonical")
    once(canonical, ("component", "fold"), "canonical")
    folds = canonical.groupby("component")[list(CURVES)]
    mean, low, high = folds.mean(), folds.min(), folds.max()
    handles = []
    with style():
        figure, axes = new_figure(0.7 * DOUBLE, 2.8, into)
        zero_line(axes, "y")
        for column, (_, colour, marker, line) in CURVES.items():
            (drawn,) = axes.plot(
                mean.index,
                mean[column],
                color=colour,
                marker=marker,
                markersize=3,
                linestyle=line,
                gid=f"mean {column}",
            )
            axes.fill_between(mean.index, low[column], high[column], color=colour, alpha=0.18, linewidth=0)
            handles.append(drawn)
        names = [name for name, *_ in CURVES.values()]
        if planted is not None and (mark := draw_planted(axes, planted, 0.0, "planted")):
            handles.append(mark)
            names.append(LABEL)
        axes.set_xlabel("canonical component")
        axes.set_ylabel("canonical correlation")
        axes.xaxis.get_major_locator().set_params(integer=True)
        legend_above(figure, handles, names)
    beyond = int((mean["held_out"] > mean["null_95"]).sum())
    n_folds = canonical["fold"].nunique()
    caption = (
        f"Canonical correlations, mean over {count(n_folds, 'fold')} (band: their range). The held-out mean exceeds "
        f"the null's 95th percentile in {beyond} "
        f"of {count(len(mean), 'component')}."
        f"{'' if planted is None else f' Diamond: the {planted} dimensions that both hold, as planted.'}"
    )
    return figure, caption
