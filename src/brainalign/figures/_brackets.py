"""Brackets over bars: which tests become one, at which height, with which text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.figures.style import INK, MUTED, SMALL
from brainalign.figures.text import p_text, stars
from brainalign.journals import text_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVEL = 0.19
"""Height of one level of brackets in inches."""
HOPELESS = "cannot be reached"
"""Stands in the reason of a test that so few participants cannot make significant: a bracket "n.s." would claim more than that."""


@dataclass(frozen=True)
class Bracket:
    """One test as it is drawn.

    Attributes:
        region: Where.
        a: One label.
        b: The other.
        p: Corrected p-value.
        level: 0 for the lowest bracket of the region.
    """

    region: str
    a: str
    b: str
    p: float
    level: int


def find_brackets(
    tests: pd.DataFrame | None, labels: Sequence[str], regions: Sequence[str], score: str
) -> tuple[list[Bracket], list[str]]:
    """The primary tests of this score between shown labels and regions that gave a p-value; short spans lowest.

    Returns:
        A bracket a test that could have been significant; and of each other, why it could not.
    """
    if tests is None or tests.empty:
        return [], []
    place = {label: i for i, label in enumerate(labels)}
    shown = _primary(tests, score)
    shown = shown[shown["a"].isin(labels) & shown["b"].isin(labels) & shown["p_corrected"].notna()]
    hopeless = shown["reason"].str.contains(HOPELESS) & shown["region"].isin(regions)
    limits, shown = list(shown.loc[hopeless, "reason"]), shown[~hopeless]
    found = []
    for region in regions:
        here = shown[shown["region"] == region]
        own = [(str(a), str(b), float(p)) for a, b, p in zip(here["a"], here["b"], here["p_corrected"], strict=True)]
        own.sort(key=lambda t: (abs(place[t[0]] - place[t[1]]), min(place[t[0]], place[t[1]])))
        found += [Bracket(region, a, b, p, level) for level, (a, b, p) in enumerate(own)]
    return found, limits


def draw_brackets(
    axes: Axes,
    brackets: Sequence[Bracket],
    tops: Mapping[str, float],
    place: Mapping[str, float],
    *,
    inches: float,
    exact: bool,
) -> None:
    """Draw them above the highest dot of their region and make room for them.

    Args:
        axes: Regions stand at x = 0, 1, ..; all data are drawn.
        brackets: From :func:`find_brackets`.
        tops: Region -> highest thing drawn there.
        place: Label -> offset of its bar from the region's place.
        inches: Height of the axes as long as no bracket is drawn.
        exact: Whether there is room for p-values as text; else stars.
    """
    low, high = axes.get_ylim()
    step = (high - low) / inches * LEVEL
    where = {region: i for i, region in enumerate(tops)}
    ceiling = high
    for b in brackets:
        y = tops[b.region] + step * (b.level + 0.4)
        ends = sorted(where[b.region] + place[label] for label in (b.a, b.b))
        foot = y - 0.14 * step
        axes.plot([ends[0], *ends, ends[1]], [foot, y, y, foot], color=INK, linewidth=0.7, clip_on=False)
        text = p_text(b.p) if exact else stars(b.p)
        axes.text(
            float(np.mean(ends)), y + 0.06 * step, text, ha="center", va="bottom", size=text_size(SMALL - 1),
            gid=f"test {b.region} {b.a} - {b.b}",
        )  # fmt: skip
        ceiling = max(ceiling, y + step)
    axes.set_ylim(low, ceiling)


def say_no_brackets(axes: Axes, brackets: Sequence[Bracket], limits: Sequence[str]) -> None:
    """One line over the bars where every test was hopeless."""
    if limits and not brackets:
        axes.annotate(
            "no brackets: too few participants for p < 0.05", (0, 1), (0, 2), xycoords="axes fraction", textcoords="offset points",
            va="bottom", size=text_size(SMALL - 1), color=MUTED, gid="no brackets",
        )  # fmt: skip


def sentence_of_tests(
    brackets: Sequence[Bracket], limits: Sequence[str], tests: pd.DataFrame | None, score: str, *, exact: bool
) -> str:
    """What the caption says of the tests that are drawn (with p-values, or as stars), and of those that are not; often nothing."""
    some = f" No bracket for {len(limits)} of {len(limits) + len(brackets)} tests" if brackets else " No brackets"
    limit = f"{some}: {'; '.join(dict.fromkeys(limits))}." if limits else ""
    if not brackets or tests is None:
        return limit
    first, shown = brackets[0], _primary(tests, score)
    same = (shown["region"] == first.region) & (shown["a"] == first.a) & (shown["b"] == first.b)
    row = shown[same].iloc[0]
    significant = sum(b.p < 0.05 for b in brackets)
    smallest = min(brackets, key=lambda b: b.p)
    key = "" if exact else " (*** p < 0.001, ** p < 0.01, * p < 0.05, n.s. otherwise)"
    return (
        f" Brackets: two-sided {NAMES[row['test']].format(unit=row['unit'])}, {CORRECTED[row['correction']]} the "
        f"{row['family_size']} tests of the family '{row['family']}'{key}; "
        f"{significant} of {len(brackets)} below 0.05, the smallest in {smallest.region} ({smallest.a} − {smallest.b}, "
        f"{p_text(smallest.p)}).{limit}"
    )


NAMES = {
    "paired_t": "paired t-tests over {unit}",
    "sign_flip": "sign-flip tests over {unit}",
    "wilcoxon": "Wilcoxon signed-rank tests over {unit}",
    "mixed": "tests of a mixed model with random slopes by participant",
}
CORRECTED = {
    "bonferroni": "Bonferroni-corrected over",
    "holm": "Holm-corrected over",
    "max": "corrected by the maximum statistic over",
    "fdr": "with the false discovery rate controlled over",
}


def _primary(tests: pd.DataFrame, score: str) -> pd.DataFrame:
    """The tests that figures show."""
    return tests[(tests["score"] == score) & tests["primary"].astype(bool)]
