"""Power against the number of participants and of sentences, a line a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from brainalign.counts import ends
from brainalign.figures._tables import require
from brainalign.figures.style import DOUBLE, MUTED, SINGLE, colours, legend_above, new_figure, style
from brainalign.figures.text import one_result, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = {
    "sign_flip": "sign-flip over participants", "mixed": "mixed model", "paired_t": "pooled t over electrodes",
}  # fmt: skip
TITLES = {"difference": "a difference of {:g}", "shared": "a shared variance of {:g}"}
HEIGHT = 2.2
"""Inches of a row of panels."""


def power_curves(table: pd.DataFrame, *, participants: int, sentences: int, level: float) -> tuple[Figure, str]:
    """A column an effect; above power over participants, below over sentences, where several were tried.

    Args:
        table: Columns effect, size (0 and one other), participants, sentences, test, power, low, high.
        participants: Of the design: held while sentences vary.
        sentences: Of the design: held while participants vary.
        level: Of the tests; drawn where false positives should lie.

    Returns:
        The figure and its caption, which states the highest power of the design itself.

    Raises:
        BrainalignError: A column is missing or there are no rows.

    Example:
        >>> import pandas as pd
        >>> rows = [("shared", size, n, 40, "sign_flip", p, p - 0.05, p + 0.05) for n in (6, 8) for size, p in ((0, 0.06), (0.1, 0.7))]
        >>> names = ["effect", "size", "participants", "sentences", "test", "power", "low", "high"]
        >>> figure, caption = power_curves(pd.DataFrame(rows, columns=names), participants=8, sentences=40, level=0.05)
        >>> print(caption[:60])
        Chance that each test gives a p below its level (solid; band
    """
    require(table, ("effect", "size", "participants", "sentences", "test", "power", "low", "high"), "power")
    effects = list(dict.fromkeys(table["effect"]))
    held = {"participants": ("sentences", sentences), "sentences": ("participants", participants)}
    axes_of = [x for x in held if x == "participants" or table[x].nunique() > 1]
    colour = colours(list(LABELS))
    found: list[tuple[float, str]] = []
    with style():
        width = DOUBLE if len(effects) > 1 else 1.2 * SINGLE
        figure, grid = new_figure(
            width, 0.4 + HEIGHT * len(axes_of), nrows=len(axes_of), ncols=len(effects), squeeze=False, sharey=True
        )
        handles: dict[str, Any] = {}
        for column, effect in enumerate(effects):
            own = table[table["effect"] == effect]
            size = float(own["size"].max())
            for row, x in enumerate(axes_of):
                other, at = held[x]
                axes = grid[row, column]
                _draw(axes, own[own[other] == at], x, colour, handles)
                axes.axhline(level, color=MUTED, linewidth=0.8, linestyle="--")
                axes.axhline(0.8, color=MUTED, linewidth=0.6)
                axes.set_xlabel(f"{x} ({at} {other})")
                axes.set_ylim(-0.02, 1.02)
                if row == 0:
                    axes.set_title(wrap(TITLES[effect].format(size), 34))
                if column == 0:
                    axes.set_ylabel("chance of p below level")
            here = own[(own["participants"] == participants) & (own["sentences"] == sentences) & (own["size"] > 0)]
            found += [
                (
                    r.power,
                    f"{TITLES[effect].format(size)}: {LABELS[r.test]}, {100 * r.power:.0f} %{ends(100 * r.low, 100 * r.high, '.0f')}",
                )
                for r in here.itertuples()
                if r.test == "sign_flip" or "sign_flip" not in set(here["test"])  # the others call too much significant
            ]
        legend_above(figure, list(handles.values()), list(handles))
    caption = (
        "Chance that each test gives a p below its level (solid; band: 95 % binomial interval), and the same where there is no effect "
        f"(dotted); dashed: the level of {level:g}; grey: 80 %."
        f"{one_result(found, f'Highest with {participants} participants and {sentences} sentences')}"
    )
    return figure, caption


def _draw(axes: Axes, own: pd.DataFrame, x: str, colour: Any, handles: dict[str, Any]) -> None:
    """The lines of one panel."""
    for test, label in LABELS.items():
        for present in (True, False):
            rows = own[(own["test"] == test) & ((own["size"] > 0) == present)].sort_values(x)
            if rows.empty:
                continue
            (line,) = axes.plot(
                rows[x], rows["power"], color=colour[test], linestyle="-" if present else ":", marker="o",
                markersize=2.6 if present else 1.5, gid=f"{test} {'effect' if present else 'none'}",
            )  # fmt: skip
            if present:
                axes.fill_between(rows[x], rows["low"], rows["high"], color=colour[test], alpha=0.18, linewidth=0)
                handles.setdefault(label, line)
