"""A stretch of one electrode's response, the models' predictions of it, and the words that were heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.counts import count
from brainalign.errors import BrainalignError
from brainalign.figures.style import (
    DOUBLE,
    FONT,
    INK,
    MUTED,
    colours,
    inches_wide,
    legend_above,
    new_figure,
    order_of,
    style,
)
from brainalign.figures.text import number, one_result, wrap
from brainalign.journals import text_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from brainalign.figures.style import Panel

WORD_SIZE, WORD_SLOT, ENOUGH = 6.5, 0.105, 0.75
"""Points of a word's letters; inches that an upright word needs along the time axis; the share of words that
must have room for any to be written."""


def prediction_example(
    times: NDArray[np.float64],
    actual: NDArray[np.float64],
    predictions: Mapping[str, NDArray[np.float64]],
    words: pd.DataFrame,
    title: str,
    *,
    planted: NDArray[np.float64] | None = None,
    order: Sequence[str] | None = None,
    into: Panel | None = None,
) -> tuple[Figure, str]:
    """Actual and predicted response over time, with the words below and each r in the legend.

    Args:
        times: (T,) seconds from the stimulus's start.
        actual: (T,) response, NaN where nothing valid was recorded.
        predictions: Name -> (T,) held-out prediction.
        words: Columns word, onset, offset in seconds from the stimulus's start; may have no rows.
        title: Which electrode and stimulus this is.
        planted: (T,) simulated response without noise, or None.
        order: Names in the order that fixes the colours; by default that of ``predictions``.
        into: A panel to draw into, in place of a figure of its own.

    Returns:
        The figure and its caption, which states the highest r over the frames shown.

    Raises:
        BrainalignError: An array has another length than ``times``, or there is no time at all.

    Example:
        >>> import numpy as np
        >>> import pandas as pd
        >>> times = np.arange(50) / 50
        >>> words = pd.DataFrame({"word": ["so"], "onset": [0.1], "offset": [0.3]})
        >>> figure, caption = prediction_example(times, np.sin(9 * times), {"gpt2": np.sin(9 * times + 0.3)}, words, "p1 e1")
        >>> print(caption[:60])
        Actual response and held-out prediction, p1 e1 (legend: Pear
    """
    if len(times) == 0:
        raise BrainalignError(f"the example {title!r} has no frames; at least 1 is needed to draw it.")
    given = {"actual": actual, **predictions} | ({} if planted is None else {"planted": planted})
    for name, values in given.items():
        if len(values) != len(times):
            raise BrainalignError(
                f"the example {title!r}: {name} has {len(values)} frames but times has {len(times)}; they must agree."
            )
    names = order_of(predictions, order)
    colour = colours(names)
    heard = words[(words["offset"] > times[0]) & (words["onset"] < times[-1])]
    handles, labels, found = [], [], list[tuple[float, str]]()
    with style():
        figure, axes = new_figure(DOUBLE, 2.6, into)
        (line,) = axes.plot(times, actual, color=INK, linewidth=1.1, gid="actual")
        handles.append(line)
        labels.append("actual")
        if planted is not None:
            (line,) = axes.plot(times, planted, color=INK, linewidth=1.1, linestyle=(0, (4, 2)), gid="planted")
            handles.append(line)
            labels.append(f"planted, without noise, r = {number(correlation(actual, planted))}")
        for name in names:
            if name in predictions:
                r = correlation(actual, predictions[name])
                (line,) = axes.plot(times, predictions[name], color=colour[name], gid=f"prediction {name}")
                handles.append(line)
                labels.append(f"{name}, r = {number(r)}")
                found.append((r, f"{name}, r = {number(r)}"))
        axes.set_xlim(float(times[0]), float(times[-1]) if len(times) > 1 else float(times[0]) + 1)
        axes.set_ylabel("response (a.u.)")
        axes.set_title(wrap(title, int((inches_wide(figure) - 0.7) * 72 / (0.56 * text_size(FONT + 1)))), loc="left")
        hidden = write_words(axes, heard)
        axes.set_xlabel("time from stimulus onset (s)")
        legend_above(figure, handles, labels)
    caption = (
        f"Actual response and held-out prediction, {title} (legend: Pearson r over "
        f"the {count(int(np.isfinite(actual).sum()), 'frame')} shown).{one_result(found) if found else ''}"
        f"{'' if planted is None else ' Dashed: the planted response, without noise.'}"
    )
    return figure, caption + (f" {count(hidden, 'word')} not written for want of room." if hidden else "")


def correlation(actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """Pearson r over the frames that both have: 0 for a constant prediction, NaN for a constant response."""
    both = np.isfinite(actual) & np.isfinite(predicted)
    x, y = actual[both], predicted[both]
    if len(x) < 2 or np.ptp(x) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1]) if np.ptp(y) > 0 else 0.0


def write_words(axes: Axes, words: pd.DataFrame) -> int:
    """Write the words between time axis and tick labels; upright where they do not fit side by side.

    Args:
        axes: With its final time limits.
        words: Columns word, onset, offset.

    Returns:
        How many words are not written for want of room; all of them where too many would be missing.
    """
    if words.empty:
        return 0
    start, end = axes.get_xlim()
    inches = (inches_wide(axes.figure) - 0.7) / (end - start)  # type: ignore[arg-type]
    middle = words[["onset", "offset"]].clip(start, end).mean(axis=1).to_numpy() * inches
    length = words["word"].astype(str).str.len().to_numpy() * WORD_SIZE * 0.62 / 72 + 0.05
    flat = bool((np.diff(middle) >= (length[1:] + length[:-1]) / 2).all())
    letters = int(words["word"].astype(str).str.len().max())
    depth = WORD_SIZE + 4 if flat else letters * WORD_SIZE * 0.62 + 4
    shown: list[int] = []
    for i, at in enumerate(middle):
        if flat or not shown or at - middle[shown[-1]] >= WORD_SLOT:
            shown.append(i)
    if len(shown) < ENOUGH * len(words):
        return len(words)
    for i in shown:
        onset = float(words["onset"].iloc[i])
        if onset >= start:
            axes.axvline(onset, color=MUTED, linewidth=0.4, alpha=0.5, zorder=0)
        axes.annotate(
            str(words["word"].iloc[i]), (middle[i] / inches, 0), xycoords=axes.get_xaxis_transform(),
            xytext=(0, -4), textcoords="offset points", ha="center", va="top", size=WORD_SIZE,
            rotation=0 if flat else 90, gid="word",
        )  # fmt: skip
    axes.tick_params(axis="x", pad=depth)
    return len(words) - len(shown)
