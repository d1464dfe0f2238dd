"""Brackets over bars: which tests become one, at which height, with which text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from brainalign.figures.style import INK, SMALL
from brainalign.figures.text import p_text, stars
from brainalign.journals import text_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEVEL = 0.19
"""Height of one level of brackets in inches."""


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
) -> list[Bracket]:
    """The primary tests of this score between shown labels and regions that gave a p-value; short spans lowest."""
    if tests is None or tests.empty:
        return []
    place = {label: i for i, label in enumerate(labels)}
    shown = _primary(tests, score)
    shown = shown[shown["a"].isin(labels) & shown["b"].isin(labels) & shown["p_corrected"].notna()]
    found = []
    for region in regions:
        here = shown[shown["region"] == region]
        own = [(str(a), str(b), float(p)) for a, b, p in zip(here["a"], here["b"], here["p_corrected"], strict=True)]
        own.sort(key=lambda t: (abs(place[t[0]] - place[t[1]]), min(place[t[0]], place[t[1]])))
        found += [Bracket(region, a, b, p, level) for level, (a, b, p) in enumerate(own)]
    return found


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


def sentence_of_tests(brackets: Sequence[Bracket], tests: pd.DataFrame | None, score: str) -> str:
    """What the caption says of the tests; empty where none is drawn."""
    if not brackets or tests is None:
        return ""
    first, shown = brackets[0], _primary(tests, score)
    same = (shown["region"] == first.region) & (shown["a"] == first.a) & (shown["b"] == first.b)
    row = shown[same].iloc[0]
    significant = sum(b.p < 0.05 for b in brackets)
    smallest = min(brackets, key=lambda b: b.p)
    drawn = {(b.region, b.a, b.b) for b in brackets}
    told = [r for *place, r in shown[["region", "a", "b", "reason"]].itertuples(index=False) if tuple(place) in drawn]
    limits = [r for r in told if "cannot be reached" in r]
    limit = "; ".join(dict.fromkeys(limits)) + (
        f" (in {len(limits)} of {len(told)})" if len(limits) < len(told) else ""
    )
    return (
        f" Brackets: two-sided {NAMES[row['test']].format(unit=row['unit'])}, {CORRECTED[row['correction']]} the "
        f"{row['family_size']} tests of the family '{row['family']}' (*** p < 0.001, ** p < 0.01, * p < 0.05, n.s. otherwise); "
        f"{significant} of {len(brackets)} below 0.05, the smallest in {smallest.region} ({smallest.a} − {smallest.b}, "
        f"{p_text(smallest.p)}).{f' {limit[0].upper()}{limit[1:]}.' if limits else ''}"
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
