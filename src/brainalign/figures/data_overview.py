"""What is in a data set, at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.counts import count, several
from brainalign.figures._tables import require
from brainalign.figures.style import DOUBLE, MUTED, OKABE_ITO, new_figure, order_of, style
from brainalign.figures.text import short
from brainalign.journals import text_size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 16
"""Regions, or participants, that are written out; the rest is summed up."""


def data_overview(
    electrodes: pd.DataFrame, participants: pd.DataFrame, stimuli: pd.DataFrame, *, noun: str = "electrode"
) -> tuple[Figure, str]:
    """Electrodes by participant and region, durations, repeats, and how much of the stimuli words cover.

    Args:
        electrodes: Columns subject, region, electrodes.
        participants: Columns subject, presentations.
        stimuli: Columns duration, covered, words, most_repeats, one row a stimulus.
        noun: What is counted.

    Returns:
        The figure and its caption.

    Raises:
        BrainalignError: A column is missing or there are no rows.

    Example:
        >>> import pandas as pd
        >>> electrodes = pd.DataFrame({"subject": ["p1", "p2"], "region": ["STG", "A1"], "electrodes": [3, 2]})
        >>> participants = pd.DataFrame({"subject": ["p1", "p2"], "presentations": [4, 4]})
        >>> stimuli = pd.DataFrame({"duration": [2.0, 3.0], "covered": [0.8, 0.9], "words": [6, 9], "most_repeats": [1, 3]})
        >>> figure, caption = data_overview(electrodes, participants, stimuli)
        >>> print(caption[:60])
        5 electrodes of 2 participants by region (left); durations o
    """
    require(electrodes, ("subject", "region", "electrodes"), "electrodes")
    require(stimuli, ("duration", "covered", "words", "most_repeats"), "stimuli")
    table = electrodes.pivot_table(index="region", columns="subject", values="electrodes", aggfunc="sum", fill_value=0)
    table = table.loc[order_of(electrodes["region"], None), participants["subject"].tolist()]
    if len(table) > MOST:
        rest = table.iloc[MOST - 1 :].sum().rename(f"{len(table) - MOST + 1} others")
        table = pd.concat([table.iloc[: MOST - 1], rest.to_frame().T])
    with style():
        height = max(3.2, 0.9 + 0.2 * len(table))
        figure, axes = new_figure(DOUBLE, height, ncols=2, nrows=2, width_ratios=[1.35, 1])
        grid = axes[0, 0].get_gridspec()
        for ax in axes[:, 0]:
            ax.remove()
        left = figure.add_subplot(grid[:, 0])
        _counts(left, table, several(noun))
        _durations(axes[0, 1], stimuli)
        _coverage(axes[1, 1], stimuli)
    repeated = int((stimuli["most_repeats"] > 1).sum())
    covered = stimuli.loc[stimuli["words"] > 0, "covered"]
    said = f"words cover {covered.mean():.0%} of their time on average" if len(covered) else "none of them has words"
    return figure, (
        f"{count(int(table.to_numpy().sum()), noun)} of {count(len(participants), 'participant')} by region (left); durations of "
        f"{len(stimuli)} stimuli, {repeated} of them heard more than once by a participant (right above); how much "
        f"of each stimulus its words "
        f"cover (right below): {said}."
    )


def _counts(axes, table: pd.DataFrame, title: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    values = table.to_numpy(dtype=float)
    axes.imshow(np.sqrt(values), aspect="auto", cmap="Blues", vmin=0, vmax=np.sqrt(max(values.max(), 1)) * 2.2)
    axes.set_xticks(np.arange(values.shape[1] + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(values.shape[0] + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    axes.set_yticks(range(len(table)), [short(str(r), 24) for r in table.index])
    axes.set_ylabel("region")
    people = [short(str(s)) for s in table.columns]
    if len(people) <= MOST:
        axes.set_xticks(
            range(len(people)),
            people,
            rotation=60 if max(map(len, people)) > 3 else 0,
            ha="right" if max(map(len, people)) > 3 else "center",
        )
        for (i, j), value in np.ndenumerate(values):
            axes.text(
                j,
                i,
                f"{int(value)}" if value else "·",
                ha="center",
                va="center",
                fontsize=text_size(6),
                color=MUTED if not value else "black",
            )
    else:
        axes.set_xticks([])
    axes.set_xlabel("participant" if len(people) <= MOST else f"{len(people)} participants")
    axes.set_title(title)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _durations(axes, stimuli: pd.DataFrame) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    longest = float(stimuli["duration"].max())
    unit, scale = ("min", 60.0) if longest > 300 else ("s", 1.0)
    edges = np.histogram_bin_edges(stimuli["duration"] / scale, bins=min(30, max(5, len(stimuli) // 5)))
    once = stimuli["most_repeats"] <= 1
    parts = [stimuli.loc[once, "duration"] / scale, stimuli.loc[~once, "duration"] / scale]
    axes.hist(parts, bins=edges, stacked=True, color=[OKABE_ITO[0], OKABE_ITO[1]], label=["heard once", "repeated"])
    if not once.all():
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, borderpad=0
        )  # above: bars may be as high as the axes
    axes.set_xlabel(f"duration of a stimulus ({unit})")
    axes.set_ylabel("stimuli")


def _coverage(axes, stimuli: pd.DataFrame) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    axes.hist(100 * stimuli["covered"].clip(0, 1), bins=np.linspace(0, 100, 21), color=OKABE_ITO[2])
    axes.set_xlim(0, 100)
    axes.set_xlabel("time covered by words (%)")
    axes.set_ylabel("stimuli")
