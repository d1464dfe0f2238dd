"""What a recording is like: its spectra, its response to onsets, and its events against its sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.counts import count
from brainalign.figures._tables import require
from brainalign.figures.style import (
    DOUBLE,
    MUTED,
    colours,
    legend_above,
    log_axis,
    new_figure,
    order_of,
    style,
    zero_line,
)
from brainalign.figures.text import number, one_result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STAGES = {"before": MUTED, "after": "#0072B2"}


def spectra(table: pd.DataFrame, *, noun: str = "channel") -> tuple[Figure, str]:
    """Power density before and after preprocessing: median over channels and their 10th to 90th percentile.

    Args:
        table: Columns run, stage (``before``, ``after``), frequency, median, low, high; of several runs the median is drawn.
        noun: What was recorded from, in the caption.

    Returns:
        The figure and its caption, which states the frequencies at which the most was taken away.

    Raises:
        BrainalignError: A column is missing or there are no rows.

    Example:
        >>> import pandas as pd
        >>> rows = [("run-1", stage, f, 1 / f, 0.5 / f, 2 / f) for stage in ("before", "after") for f in (1.0, 10.0, 100.0)]
        >>> figure, caption = spectra(pd.DataFrame(rows, columns=["run", "stage", "frequency", "median", "low", "high"]))
        >>> print(caption[:60])
        Power density by Welch's method, median over channels (line)
    """
    require(table, ("run", "stage", "frequency", "median", "low", "high"), "spectra")
    runs = table["run"].nunique()
    shown = table.groupby(["stage", "frequency"])[["median", "low", "high"]].median()
    handles, labels = [], []
    with style():
        figure, axes = new_figure(0.7 * DOUBLE, 2.6)
        for stage, colour in STAGES.items():
            if stage not in shown.index:
                continue
            own = shown.loc[stage]
            own = own[own["median"] > 0]
            (line,) = axes.plot(own.index, own["median"], color=colour, linewidth=1.0, gid=f"spectrum {stage}")
            axes.fill_between(own.index, own["low"], own["high"], color=colour, alpha=0.2, linewidth=0)
            handles.append(line)
            labels.append(f"{stage} preprocessing")
        log_axis(axes, "y")
        axes.set_xlim(0, float(table["frequency"].max()))
        axes.set_xlabel("frequency (Hz)")
        axes.set_ylabel("power density (units²/Hz)")
        legend_above(figure, handles, labels)
    caption = (
        f"Power density by Welch's method, median over {noun}s (line) and their 10th to 90th percentile (band)"
        f"{f', median of {runs} runs' if runs > 1 else ''}. After: after the notch, the reference and, for signal=band, the filter."
    )
    return figure, caption + _removed(shown)


def _removed(shown: pd.DataFrame) -> str:
    """The sentence on the frequencies of which the most was taken away: those that lost 10 dB more than the rest."""
    if not {"before", "after"} <= set(shown.index.get_level_values("stage")):
        return ""
    median = shown["median"].clip(lower=np.finfo(float).tiny)
    loss = 10 * np.log10(median["before"] / median["after"])
    most = loss[(loss > loss.median() + 10) & (loss >= loss.rolling(9, center=True, min_periods=1).max())]
    if most.empty:
        return ""
    largest = most.nlargest(6).sort_index()
    return f" Lost the most: {', '.join(f'{f:g} Hz ({db:.0f} dB)' for f, db in largest.items())}."


def onset_responses(table: pd.DataFrame, *, noun: str = "channel", what: str = "response") -> tuple[Figure, str]:
    """Mean response around the onset of the stimuli, a line for each region, with its 95 % interval over presentations.

    Args:
        table: Columns region, time, mean, low, high, n, channels.
        noun: What was recorded from, in the legend.
        what: Was recorded, for the axis.

    Returns:
        The figure and its caption, which states where it is highest.

    Raises:
        BrainalignError: A column is missing or there are no rows.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"region": "STG", "time": [-0.1, 0.0, 0.1], "mean": [0.0, 0.1, 0.8], "n": 20, "channels": 3})
        >>> figure, caption = onset_responses(table.assign(low=table["mean"] - 0.1, high=table["mean"] + 0.1))
        >>> print(caption[:59])
        Mean response around the onset of the stimuli (dashed) over
    """
    require(table, ("region", "time", "mean", "low", "high", "n", "channels"), "onset response")
    regions = order_of(table["region"], None)
    colour = colours(regions)
    handles, labels, found = [], [], list[tuple[float, str]]()
    with style():
        figure, axes = new_figure(0.7 * DOUBLE, 3.0)
        zero_line(axes, "y")
        axes.axvline(0.0, color=MUTED, linewidth=0.8, linestyle="--", zorder=0, gid="onset")
        for region in regions:
            own = table[table["region"] == region]
            (line,) = axes.plot(own["time"], own["mean"], color=colour[region], gid=f"onset response {region}")
            axes.fill_between(own["time"], own["low"], own["high"], color=colour[region], alpha=0.18, linewidth=0)
            handles.append(line)
            labels.append(f"{region} ({count(int(own['channels'].iloc[0]), noun)})")
            best = own.loc[own["mean"].idxmax()]
            found.append(
                (float(best["mean"]), f"{region}, {number(float(best['mean']))} at {1000 * best['time']:.0f} ms")
            )
        axes.set_xlim(float(table["time"].min()), float(table["time"].max()))
        axes.set_xlabel("time from stimulus onset (s)")
        axes.set_ylabel(f"mean {what} (z)")
        legend_above(figure, handles, labels)
    n = int(table["n"].max())
    return figure, (
        f"Mean {what} around the onset of the stimuli (dashed) over {count(n, 'presentation')} by region, with its 95 % "
        f"confidence interval over presentations (band).{one_result(found)}"
    )


def offsets(table: pd.DataFrame, *, source: str = "sound") -> tuple[Figure, str]:
    """How much later than its event each presentation is in the recording, over the time of the recording.

    Args:
        table: Columns run, time (s), offset (s), trusted, agrees.
        source: ``sound`` or ``response``: what the stimuli were held against.

    Returns:
        The figure and its caption, which counts the presentations that agree.

    Raises:
        BrainalignError: A column is missing or there are no rows.

    Example:
        >>> import pandas as pd
        >>> table = pd.DataFrame({"run": "run-1", "time": [1.0, 9.0], "offset": [0.010, 0.012], "trusted": True, "agrees": True})
        >>> figure, caption = offsets(table)
        >>> print(caption[:60])
        Offset of each presentation (or piece of 10 s): where the re
    """
    require(table, ("run", "time", "offset", "trusted", "agrees"), "offsets")
    runs = order_of(table["run"], None)
    colour = colours(runs)
    handles, labels = [], []
    with style():
        figure, axes = new_figure(0.7 * DOUBLE, 2.6)
        zero_line(axes, "y")
        for run in runs:
            own = table[table["run"] == run]
            for trusted, face in ((False, "white"), (True, colour[run])):
                some = own[own["trusted"] == trusted]
                dots = axes.scatter(
                    some["time"] / 60, some["offset"], s=12, facecolor=face, edgecolor=colour[run], linewidth=0.7, zorder=2,
                    gid=f"{'trusted' if trusted else 'doubtful'} {run}",
                )  # fmt: skip
            handles.append(dots)
            labels.append(run)
        margin = max(0.1, 0.1 * float(table["offset"].abs().max()))
        axes.set_ylim(min(-margin, table["offset"].min() - margin), max(margin, table["offset"].max() + margin))
        axes.set_xlabel("time in the recording (min)")
        axes.set_ylabel(f"{source} later than event (s)")
        legend_above(figure, handles, labels)
    agreeing = table[table["agrees"]]["offset"]
    median = f", median {number(float(agreeing.median()))} s" if len(agreeing) else ""
    return figure, (
        f"Offset of each presentation (or piece of 10 s): where the recorded {source} fits the stimulus best, less where the event says "
        f"that it was played. Filled: no other lag within 3 s fits nearly as well; open: doubtful. Agreement is with the offset of "
        f"the whole recording, to 50 ms: {len(agreeing)} of {len(table)} agree{median}."
    )
