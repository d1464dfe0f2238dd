"""Scores where the electrodes lie, on nilearn's glass brain: one column a model, one row a hemisphere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from brainalign.counts import count
from brainalign.data.fmri.geometry import VERTEX, VOXEL
from brainalign.errors import BrainalignError
from brainalign.figures._planted import planted_rows
from brainalign.figures._tables import ELECTRODE, left_out, once, require
from brainalign.figures.style import DOUBLE, INK, MUTED, new_figure, order_of, score_label, style
from brainalign.figures.text import number, one_result, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path as Line

    from brainalign.figures.style import Panel

COORDINATES = ("x", "y", "z")
SIDES = {"l": "left", "r": "right"}
"""Lateral view of nilearn -> hemisphere."""

NEGATIVE = "#BBBBBB"
"""Colour of scores below 0."""

MANY = 2000
"""Dots above which a hemisphere's are one image in SVG and PDF, whose text stays text: voxels would make files that no program opens.
They are small and have no edge, which would be all that is seen."""

BAR, WIDEST, ASPECT = 0.9, 2.6, 0.74
"""Inches that the colour bar with its labels takes, and of the widest hemisphere; its height as a share of its width."""


def located(scores: pd.DataFrame) -> NDArray[np.bool_]:
    """(rows,) whether a row of a scores table has all three coordinates; False where the table has no such columns.

    Example:
        >>> located(pd.DataFrame({"x": [50.0, np.nan], "y": -20.0, "z": 8.0})).tolist()
        [True, False]
    """
    if any(column not in scores.columns for column in COORDINATES):
        return np.zeros(len(scores), dtype=bool)
    known: NDArray[np.bool_] = np.isfinite(scores[list(COORDINATES)].to_numpy(dtype=np.float64)).all(axis=1)
    return known


def brain_map(
    scores: pd.DataFrame,
    score: str = "r",
    *,
    by: str = "model",
    order: Sequence[str] | None = None,
    noun: str = "electrode",
    into: Panel | None = None,
) -> tuple[Figure, str]:
    """Each electrode as a dot in the colour of its score, all models in one scale, the hemispheres from the side.

    Args:
        scores: Tidy scores table of one space and one layer rule: subject, electrode, region, x, y, z (mm, MNI), ``by``
            and ``score``. What lies at x < 0 is left.
        score: Column of the score.
        by: Column whose values stand side by side.
        order: Labels from left to right; by default as the table has them.
        noun: What a row of the table is, in the caption.
        into: A panel to draw into, in place of a figure of its own.

    Returns:
        The figure and its caption, which states n by hemisphere, the best, and what could not be shown.

    Raises:
        BrainalignError: A column is missing, there are no rows, an electrode has several rows under a label, or no
            electrode has coordinates (ask :func:`located` before).

    Example:
        >>> import pandas as pd
        >>> rows = [("gpt2", "p1", f"e{k}", "STG", -60.0, 10.0 * k, 0.0, 0.1 * k) for k in range(3)]
        >>> scores = pd.DataFrame(rows, columns=["model", "subject", "electrode", "region", "x", "y", "z", "r"])
        >>> figure, caption = brain_map(scores)
        >>> print(caption[:60])
        Pearson r of 3 electrodes (3 left) on the brain, seen from t
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    require(scores, (*ELECTRODE, "region", by, score), "scores")
    once(scores, (by, *ELECTRODE), "scores")
    known = located(scores)
    if not known.any():
        raise BrainalignError(
            f"no {noun} has x, y and z (mm, MNI) in the channels table, so none can be shown on a brain."
        )
    finite = np.isfinite(scores[score].to_numpy(dtype=np.float64))
    labels = [label for label in order_of(scores[by], order) if (scores[by] == label).any()]
    shown, people = _mean_of_shared(scores[known & finite], by, score)
    truth = planted_rows(shown, by, score)
    columns = [*labels, *dict.fromkeys(truth[by])]
    drawn = pd.concat([shown, truth])
    places = scores[known].drop_duplicates(list(COORDINATES if people else ELECTRODE))
    left = int((places["x"] < 0).sum())
    sides = [side for side, n in (("l", left), ("r", len(places) - left)) if n]
    width = into.width if into is not None else min(DOUBLE, BAR + WIDEST * len(columns))
    one = min(WIDEST, (width - BAR) / len(columns))
    with style():
        cmap = _cmap()
        norm = Normalize(0.0, max(float(drawn[score].max()), 1e-3) if len(drawn) else 1.0)
        figure, grid = new_figure(
            width, 0.45 + ASPECT * one * len(sides), into, nrows=len(sides), ncols=len(columns), squeeze=False
        )
        for column, label in enumerate(columns):
            mine = drawn[drawn[by] == label].sort_values(score, kind="stable")  # the best on top
            for row, side in enumerate(sides):
                own = mine[mine["x"] < 0] if side == "l" else mine[mine["x"] >= 0]
                _hemisphere(grid[row, column], own, score, side, f"{side} {label}", cmap=cmap, norm=norm)
            grid[0, column].set_title(wrap(label, max(8, int(one * 72 / 5.2))))
        for row, side in enumerate(sides):
            grid[row, 0].text(
                -0.02, 0.5, SIDES[side], transform=grid[row, 0].transAxes, rotation=90, ha="right", va="center"
            )
        negative = int((shown[score] < 0).sum())
        bar = figure.colorbar(
            ScalarMappable(norm, cmap),
            ax=grid,
            extend="min" if negative else "neither",
            shrink=0.9,
            aspect=22,
            pad=0.02,
        )
        bar.set_label(wrap(score_label(score), 30))
        bar.outline.set_visible(False)
    hemispheres = " and ".join(f"{n} {SIDES[s]}" for s, n in (("l", left), ("r", len(places) - left)) if n)
    missing = scores[~known].drop_duplicates(list(ELECTRODE))
    caption = (
        f"{score_label(score)} of {count(len(places), noun)} ({hemispheres}){people} on the brain, seen from the side, one colour scale"
        f"{f' (grey: below 0, {negative} of {len(shown)} values)' if negative else ''}."
        f"{' Truth: what the simulation planted.' if len(truth) else ''}"
        f"{one_result([_best(shown[shown[by] == label], label, score) for label in labels])}"
    )
    if len(missing):
        caption += f" {count(len(missing), noun)} without coordinates not shown."
    return figure, caption + left_out(int((known & ~finite).sum()), "value")


def _mean_of_shared(scores: pd.DataFrame, by: str, score: str) -> tuple[pd.DataFrame, str]:
    """A row a place where participants share them as a rule and only the highest dot would be seen; and that in words.

    They share voxels and vertices, of which masks leave each participant others, and other places where most are held by several; two
    electrodes at one place by chance, or by coordinates that were rounded, stay two.
    """
    places = scores.groupby([by, *COORDINATES], sort=False)
    held = places["subject"].nunique()
    images = VERTEX in scores or set(VOXEL) <= set(scores)
    if not len(held) or held.max() == 1 or not (images or held.median() > 1):
        return scores, ""
    columns = [score, *(c for c in (f"{score}_planted",) if c in scores)]
    one = dict.fromkeys(columns, "mean") | dict.fromkeys(("electrode", "region"), "first")
    people = scores["subject"].nunique()
    over = f"mean over {'up to ' if held.min() < people else ''}{count(people, 'participant')}"
    return places.agg(one).reset_index().assign(subject="mean at"), f", {over},"


def _hemisphere(axes: Axes, scores: pd.DataFrame, score: str, side: str, gid: str, **colours: Any) -> None:
    """Draw the outline of one hemisphere from the side and a dot for each row of its scores."""
    from matplotlib.collections import PathCollection

    paths, (low, high, bottom, top) = _outline()
    lines = PathCollection(paths, facecolor="none", edgecolor=MUTED, linewidth=0.5, joinstyle="miter", capstyle="butt")
    axes.add_collection(lines, autolim=False)
    many = len(scores) > MANY
    axes.scatter(
        scores["y"], scores["z"], c=scores[score].to_numpy(dtype=np.float64), s=4 if many else 16, linewidth=0.0 if many else 0.3,
        edgecolor=INK, zorder=3, gid=gid, rasterized=many, **colours,
    )  # fmt: skip
    # the front is on the left where the left hemisphere is looked at
    axes.set(xlim=(high, low) if side == "l" else (low, high), ylim=(bottom, top), aspect="equal")
    axes.axis("off")


@cache
def _outline() -> tuple[list[Line], tuple[float, float, float, float]]:
    """The brain from the side, and its bounds in mm. nilearn adds line by line to an axes, which takes long: it is asked once.

    Its file is loaded without its package, which would import scikit-learn's clusters, tables and browsers for a second or two.
    """
    from importlib.util import find_spec, module_from_spec, spec_from_file_location

    from matplotlib.figure import Figure

    package = find_spec("nilearn")
    assert package is not None and package.submodule_search_locations is not None
    file = Path(package.submodule_search_locations[0]) / "plotting" / "glass_brain.py"
    found = spec_from_file_location("nilearn.plotting.glass_brain", file)
    assert found is not None and found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    axes = Figure().add_subplot()
    bounds = module.plot_brain_schematics(axes, "l")
    to_mm = axes.transData.inverted()
    return [(p.get_transform() + to_mm).transform_path(p.get_path()) for p in axes.patches], bounds


def _cmap() -> Any:
    """Viridis without its fading end, and grey below 0."""
    import matplotlib
    from matplotlib.colors import ListedColormap

    colours = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.94, 256))
    return ListedColormap(colours).with_extremes(under=NEGATIVE)


def _best(own: pd.DataFrame, label: str, score: str) -> tuple[float, str]:
    """The highest score of one label, and the caption's words for where it is."""
    if own.empty:
        return float("nan"), ""
    best = own.iloc[int(own[score].to_numpy(dtype=np.float64).argmax())]
    value = float(best[score])
    return value, f"{label}, {best['subject']} {best['electrode']} ({best['region']}), {number(value)}"
